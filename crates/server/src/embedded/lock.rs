//! One process at a time starts or stops the server of a folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

use super::EmbeddedError;

/// Held while a server is looked for, made or started. The system lets go of it when the
/// process dies, so that it cannot be left behind.
#[derive(Debug)]
pub(super) struct StartLock {
    _file: File,
}

impl StartLock {
    pub(super) fn acquire(home: &Path) -> Result<Self, EmbeddedError> {
        let path = home.join("start.lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&path)
            .map_err(EmbeddedError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                tracing::info!(
                    "waiting for another process that is starting the embedded PostgreSQL"
                );
                file.lock().map_err(EmbeddedError::io("lock", &path))?;
            }
            Err(TryLockError::Error(source)) => {
                return Err(EmbeddedError::io("lock", &path)(source));
            }
        }
        Ok(Self { _file: file })
    }
}
