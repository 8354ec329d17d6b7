//! API keys: made, rotated and ended by users, never by keys.

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

/// A key with its secret, which no one is shown again.
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

/// What is kept of an outcome that shows a secret: which key it was about.
fn kept(key: &ApiKey) -> Value {
    json!({ "id": key.id })
}

/// What a repeated request is told: it was carried out, and the secret is not kept.
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

/// A key that was ended while this request looked at it is not there any more.
fn ended_meanwhile(error: RepositoryError) -> Error {
    match error {
        RepositoryError::Stale { .. } => Error::not_found("API key"),
        other => other.into(),
    }
}

/// What the audit log is told of a key.
fn values(key: &ApiKey) -> Value {
    json!({
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "organization_id": key.organization,
        "expires_at": key.expires_at.map(|at| at.unix_timestamp()),
    })
}
