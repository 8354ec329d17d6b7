//! The audit log: append-only and without foreign keys, so names are copied into it.

use accunode_domain::{
    access::AuditScope,
    audit::{AuditAction, AuditEvent, AuditRecord, RequestContext},
    page::{Cursor, Limit, Page, Sort},
};
use accunode_ports::{
    RepositoryError,
    repositories::{AuditFilter, AuditLogRepository, AuditWriter},
};
use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, Order, QueryTrait, Statement,
    prelude::IpNetwork,
    sea_query::{
        Asterisk, CommonTableExpression, Cond, Expr, ExprTrait, Func, InsertStatement, JoinType,
        Query, SelectStatement, UnionType, WithClause,
    },
};
use uuid::Uuid;

use crate::{
    actor::ActorSettings,
    db::{Executor, Tx, build, raw},
    entities::{
        Named, audit_logs,
        audit_logs::{Column, Entity},
        organizations, users,
    },
    errors::{defect, from_orm},
    keyset::page,
    row::{key_time, storable, time_key},
    tenant::{column, of_actor, one_of_names},
};

/// The audit log, by an executor.
#[derive(Debug)]
pub(crate) struct AuditLog<E> {
    db: E,
}

impl<E> AuditLog<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

/// Waits for the turn of the user `$1`, until the transaction ends.
const TAKE_TURN: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";

#[async_trait]
impl AuditWriter for AuditLog<Tx> {
    /// Without RETURNING: the serving role may not read the appended rows without a user.
    #[tracing::instrument(name = "AuditWriter::record", level = "debug", skip_all)]
    async fn record(
        &self,
        context: &RequestContext,
        event: AuditEvent,
    ) -> Result<(), RepositoryError> {
        let insert = insertion(context, event)?;
        self.db.execute_raw(build(insert)).await.map_err(from_orm)?;
        Ok(())
    }

    /// Denials of the same user are appended one after the other; otherwise two concurrent
    /// ones would both find none before them.
    #[tracing::instrument(name = "AuditWriter::record_denial", level = "debug", skip_all)]
    async fn record_denial(
        &self,
        context: &RequestContext,
        event: AuditEvent,
        apart: std::time::Duration,
    ) -> Result<(), RepositoryError> {
        if let Some(user) = event.user {
            let turn = raw(TAKE_TURN, [user.to_string().into()]);
            self.db.execute_raw(turn).await.map_err(from_orm)?;
            let request = event.metadata["request"].as_str();
            let long_ago = Expr::cust_with_values(
                "CURRENT_TIMESTAMP - make_interval(secs => $1)",
                [apart.as_secs_f64()],
            );
            let recent = Query::select()
                .column(Column::Id)
                .from(Entity)
                .and_where(Column::UserId.eq(user.0))
                .and_where(Column::Action.eq(Named::from(AuditAction::Denied)))
                .and_where(Expr::cust("metadata ->> 'request'").eq(request))
                .and_where(column(Column::CreatedAt).gt(long_ago))
                .limit(1)
                .to_owned();
            if self.db.row(build(recent)).await?.is_some() {
                return Ok(());
            }
        }
        self.record(context, event).await
    }
}

