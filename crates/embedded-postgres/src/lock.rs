//! The lock under which one process at a time starts or stops the server of a folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

use super::cancel::Cancel;
use super::{EmbeddedError, POLL};

/// Held while a server is looked for, created or started. The system releases it when the
/// process dies, so that it cannot be left behind.
#[derive(Debug)]
pub(super) struct StartLock {
    _file: File,
}

impl StartLock {
    /// Waits for the lock until cancelled.
    pub(super) fn acquire(home: &Path, cancel: &Cancel) -> Result<Self, EmbeddedError> {
        let path = home.join("start.lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&path)
            .map_err(EmbeddedError::io("open", &path))?;
        let mut has_reported = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => {
                    return Err(EmbeddedError::io("lock", &path)(source));
                }
            }
            if !has_reported {
                tracing::info!(
                    "waiting for another process that is starting the embedded PostgreSQL"
                );
                has_reported = true;
            }
            if cancel.wait(POLL) {
                return Err(EmbeddedError::Cancelled);
            }
        }
    }
}
