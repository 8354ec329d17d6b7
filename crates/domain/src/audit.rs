//! Events of the audit log: who did or saw what, when, and from which address.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{EnumCount, IntoStaticStr, VariantArray};
use uuid::Uuid;

use crate::{
    fault::text_enum,
    id::{OrganizationId, UserId},
};

/// The kind of action.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names say it")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", const_into_str)]
pub enum AuditAction {
    Create,
    Update,
    Delete,
    Login,
    Logout,
    FailedLogin,
    Read,
    Export,
    Denied,
}

text_enum!(AuditAction);

/// The origin of a request, stored in every audit row that it causes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestContext {
    /// The client's address, as far as the proxies are trusted.
    pub ip: Option<std::net::IpAddr>,
    /// The user agent that the client reports.
    pub user_agent: Option<String>,
    /// The request's id, which the response and the log also contain.
    pub request_id: String,
}

/// One action to be written to the audit log, in the unit of work of the change.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    /// What happened, in terms of the business: `prediction.created`.
    pub event_type: &'static str,
    /// The kind of the affected entity: `annual_prediction`.
    pub entity_type: &'static str,
    /// The id of the affected entity.
    pub entity_id: Option<Uuid>,
    /// The user; `None` if the caller was not signed in.
    pub user: Option<UserId>,
    /// The user's e-mail address at that time, or the one tried.
    pub actor_email: Option<String>,
    /// The organization in which it was done.
    pub organization: Option<OrganizationId>,
    /// Which of the nine actions it is.
    pub action: AuditAction,
    /// The values before the change, without secrets.
    pub old_values: Option<Value>,
    /// The values after the change, without secrets.
    pub new_values: Option<Value>,
    /// Further information, an object.
    pub metadata: Value,
}

impl AuditEvent {
    /// Creates an event without values; set the others with struct update syntax.
    #[must_use]
    pub fn new(event_type: &'static str, entity_type: &'static str, action: AuditAction) -> Self {
        Self {
            event_type,
            entity_type,
            entity_id: None,
            user: None,
            actor_email: None,
            organization: None,
            action,
            old_values: None,
            new_values: None,
            metadata: Value::Object(serde_json::Map::new()),
        }
    }
}

/// An event as stored in the audit log. Names are those at the time of the event, because
/// the log outlives the rows that it refers to.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRecord {
    /// Its id.
    pub id: Uuid,
    /// What happened, in terms of the business: `prediction.created`.
    pub event_type: String,
    /// The kind of the affected entity: `annual_prediction`.
    pub entity_type: String,
    /// The id of the affected entity.
    pub entity_id: Option<Uuid>,
    /// The user; `None` if the caller was not signed in.
    pub user: Option<UserId>,
    /// The user's e-mail address at that time, or the one tried.
    pub actor_email: Option<String>,
    /// The organization in which it was done.
    pub organization: Option<OrganizationId>,
    /// The organization's name at that time.
    pub organization_name: Option<String>,
    /// Which of the nine actions it is.
    pub action: AuditAction,
    /// The values before the change, without secrets.
    pub old_values: Option<Value>,
    /// The values after the change, without secrets.
    pub new_values: Option<Value>,
    /// Further information, an object.
    pub metadata: Value,
    /// The client's address.
    pub ip: Option<std::net::IpAddr>,
    /// The user agent that the client reported.
    pub user_agent: Option<String>,
    /// The id of the request that caused it.
    pub request_id: Option<String>,
    /// When it happened.
    pub created_at: crate::Timestamp,
}
