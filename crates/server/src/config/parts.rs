//! The parts of the configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use accunode_files::S3Settings;
use serde::Serialize;

use super::secret::SecretText;

/// The embedded PostgreSQL's part of the configuration.
#[derive(Debug, Clone, Serialize)]
pub struct PostgresConfig {
    /// The account that PostgreSQL runs as when root starts the service; `accunode-postgres`
    /// by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The folder of `initdb` and `postgres`; searched for by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin_dir: Option<PathBuf>,
    /// The archive of the write-ahead log, so that a physical backup can be restored to any
    /// moment after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wal_archive: Option<PathBuf>,
    /// PostgreSQL's own settings by name.
    pub settings: BTreeMap<String, String>,
}

/// The processes that read uploaded files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParserConfig {
    /// How many run at a time: two for the worker's jobs, the others for uploads that arrive.
    pub at_once: usize,
    /// The memory limit of each, in bytes.
    pub memory: u64,
    /// The limit of processor time for one file, in seconds.
    pub cpu_seconds: u64,
    /// The program that is started; the running one by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<PathBuf>,
}

/// Requests a minute and principal (a user, or an address if the caller is not signed in).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the classes")]
pub struct LimitsConfig {
    pub admin: u32,
    pub auth: u32,
    pub read: u32,
    pub score: u32,
    /// Unknown API keys from one address.
    pub unknown_keys: u32,
    pub upload: u32,
    pub write: u32,
}

/// Requests of one tenant that may run at once, by kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the kinds of work")]
pub struct ConcurrencyConfig {
    pub analytics: u32,
    pub batch: u32,
    pub export: u32,
    pub read: u32,
    pub score: u32,
    pub search: u32,
    pub upload: u32,
}

/// The cost of hashing a password (argon2id). A change applies to new passwords, and to old
/// ones from their next login on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct HashingConfig {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

/// Whether users may register themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Anyone may register.
    Open,
    /// Only invited users can get an account.
    Closed,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text for readers.
    Text,
    /// One JSON object a line, for log collectors.
    Json,
}

/// The connection to an object store that speaks S3.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct S3Config {
    /// Its URL; that of Amazon by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Its region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The id of the access key; the credentials of the machine by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// The access key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_access_key: Option<SecretText>,
    /// The token of a temporary key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_token: Option<SecretText>,
}

impl S3Config {
    /// Returns whether no setting is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the settings for the store.
    pub(super) fn settings(&self) -> S3Settings {
        let exposed = |text: &SecretText| text.expose().to_owned();
        S3Settings {
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            access_key_id: self.access_key_id.clone(),
            secret_access_key: self.secret_access_key.as_ref().map(exposed),
            session_token: self.session_token.as_ref().map(exposed),
        }
    }
}
