//! DTOs of the caller's own account.

use crate::http::body::RequestBody;
use crate::v1::auth::dto::profile_faults;
use accunode_application::users::UpdateUser;
use accunode_domain::fault::Fault;
use accunode_domain::{id::SessionId, session::Session};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::v1::companies::dto::given;

/// The changes; fields that are not named keep their values, null empties a field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileChanges {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "Ada", max_length = 100)]
    first_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "Lovelace", max_length = 100)]
    last_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "+44 20 7946 0000", max_length = 20)]
    phone: Option<Option<String>>,
}

impl RequestBody for ProfileChanges {
    fn check_parts(body: &Value) -> Vec<Fault> {
        profile_faults(body)
    }
}

impl ProfileChanges {
    /// The command for the version that was read.
    pub(crate) fn command(self, if_match: Option<i64>) -> UpdateUser {
        UpdateUser {
            first_name: self.first_name,
            last_name: self.last_name,
            phone: self.phone,
            if_match,
            ..UpdateUser::default()
        }
    }
}

/// A new password in place of the present one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    #[schema(example = "correct horse battery", format = Password, max_length = 128)]
    pub(crate) current_password: String,
    /// 10 to 128 characters, and not easily guessed.
    #[schema(example = "four unrelated words here", format = Password, max_length = 128)]
    pub(crate) new_password: String,
}

impl RequestBody for PasswordChange {}

impl std::fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordChange").finish_non_exhaustive()
    }
}

/// Somewhere where one is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionDto {
    id: Uuid,
    /// From where it was started.
    #[schema(value_type = Option<String>, example = "192.0.2.7")]
    ip_address: Option<std::net::IpAddr>,
    /// The program, as named in its request.
    user_agent: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// To the minute.
    #[serde(with = "time::serde::rfc3339")]
    last_seen_at: OffsetDateTime,
    /// Whether it is the one that asks.
    current: bool,
}

impl SessionDto {
    /// A session, as seen from another one.
    pub(crate) fn of(session: Session, current: Option<SessionId>) -> Self {
        Self {
            id: session.id.0,
            ip_address: session.ip,
            user_agent: session.user_agent,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            current: current == Some(session.id),
        }
    }
}
