//! Signed-in sessions.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    access::Actor,
    id::{SessionId, UserId},
};

/// How long an access token lives, in seconds.
pub const ACCESS_TOKEN_SECONDS: i64 = 15 * 60;
/// How long a session lives without a refresh, in seconds (30 days).
pub const REFRESH_TOKEN_SECONDS: i64 = 30 * 24 * 60 * 60;
/// How long the refresh token that was used last is answered with the same new pair again, in
/// seconds: two tabs may refresh at once, and an answer may be lost.
pub const REFRESH_GRACE_SECONDS: i64 = 10;
/// How long a session lives at most, however often it is refreshed, in seconds (90 days):
/// anyone who copied a refresh token unnoticed does not keep it for ever.
pub const SESSION_SECONDS: i64 = 90 * 24 * 60 * 60;

/// How long ago a user may have proved their identity, at most, when they do what is
/// sensitive, in seconds.
pub const CONFIRMATION_SECONDS: i64 = 15 * 60;
/// How exactly a session knows when it was last used, in seconds.
pub const LAST_SEEN_SECONDS: i64 = 60;

/// What the session store keeps: who is asking, worked out once, and at which
/// version of the tenancy, so that a request needs no database to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The family of refresh tokens.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// Who is asking, with their organizations.
    pub actor: Actor,
    /// The version of users and organizations at which `actor` was worked out.
    pub tenancy_version: i64,
    /// From where it was started.
    pub ip: Option<std::net::IpAddr>,
    /// By which program.
    pub user_agent: Option<String>,
    /// When it was started.
    #[serde(with = "time::serde::timestamp")]
    pub created_at: Timestamp,
    /// When it was last used, to within [`LAST_SEEN_SECONDS`].
    #[serde(with = "time::serde::timestamp")]
    pub last_seen_at: Timestamp,
    /// When its user last proved their identity: at login, or since by a step-up.
    #[serde(with = "time::serde::timestamp")]
    pub confirmed_at: Timestamp,
    /// Whether they did so with a second factor, too.
    pub second_factor: bool,
}
