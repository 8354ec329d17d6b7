//! DTOs of audit events.

use accunode_domain::audit::AuditRecord;
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::enums::AuditActionName;

/// Something that a user did or saw.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub(crate) struct AuditEventDto {
    id: Uuid,
    #[schema(example = "prediction.created")]
    event_type: String,
    #[schema(example = "annual_prediction")]
    entity_type: String,
    entity_id: Option<Uuid>,
    /// By whom; null where no one was signed in.
    user_id: Option<Uuid>,
    /// Their address then, or the one tried.
    actor_email: Option<String>,
    organization_id: Option<Uuid>,
    /// Its name then.
    organization_name: Option<String>,
    #[schema(value_type = AuditActionName)]
    action: &'static str,
    /// The values before the change.
    old_values: Option<Value>,
    /// The values after the change.
    new_values: Option<Value>,
    metadata: Value,
    ip_address: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl AuditEventDto {
    /// The columns of an export.
    pub(crate) const COLUMNS: &[&str] = &[
        "id",
        "created_at",
        "action",
        "event_type",
        "entity_type",
        "entity_id",
        "user_id",
        "actor_email",
        "organization_id",
        "organization_name",
        "ip_address",
        "user_agent",
        "request_id",
        "old_values",
        "new_values",
        "metadata",
    ];
}

impl From<AuditRecord> for AuditEventDto {
    fn from(record: AuditRecord) -> Self {
        Self {
            id: record.id,
            event_type: record.event_type,
            entity_type: record.entity_type,
            entity_id: record.entity_id,
            user_id: record.user.map(|id| id.0),
            actor_email: record.actor_email,
            organization_id: record.organization.map(|id| id.0),
            organization_name: record.organization_name,
            action: record.action.as_str(),
            old_values: record.old_values,
            new_values: record.new_values,
            metadata: record.metadata,
            ip_address: record.ip.map(|ip| ip.to_string()),
            user_agent: record.user_agent,
            request_id: record.request_id,
            created_at: record.created_at,
        }
    }
}
