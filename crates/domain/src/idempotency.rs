//! Repeated requests: the outcome of the first one is returned again.

use serde_json::Value;

/// How long an outcome is stored, in hours.
pub const KEPT_HOURS: i64 = 24;

/// A request that carries an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotentRequest {
    /// The caller's key, 1 to 255 printable ASCII characters.
    pub key: String,
    /// SHA-256 in hexadecimal over method, path and canonical fields.
    pub fingerprint: String,
}

/// The outcome of the first request with a key, as the use case stored it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredOutcome {
    /// The fingerprint of the first request.
    pub fingerprint: String,
    /// The outcome, in the form that the use case reads again; never `null`.
    pub outcome: Value,
}
