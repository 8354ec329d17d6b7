//! What an auditor is shown: who did or saw what, when, from where.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{EnumCount, IntoStaticStr, VariantArray};
use uuid::Uuid;

use crate::{
    fault::text_enum,
    id::{OrganizationId, UserId},
};

/// What was done.
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

/// Where a request came from; goes into every audit row that it causes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestContext {
    /// The address, believed only as far as the proxies are.
    pub ip: Option<std::net::IpAddr>,
    /// The program, as it says.
    pub user_agent: Option<String>,
    /// The id that also stands in the answer and in the log.
    pub request_id: String,
}

/// One thing that was done or seen. Written in the unit of work of the change.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    /// What happened, in the words of the business: `prediction.created`.
    pub event_type: &'static str,
    /// To what kind of thing: `annual_prediction`.
    pub entity_type: &'static str,
    /// To which one.
    pub entity_id: Option<Uuid>,
    /// By whom; `None` where no one was signed in.
    pub user: Option<UserId>,
    /// Their e-mail address then, or the one tried.
    pub actor_email: Option<String>,
    /// In which organization.
    pub organization: Option<OrganizationId>,
    /// Which of the nine actions it is.
    pub action: AuditAction,
    /// What was there before, without secrets.
    pub old_values: Option<Value>,
    /// What is there now, without secrets.
    pub new_values: Option<Value>,
    /// Anything else worth knowing, an object.
    pub metadata: Value,
}

impl AuditEvent {
    /// An event without values; set what there is with struct update syntax.
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

/// An event as it stands in the log. Names are those of then: the log outlives those
/// it speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRecord {
    /// Its id.
    pub id: Uuid,
    /// What happened, in the words of the business: `prediction.created`.
    pub event_type: String,
    /// To what kind of thing: `annual_prediction`.
    pub entity_type: String,
    /// To which one.
    pub entity_id: Option<Uuid>,
    /// By whom; `None` where no one was signed in.
    pub user: Option<UserId>,
    /// Their e-mail address then, or the one tried.
    pub actor_email: Option<String>,
    /// In which organization.
    pub organization: Option<OrganizationId>,
    /// Its name then.
    pub organization_name: Option<String>,
    /// Which of the nine actions it is.
    pub action: AuditAction,
    /// What was there before, without secrets.
    pub old_values: Option<Value>,
    /// What was there afterwards, without secrets.
    pub new_values: Option<Value>,
    /// Anything else worth knowing, an object.
    pub metadata: Value,
    /// From which address.
    pub ip: Option<std::net::IpAddr>,
    /// By which program, as it said.
    pub user_agent: Option<String>,
    /// The request that caused it.
    pub request_id: Option<String>,
    /// When.
    pub created_at: crate::Timestamp,
}