/// Returns the row of an event, with the current names.
fn insertion(
    context: &RequestContext,
    event: AuditEvent,
) -> Result<InsertStatement, RepositoryError> {
    let user = event.user.map(|id| id.0);
    let organization = event.organization.map(|id| id.0);
    let email = Query::select()
        .column(users::Column::Email)
        .from(users::Entity)
        .and_where(Expr::col(users::Column::Id).eq(user))
        .to_owned();
    let name = Query::select()
        .column(organizations::Column::Name)
        .from(organizations::Entity)
        .and_where(Expr::col(organizations::Column::Id).eq(organization))
        .to_owned();
    let actor_email = Expr::val(event.actor_email.as_deref().map(storable));
    let row: [(Column, Expr); 14] = [
        (Column::EventType, Expr::val(event.event_type)),
        (Column::EntityType, Expr::val(event.entity_type)),
        (Column::EntityId, Expr::val(event.entity_id)),
        (Column::UserId, Expr::val(user)),
        (
            Column::ActorEmail,
            Func::coalesce([actor_email, subquery(email)]).into(),
        ),
        (Column::OrganizationId, Expr::val(organization)),
        (Column::OrganizationName, subquery(name)),
        (Column::Action, Expr::val(Named::from(event.action))),
        (Column::OldValues, Expr::val(event.old_values)),
        (Column::NewValues, Expr::val(event.new_values)),
        (Column::Metadata, Expr::val(event.metadata)),
        (
            Column::IpAddress,
            Expr::val(context.ip.map(IpNetwork::from)),
        ),
        (
            Column::UserAgent,
            Expr::val(context.user_agent.as_deref().map(storable)),
        ),
        (Column::RequestId, Expr::val(storable(&context.request_id))),
    ];
    let (columns, values): (Vec<_>, Vec<_>) = row.into_iter().unzip();
    let mut insert = Query::insert();
    insert.into_table(Entity).columns(columns);
    insert
        .values(values)
        .map_err(|error| defect(error.to_string()))?;
    Ok(insert)
}

fn subquery(select: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(select.into()))
}

