//! The audit log: append-only, without foreign keys, so names are copied in.

use accunode_domain::{
    access::{AuditScope, Scope},
    audit::{AuditEvent, AuditRecord, RequestContext},
    id::{OrganizationId, UserId},
    page::{Cursor, Limit, Page, Sort},
};
use accunode_ports::{
    RepositoryError,
    repositories::{AuditFilter, AuditRepository},
};
use async_trait::async_trait;
use sqlx::{Postgres, QueryBuilder, postgres::PgRow};
use uuid::Uuid;

use crate::{
    actor::ActorSettings,
    db::Db,
    keyset::page,
    row::{RowRef, get, key_time, storable, time_key},
};

/// An event's columns, of the alias `e`.
const EVENT: &str = "e.id, e.event_type, e.entity_type, e.entity_id, e.user_id, e.actor_email, \
     e.organization_id, e.organization_name, e.action, e.old_values, e.new_values, e.metadata, \
     host(e.ip_address) AS ip, e.user_agent, e.request_id, e.created_at";

#[async_trait]
impl AuditRepository for Db {
    /// Without RETURNING: nobody signed in may read what he appends.
    async fn record(
        &self,
        context: &RequestContext,
        event: AuditEvent,
    ) -> Result<(), RepositoryError> {
        let user = event.user.map(|id| id.0);
        let organization = event.organization.map(|id| id.0);
        let mut sql = QueryBuilder::new(
            "INSERT INTO audit_logs (event_type, entity_type, entity_id, user_id, actor_email, \
             organization_id, organization_name, action, old_values, new_values, metadata, \
             ip_address, user_agent, request_id) VALUES (",
        );
        sql.push_bind(event.event_type)
            .push(", ")
            .push_bind(event.entity_type)
            .push(", ")
            .push_bind(event.entity_id)
            .push(", ")
            .push_bind(user)
            .push(", coalesce(")
            .push_bind(event.actor_email.as_deref().map(storable))
            .push(", (SELECT u.email FROM users u WHERE u.id = ")
            .push_bind(user)
            .push(")), ")
            .push_bind(organization)
            .push(", (SELECT o.name FROM organizations o WHERE o.id = ")
            .push_bind(organization)
            .push("), ")
            .push_bind(event.action.as_str())
            .push(", ")
            .push_bind(event.old_values)
            .push(", ")
            .push_bind(event.new_values)
            .push(", ")
            .push_bind(event.metadata)
            .push(", ")
            .push_bind(context.ip.map(|ip| ip.to_string()))
            .push("::text::inet, ")
            .push_bind(context.user_agent.as_deref().map(storable))
            .push(", ")
            .push_bind(storable(&context.request_id))
            .push(")");
        self.run(sql).await.map(|_| ())
    }

    /// Refusals of the same person are appended one after the other; without that two
    /// at once would both find none before them.
    async fn record_denial(
        &self,
        context: &RequestContext,
        event: AuditEvent,
        apart: std::time::Duration,
    ) -> Result<(), RepositoryError> {
        let user = event.user.map(|id| id.0);
        let mut turn = QueryBuilder::new("SELECT pg_advisory_xact_lock(hashtextextended(");
        turn.push_bind(user.map(|id| id.to_string()))
            .push(", 0)) WHERE ")
            .push_bind(user)
            .push(" IS NOT NULL");
        self.run(turn).await?;
        let mut told = QueryBuilder::new("SELECT e.id FROM audit_logs e WHERE e.user_id = ");
        told.push_bind(user)
            .push(" AND e.action = 'DENIED' AND e.metadata->>'request' = ")
            .push_bind(event.metadata["request"].as_str().map(str::to_owned))
            .push(" AND e.created_at > CURRENT_TIMESTAMP - make_interval(secs => ")
            .push_bind(apart.as_secs_f64())
            .push(") LIMIT 1");
        if self.one(told).await?.is_some() {
            return Ok(());
        }
        self.record(context, event).await
    }

