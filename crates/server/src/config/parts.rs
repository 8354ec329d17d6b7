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
    /// without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Where `initdb` and `postgres` are; looked for without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin_dir: Option<PathBuf>,
    /// Where the write-ahead log is kept, so that a physical backup can be brought to any
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
    /// Bytes of memory that each may take.
    pub memory: u64,
    /// Seconds of processor time for one file.
    pub cpu_seconds: u64,
    /// The program that is started; without it the running one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<PathBuf>,
}

/// Requests a minute and principal (a user, or an address where no one is signed in).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the classes")]
pub struct LimitsConfig {
    pub admin: u32,
    pub auth: u32,
    pub read: u32,
    pub score: u32,
    /// API keys that no one is known to have, from one address.
    pub unknown_keys: u32,
    pub upload: u32,
    pub write: u32,
}

/// Expensive requests of one tenant that are worked on at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the kinds of work")]
pub struct AtOnceConfig {
    pub analytics: u32,
    pub batch: u32,
    pub export: u32,
    pub search: u32,
    pub upload: u32,
}

/// What hashing a password (argon2id) costs. A change holds for new passwords, and for
/// old ones from their next login on.
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
    /// Anyone may.
    Open,
    /// Only invited users get an account.
    Closed,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A message for users.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// How an object store that speaks S3 is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct S3Config {
    /// Its URL; without it that of Amazon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Its region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The name of the access key; without it what the machine offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// The access key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_access_key: Option<SecretText>,
    /// The token that belongs to a key for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_token: Option<SecretText>,
}

impl S3Config {
    /// Whether none of it is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The same for the store.
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
