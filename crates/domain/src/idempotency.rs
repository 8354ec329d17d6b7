//! Requests that are sent again: the first answer is given again.

use serde_json::Value;

/// How long an answer is kept, in hours.
pub const KEPT_HOURS: i64 = 24;

/// A request that carries an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotentRequest {
    /// The caller's key, 1 to 255 printable ASCII characters.
    pub key: String,
    /// SHA-256 in hexadecimal over method, path and canonical fields.
    pub fingerprint: String,
}

/// The first answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAnswer {
    /// What the first request was.
    pub fingerprint: String,
    /// The HTTP status answered.
    pub status: u16,
    /// The body answered.
    pub body: Value,
}
