//! The audit log: append-only, without foreign keys, so names are copied in.

use accunode_domain::audit::{AuditEvent, RequestContext};
use accunode_ports::{RepositoryError, repositories::AuditRepository};
use async_trait::async_trait;
use sqlx::QueryBuilder;

use crate::{db::Db, row::storable};

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
}