#[async_trait]
impl<E: Executor> AuditLogRepository for AuditLog<E> {
    async fn list(
        &self,
        events: &AuditScope,
        filter: &AuditFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<AuditRecord>, RepositoryError> {
        let more = u64::from(limit.get()) + 1;
        let behind = after.as_ref().map(behind).transpose()?;
        let narrow = |select: &mut SelectStatement| {
            select
                .cond_where(condition(filter))
                .cond_where(Condition::all().add_option(behind.clone()))
                .limit(more);
            newest_first(select, "audit_logs");
        };
        let select = if events.everything() {
            let mut scan = Entity::find().into_query();
            scan.and_where(of_actor("actor").is_not_null());
            narrow(&mut scan);
            scan
        } else {
            of_both_indexes(narrow, more)
        };
        let reader = ActorSettings::of_audit(events);
        let statement = reading(self.db.actor(&reader), events, select);
        let found: Vec<audit_logs::Model> = self.db.models(statement).await?;
        let records = found.into_iter().map(audit_logs::Model::into_record);
        Ok(page(records.collect::<Result<_, _>>()?, limit, |last| {
            Cursor {
                sort: Sort::CreatedAt,
                key: time_key(last.created_at),
                id: last.id,
            }
        }))
    }

    async fn find(
        &self,
        events: &AuditScope,
        id: Uuid,
    ) -> Result<Option<AuditRecord>, RepositoryError> {
        let mut select = Entity::find().into_query();
        select.and_where(Column::Id.eq(id)).limit(1);
        if events.everything() {
            select.and_where(of_actor("actor").is_not_null());
        } else {
            let administered = Func::cust("ANY").arg(of_actor("organizations"));
            select.cond_where(
                Condition::any()
                    .add(column(Column::UserId).eq(of_actor("own")))
                    .add(column(Column::OrganizationId).eq(administered)),
            );
        }
        let reader = ActorSettings::of_audit(events);
        let statement = reading(self.db.actor(&reader), events, select);
        let found: Option<audit_logs::Model> = self.db.model(statement).await?;
        found.map(audit_logs::Model::into_record).transpose()
    }
}

/// One scan of each index; events that both find are counted once.
fn of_both_indexes(narrow: impl Fn(&mut SelectStatement), more: u64) -> SelectStatement {
    let keys = || {
        Query::select()
            .column((Entity, Column::Id))
            .column((Entity, Column::CreatedAt))
            .from(Entity)
            .to_owned()
    };
    let mut own = keys();
    own.and_where(column(Column::UserId).eq(of_actor("own")));
    narrow(&mut own);
    let mut administered = keys();
    administered.and_where(column(Column::OrganizationId).eq(Expr::col(("o", "o"))));
    narrow(&mut administered);
    let administered = Query::select()
        .column(("k", Column::Id))
        .column(("k", Column::CreatedAt))
        .from_function(Func::cust("unnest").arg(of_actor("organizations")), "o")
        .join_lateral(JoinType::InnerJoin, administered, "k", Cond::all())
        .to_owned();
    let own = Query::select()
        .column(("q", Column::Id))
        .column(("q", Column::CreatedAt))
        .from_subquery(own, "q")
        .union(UnionType::Distinct, administered)
        .to_owned();
    let mut found = Query::select();
    found
        .column(("m", Asterisk))
        .from_subquery(own, "m")
        .limit(more);
    newest_first(&mut found, "m");
    let is_found = Cond::all()
        .add(column(Column::Id).equals(("n", Column::Id)))
        .add(column(Column::CreatedAt).equals(("n", Column::CreatedAt)));
    let mut select = Entity::find().into_query();
    select.join_subquery(JoinType::InnerJoin, found, "n", is_found);
    select
}

fn newest_first(select: &mut SelectStatement, of: &'static str) {
    select
        .order_by((of, Column::CreatedAt), Order::Desc)
        .order_by((of, Column::Id), Order::Desc);
}

fn behind(cursor: &Cursor) -> Result<Expr, RepositoryError> {
    let row = Expr::tuple([column(Column::CreatedAt), column(Column::Id)]);
    let last = Expr::tuple([Expr::val(key_time(cursor)?), Expr::val(cursor.id)]);
    Ok(row.lt(last))
}

/// Returns a select of events whose reader is set before: it refers to `a`, which has the
/// columns `actor`, `own` and `organizations`.
fn reading(actor: &ActorSettings, events: &AuditScope, select: SelectStatement) -> Statement {
    let organizations: Vec<_> = events.organizations().iter().map(|id| id.0).collect();
    let mut reader = Query::select();
    reader
        .expr_as(actor.for_audit(), "actor")
        .expr_as(Expr::val(events.own().map(|id| id.0)), "own")
        .expr_as(Expr::val(organizations), "organizations");
    after_actor(reader, select)
}

/// Returns a select that refers to the CTE `a`, made from `reader`, newest first.
pub(super) fn after_actor(reader: SelectStatement, select: SelectStatement) -> Statement {
    let mut cte = CommonTableExpression::new();
    cte.table_name("a").query(reader).materialized(true);
    let mut outer = Query::select();
    outer.column(("x", Asterisk)).from("a").join_lateral(
        JoinType::InnerJoin,
        select,
        "x",
        Cond::all(),
    );
    newest_first(&mut outer, "x");
    build(WithClause::new().cte(cte).to_owned().query(outer))
}

/// Only the given filters are in the statement, so that the planner sees a simple one.
fn condition(filter: &AuditFilter) -> Condition {
    Condition::all()
        .add_option(filter.user.map(|user| Column::UserId.eq(user.0)))
        .add_option(one_of_names(Column::Action, &filter.actions))
        .add_option(
            filter
                .event_type
                .as_ref()
                .map(|name| Column::EventType.eq(name)),
        )
        .add_option(
            filter
                .entity_type
                .as_ref()
                .map(|name| Column::EntityType.eq(name)),
        )
        .add_option(filter.entity_id.map(|id| Column::EntityId.eq(id)))
        .add_option(
            filter
                .ip
                .map(|ip| Column::IpAddress.eq(IpNetwork::from(ip))),
        )
        .add_option(
            filter
                .request_id
                .as_ref()
                .map(|id| Column::RequestId.eq(id)),
        )
        .add_option(filter.from.map(|from| Column::CreatedAt.gte(from)))
        .add_option(filter.to.map(|to| Column::CreatedAt.lte(to)))
}