    async fn list(
        &self,
        scope: &Scope,
        events: &AuditScope,
        filter: &AuditFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<AuditRecord>, RepositoryError> {
        let after = after
            .as_ref()
            .map(|cursor| key_time(cursor).map(|at| (at, cursor.id)))
            .transpose()?;
        let more = i64::from(limit.get()) + 1;
        let narrow = |sql: &mut QueryBuilder<Postgres>| {
            push_filter(sql, filter);
            if let Some((at, id)) = after {
                sql.push(" AND (e.created_at, e.id) < (")
                    .push_bind(at)
                    .push(", ")
                    .push_bind(id)
                    .push(")");
            }
            sql.push(" ORDER BY e.created_at DESC, e.id DESC LIMIT ")
                .push_bind(more);
        };
        let mut sql = statement(&self.actor(scope), events);
        sql.push("SELECT x.* FROM a CROSS JOIN LATERAL (");
        if events.everything() {
            sql.push(format_args!(
                "SELECT {EVENT} FROM audit_logs e WHERE a.actor IS NOT NULL"
            ));
            narrow(&mut sql);
        } else {
            // One scan of each index, and what both find counts once.
            sql.push(format_args!(
                "SELECT {EVENT} FROM (SELECT m.id, m.created_at FROM (\
                 (SELECT e.id, e.created_at FROM audit_logs e WHERE e.user_id = a.own"
            ));
            narrow(&mut sql);
            sql.push(
                ") UNION (SELECT k.id, k.created_at FROM unnest(a.organizations) o (key) \
                 CROSS JOIN LATERAL (SELECT e.id, e.created_at FROM audit_logs e WHERE e.organization_id = o.key",
            );
            narrow(&mut sql);
            sql.push(") k)) m ORDER BY m.created_at DESC, m.id DESC LIMIT ")
                .push_bind(more)
                .push(") n JOIN audit_logs e ON e.id = n.id AND e.created_at = n.created_at");
        }
        sql.push(") x ORDER BY x.created_at DESC, x.id DESC");
        let rows = self.all(sql).await?;
        let records = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(page(records, limit, |last| Cursor {
            sort: Sort::CreatedAt,
            key: time_key(last.created_at),
            id: last.id,
        }))
    }

    async fn find(
        &self,
        scope: &Scope,
        events: &AuditScope,
        id: Uuid,
    ) -> Result<Option<AuditRecord>, RepositoryError> {
        let mut sql = statement(&self.actor(scope), events);
        sql.push(format_args!(
            "SELECT x.* FROM a CROSS JOIN LATERAL (SELECT {EVENT} FROM audit_logs e WHERE e.id = "
        ))
        .push_bind(id);
        if events.everything() {
            sql.push(" AND a.actor IS NOT NULL");
        } else {
            sql.push(" AND (e.user_id = a.own OR e.organization_id = ANY (a.organizations))");
        }
        sql.push(" LIMIT 1) x");
        self.one(sql).await?.as_ref().map(read).transpose()
    }
}

/// `WITH a (actor, own, organizations)`: sets the reader, and names whose events he asks for.
fn statement(actor: &ActorSettings, events: &AuditScope) -> QueryBuilder<Postgres> {
    let organizations: Vec<_> = events.organizations().iter().map(|id| id.0).collect();
    let mut sql = QueryBuilder::new("WITH a AS MATERIALIZED (SELECT ");
    actor.push_audit(&mut sql);
    sql.push(", ")
        .push_bind(events.own().map(|id| id.0))
        .push("::uuid AS own, ")
        .push_bind(organizations)
        .push("::uuid[] AS organizations) ");
    sql
}

/// Only what is asked for is in the statement, so that the planner sees a plain one.
fn push_filter(sql: &mut QueryBuilder<Postgres>, filter: &AuditFilter) {
    if let Some(user) = filter.user {
        sql.push(" AND e.user_id = ").push_bind(user.0);
    }
    if let Some(action) = filter.action {
        sql.push(" AND e.action = ").push_bind(action.as_str());
    }
    if let Some(event_type) = &filter.event_type {
        sql.push(" AND e.event_type = ")
            .push_bind(event_type.clone());
    }
    if let Some(entity_type) = &filter.entity_type {
        sql.push(" AND e.entity_type = ")
            .push_bind(entity_type.clone());
    }
    if let Some(entity) = filter.entity_id {
        sql.push(" AND e.entity_id = ").push_bind(entity);
    }
    if let Some(ip) = filter.ip {
        sql.push(" AND e.ip_address = ")
            .push_bind(ip.to_string())
            .push("::text::inet");
    }
    if let Some(request) = &filter.request_id {
        sql.push(" AND e.request_id = ").push_bind(request.clone());
    }
    if let Some(from) = filter.from {
        sql.push(" AND e.created_at >= ").push_bind(from);
    }
    if let Some(to) = filter.to {
        sql.push(" AND e.created_at <= ").push_bind(to);
    }
}

fn read(row: &PgRow) -> Result<AuditRecord, RepositoryError> {
    let id = get(row, "id")?;
    let place = RowRef {
        table: "audit_logs",
        id,
    };
    let ip = get::<Option<&str>>(row, "ip")?
        .map(|text| text.parse().map_err(|_| place.corrupt("ip_address")))
        .transpose()?;
    Ok(AuditRecord {
        id,
        event_type: get(row, "event_type")?,
        entity_type: get(row, "entity_type")?,
        entity_id: get(row, "entity_id")?,
        user: get::<Option<Uuid>>(row, "user_id")?.map(UserId),
        actor_email: get(row, "actor_email")?,
        organization: get::<Option<Uuid>>(row, "organization_id")?.map(OrganizationId),
        organization_name: get(row, "organization_name")?,
        action: place.named(row, "action")?,
        old_values: get(row, "old_values")?,
        new_values: get(row, "new_values")?,
        metadata: get(row, "metadata")?,
        ip,
        user_agent: get(row, "user_agent")?,
        request_id: get(row, "request_id")?,
        created_at: get(row, "created_at")?,
    })
}
