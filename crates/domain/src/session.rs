//! Sessions of signed-in users.

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
/// How long the refresh token that was used last still returns the same new pair, in seconds:
/// two tabs may refresh at once, and a response may be lost.
pub const REFRESH_GRACE_SECONDS: i64 = 10;
/// The longest life of a session, however often it is refreshed, in seconds (90 days): a
/// copied refresh token that went unnoticed does not work for ever.
pub const SESSION_SECONDS: i64 = 90 * 24 * 60 * 60;

/// The largest age of the last proof of identity for sensitive operations, in seconds.
pub const CONFIRMATION_SECONDS: i64 = 15 * 60;
/// The resolution of the time of a session's last use, in seconds.
pub const LAST_SEEN_SECONDS: i64 = 60;

/// An entry of the session store: the actor, computed once, and the tenancy version at which
/// it was computed, so that a request can verify it without reading the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The family of refresh tokens.
    pub id: SessionId,
    /// The user.
    pub user: UserId,
    /// The actor with their organizations.
    pub actor: Actor,
    /// The tenancy version at which `actor` was computed.
    pub tenancy_version: i64,
    /// The address from which the session was started.
    pub ip: Option<std::net::IpAddr>,
    /// The user agent that started it.
    pub user_agent: Option<String>,
    /// When it was started.
    #[serde(with = "time::serde::timestamp")]
    pub created_at: Timestamp,
    /// When the session was last used, to within [`LAST_SEEN_SECONDS`].
    #[serde(with = "time::serde::timestamp")]
    pub last_seen_at: Timestamp,
    /// When the user last proved their identity, at login or by a step-up.
    #[serde(with = "time::serde::timestamp")]
    pub confirmed_at: Timestamp,
    /// Whether that proof included a second factor.
    pub second_factor: bool,
}
