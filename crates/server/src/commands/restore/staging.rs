//! The private database with a temporary name until it is complete.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use nix::unistd::Uid;

use crate::config::Config;

/// The folder in the data folder in which the database is created.
const FOLDER: &str = "restoring";

/// A data folder within the data folder. It is removed if dropped before
/// [`Staging::commit`].
pub(super) struct Staging {
    config: Config,
    home: PathBuf,
    folder: PathBuf,
    // The system releases it when the process dies.
    _lock: File,
}

impl Staging {
    /// Begins in a data folder that has no database.
    pub(super) fn begin(config: &Config) -> anyhow::Result<Self> {
        let home = config.data_dir.join("postgres");
        ensure!(
            !home.exists(),
            "{} is there already: restore into an empty data folder (--data-dir), or move that one away",
            home.display()
        );
        let failed = || format!("cannot use {}", config.data_dir.display());
        if !config.data_dir.exists() {
            // The same permissions as the server's: PostgreSQL's account must be able to
            // enter root's folder.
            let mode = if Uid::effective().is_root() {
                0o711
            } else {
                0o700
            };
            DirBuilder::new()
                .recursive(true)
                .mode(mode)
                .create(&config.data_dir)
                .with_context(failed)?;
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&config.data_dir, fs::Permissions::from_mode(mode))
                .with_context(failed)?;
        }
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(config.data_dir.join("restore.lock"))
            .with_context(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another restore into {} is under way",
                config.data_dir.display()
            ),
            Err(TryLockError::Error(error)) => return Err(error).with_context(failed),
        }
        let folder = config.data_dir.join(FOLDER);
        // Remove the remains of an interrupted restore.
        remove(&folder)?;
        let mut staged = config.clone();
        staged.data_dir.clone_from(&folder);
        Ok(Self {
            config: staged,
            home,
            folder,
            _lock: lock,
        })
    }

    /// Returns the configuration with this folder as the data folder.
    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    /// Gives the database its final name. Its server must have ended.
    pub(super) fn commit(self) -> anyhow::Result<()> {
        let made = self.folder.join("postgres");
        fs::rename(&made, &self.home).with_context(|| {
            format!(
                "cannot rename {} to {}",
                made.display(),
                self.home.display()
            )
        })?;
        let data_dir = self.home.parent().unwrap_or(&self.home);
        File::open(data_dir)
            .and_then(|folder| folder.sync_all())
            .with_context(|| format!("cannot sync {}", data_dir.display()))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.folder) {
            tracing::warn!(%error, "what was restored so far is left");
        }
    }
}

fn remove(folder: &std::path::Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
