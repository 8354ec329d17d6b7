//! The key that decrypts second factors: checked before anything is restored, and restored.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};

use super::Restore;
use crate::backup::manifest::{KeyLocation, SECRET_KEY, fingerprints};
use crate::backup::{Manifest, Reader};
use crate::config::{Config, SecretKeys};

/// What must be done about the key.
pub(super) enum Key {
    /// The key is where it should be, or there is none.
    Settled,
    /// The key is in the backup and must be restored.
    Put,
}

impl Key {
    /// Checks that the encrypted secrets of the backup can be decrypted afterwards.
    pub(super) fn prepare(
        config: &Config,
        options: &Restore,
        manifest: &Manifest,
    ) -> anyhow::Result<Self> {
        let needed = &manifest.secret_key;
        if needed.place == KeyLocation::Nowhere {
            return Ok(Self::Settled);
        }
        let path = path(config);
        let there = match &config.secret_key {
            Some(keys) => Some(("the setting secret_key".to_owned(), keys.clone())),
            None => stored(&path)?.map(|keys| (path.display().to_string(), keys)),
        };
        if let Some((name, keys)) = there {
            let there = fingerprints(&keys);
            let opens = needed.fingerprints.iter().all(|key| there.contains(key));
            ensure!(
                opens || options.without_secret_key,
                "{name} is not the key of this backup, so its second factors could not be opened: give the key of \
                 the backup (secret_key=NEW,OLD opens with both), or go on with --without-secret-key"
            );
            return Ok(Self::Settled);
        }
        match needed.place {
            KeyLocation::Backup => Ok(Self::Put),
            _ if options.without_secret_key => Ok(Self::Settled),
            _ => bail!(
                "the backup does not hold the key that opens second factors: put it into {} or into the setting \
                 secret_key first, or go on with --without-secret-key",
                path.display()
            ),
        }
    }

    /// Writes the key into the data folder, readable for this user only.
    pub(super) async fn put(&self, config: &Config, reader: &Reader) -> anyhow::Result<()> {
        let Self::Put = self else { return Ok(()) };
        let text = reader.small_part(SECRET_KEY).await?;
        let path = path(config);
        fs::create_dir_all(&config.data_dir)
            .and_then(|()| {
                let mut file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&path)?;
                file.write_all(&text)?;
                file.sync_all()
            })
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

fn path(config: &Config) -> PathBuf {
    config.data_dir.join(SECRET_KEY)
}

fn stored(path: &std::path::Path) -> anyhow::Result<Option<SecretKeys>> {
    match fs::read_to_string(path) {
        Ok(text) => SecretKeys::parse(text.trim())
            .map(Some)
            .with_context(|| format!("{} must hold 64 hexadecimal digits", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}
