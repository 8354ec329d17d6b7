//! The content of a backup.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::inventory::Inventory;
use crate::config::SecretKeys;

/// The version of the backup format that this program writes, and the only one that it
/// reads.
pub const FORMAT: u32 = 1;

/// The manifest's key.
pub const MANIFEST: &str = "manifest.json";
/// The key of the manifest's hash, in the format of `sha256sum --check`.
pub const MANIFEST_HASH: &str = "manifest.json.sha256";
/// The database, as `pg_dump` writes it.
pub const DATABASE: &str = "database.dump";
/// The data folder of a physical backup, as `pg_basebackup` writes it.
pub const CLUSTER: &str = "cluster.tar";
/// The prefix of the keys of uploaded files; their keys in the store follow.
pub const FILES: &str = "files/";
/// The key that encrypts secrets in the database.
pub const SECRET_KEY: &str = "secret.key";

/// The content of a backup: everything except the files beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// How the database was copied.
    pub kind: Kind,
    /// The version of the program that made it.
    pub accunode: String,
    /// The time of the snapshot of the database and the list of files, in UTC (RFC 3339).
    pub taken_at: String,
    /// The version of PostgreSQL, such as `15.18`.
    pub postgres: String,
    /// Its major version.
    pub postgres_major: u32,
    /// The applied migrations of the database.
    pub migrations: Vec<String>,
    /// The rows and a checksum of each table of the database, and every object.
    pub inventory: Inventory,
    /// Every object of the backup except the manifest, by its key.
    pub parts: BTreeMap<String, Part>,
    /// The key that encrypts secrets.
    pub secret_key: SecretKey,
    /// Faults that existed already when the backup was made, as sentences.
    pub faults: Vec<String>,
}

/// How the database was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// With `pg_dump`: any newer PostgreSQL can read it.
    Logical,
    /// With `pg_basebackup`: the log can be replayed on it.
    Physical,
}

/// One object of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

impl From<accunode_files::Written> for Part {
    fn from(written: accunode_files::Written) -> Self {
        Self {
            size: written.size,
            sha256: written.sha256,
        }
    }
}

/// The location of the key that encrypts secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretKey {
    /// Where it was when the backup was made.
    pub place: KeyLocation,
    /// Fingerprints of the keys that decrypt the secrets; a key cannot be derived from one.
    pub fingerprints: Vec<String>,
}

/// The location of the key when the backup was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyLocation {
    /// In this backup.
    Backup,
    /// In the data folder, and left out of the backup on request.
    DataFolder,
    /// In the setting `secret_key`, which no backup contains.
    Setting,
    /// There is no key, because no secret was encrypted yet.
    Nowhere,
}

/// Returns values that distinguish keys without revealing them.
#[must_use]
pub fn fingerprints(keys: &SecretKeys) -> Vec<String> {
    keys.expose()
        .iter()
        .map(|key| {
            let mut hash = Sha256::new();
            hash.update(b"AccuNode sealing key fingerprint");
            hash.update(key);
            hex::encode(&hash.finalize()[..16])
        })
        .collect()
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// If it is invalid, with the reason.
    pub fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Form {
            format: u32,
        }
        let form: Form = serde_json::from_slice(bytes)?;
        anyhow::ensure!(
            form.format == FORMAT,
            "it is of form {}, and this program reads form {FORMAT}: use the program that made it, or a newer one",
            form.format
        );
        Ok(serde_json::from_slice(bytes)?)
    }

    /// Returns the uploaded files: their keys in the store, with size and hash.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Part)> {
        self.parts
            .iter()
            .filter_map(|(key, part)| Some((key.strip_prefix(FILES)?, part)))
    }

    /// Returns the total size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.parts.values().map(|part| part.size).sum()
    }

    /// Returns the number of rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.inventory.tables.values().map(|table| table.rows).sum()
    }
}
