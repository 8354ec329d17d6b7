//! API keys: created, rotated and revoked by users, never by keys.

mod create;
mod list;
mod revoke;
mod rotate;

use std::sync::Arc;

use accunode_domain::{
    api_key::{ApiKey, SECRET_KIND},
    idempotency::StoredOutcome,
    secret::Secret,
};
use accunode_ports::RepositoryError;
use serde_json::{Value, json};
use uuid::Uuid;

pub use create::NewKey;

use crate::{Error, ErrorCode, Ports};

/// API keys.
#[derive(Clone, Debug)]
pub struct ApiKeys {
    pub(crate) ports: Arc<Ports>,
}

/// A key with its secret, which is not shown again.
#[derive(Clone, Debug)]
pub struct Revealed {
    /// The key.
    pub key: ApiKey,
    /// Its secret.
    pub secret: Secret,
}

impl ApiKeys {
    fn new_secret(&self) -> Secret {
        Secret::from_random(SECRET_KIND, self.ports.randomness.bits())
    }
}

/// What is stored of an outcome that shows a secret: the id of the key.
fn kept(key: &ApiKey) -> Value {
    json!({ "id": key.id })
}

/// The error for a repeated request: it was carried out, and the secret is not stored.
fn already_shown(stored: &StoredOutcome) -> Error {
    Error::Conflict {
        code: ErrorCode::SecretAlreadyShown,
        detail: "this request was carried out, and the secret shown then is kept nowhere; rotate the key for another"
            .to_owned(),
        existing: stored.outcome["id"]
            .as_str()
            .and_then(|id| Uuid::try_parse(id).ok()),
    }
}

/// Maps a key that was revoked while this request read it to not found.
fn ended_meanwhile(error: RepositoryError) -> Error {
    match error {
        RepositoryError::Stale { .. } => Error::not_found("API key"),
        other => other.into(),
    }
}

/// The values of a key for the audit log.
fn values(key: &ApiKey) -> Value {
    json!({
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "organization_id": key.organization,
        "expires_at": key.expires_at.map(|at| at.unix_timestamp()),
    })
}
