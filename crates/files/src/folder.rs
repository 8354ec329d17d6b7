//! A folder of this machine as a file store.

use std::{
    fs::{DirBuilder, File, Permissions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use accunode_domain::Timestamp;
use accunode_ports::PortError;
use object_store::local::LocalFileSystem;

use crate::{
    fault,
    store::{AUDIT, UPLOADS},
};

/// Opens a folder as a store. Only this user may read it, whatever the permissions of its
/// parent folder are.
pub(crate) fn open(folder: &Path) -> Result<LocalFileSystem, PortError> {
    for name in [UPLOADS, AUDIT] {
        let kept = folder.join(name);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&kept)
            .and_then(|()| std::fs::set_permissions(&kept, Permissions::from_mode(0o700)))
            .map_err(fault::store_failed)?;
    }
    Ok(LocalFileSystem::new_with_prefix(folder)
        .map_err(fault::store_failed)?
        // A job row will refer to the file, so the file must be as durable as the row.
        .with_fsync(true))
}

/// The suffix of a file's name while it is received. The object store does not list such
/// names. Earlier versions wrote `#1`, and locked nothing.
const COMING_IN: &str = "#2";

/// A file that is being received: readable for this user only from its first moment, and
/// locked as long as its process works on it. It is removed if it is dropped before it is
/// complete.
#[derive(Debug)]
pub(crate) struct Incoming {
    file: File,
    path: PathBuf,
    target: PathBuf,
    is_complete: bool,
}

impl Incoming {
    /// Begins a file that will have this name in the folder.
    pub(crate) fn begin(folder: &Path, name: &str) -> io::Result<Self> {
        let target = folder.join(UPLOADS).join(name);
        let path = folder.join(UPLOADS).join(format!("{name}{COMING_IN}"));
        loop {
            let mut options = File::options();
            let options = options.write(true).create_new(true).mode(0o600);
            let file = options.open(&path)?;
            file.lock()?;
            // Another process that cleaned up may have locked and removed it first.
            if file.metadata()?.nlink() > 0 {
                return Ok(Self {
                    file,
                    path,
                    target,
                    is_complete: false,
                });
            }
        }
    }

    /// Writes more of it.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.file).write_all(bytes)
    }

    /// Renames it to its final name, as durably as a row that refers to it.
    pub(crate) fn complete(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.path, &self.target)?;
        self.is_complete = true;
        match self.target.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.is_complete
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(%error, "a part of a dropped upload is left in the file store");
        }
    }
}

/// Removes the remains of uploads that were never completed: at once if their process has
/// ended, and those of earlier versions if they were last written before a time. Returns their
/// number.
pub(crate) fn remove_unfinished(folder: &Path, before: Timestamp) -> io::Result<u64> {
    let before = u64::try_from(before.unix_timestamp()).unwrap_or_default();
    let before = UNIX_EPOCH + Duration::from_secs(before);
    let mut removed = 0;
    for entry in std::fs::read_dir(folder.join(UPLOADS))? {
        let entry = entry?;
        let name = entry.file_name();
        let Some((_, number)) = name.to_str().and_then(|name| name.rsplit_once('#')) else {
            continue;
        };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let makers_lock = format!("#{number}") == COMING_IN;
        match remove_abandoned(&entry.path(), makers_lock, before) {
            Ok(gone) => removed += u64::from(gone),
            // It was completed meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(removed)
}

/// Removes a file on which no process works any more; returns whether it did.
fn remove_abandoned(path: &Path, makers_lock: bool, before: SystemTime) -> io::Result<bool> {
    let file = File::open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(false),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    if !makers_lock && file.metadata()?.modified()? >= before {
        return Ok(false);
    }
    std::fs::remove_file(path)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use accunode_domain::timestamp::timestamp_from_micros;

    use super::*;

    fn uploads(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder.join(UPLOADS)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn an_incoming_file_is_private_from_the_first_byte() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).unwrap();
        let incoming = Incoming::begin(folder.path(), "a").unwrap();
        let mode = incoming.file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        incoming.write(b"one ").unwrap();
        incoming.write(b"two").unwrap();
        assert_eq!(uploads(folder.path()), ["a#2"]);
        incoming.complete().unwrap();
        assert_eq!(uploads(folder.path()), ["a"]);
        let file = folder.path().join(UPLOADS).join("a");
        assert_eq!(std::fs::read(&file).unwrap(), b"one two");
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(Incoming::begin(folder.path(), "b").unwrap());
        assert_eq!(uploads(folder.path()), ["a"]);
    }

    #[test]
    fn only_unfinished_files_of_ended_processes_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).unwrap();
        let begun = timestamp_from_micros(0).unwrap();
        let incoming = Incoming::begin(folder.path(), "alive").unwrap();
        // The lock of the first file is not held any more, because its process was killed. The
        // second was written by an earlier version, which held none.
        for name in ["dead#2", "unlocked#1", "complete", "no#number"] {
            std::fs::write(folder.path().join(UPLOADS).join(name), "x").unwrap();
        }
        assert_eq!(remove_unfinished(folder.path(), begun).unwrap(), 1);
        let left = ["alive#2", "complete", "no#number", "unlocked#1"];
        assert_eq!(uploads(folder.path()), left);
        let far = timestamp_from_micros(9_000_000_000_000_000).unwrap();
        assert_eq!(remove_unfinished(folder.path(), far).unwrap(), 1);
        incoming.complete().unwrap();
        let left = ["alive", "complete", "no#number"];
        assert_eq!(uploads(folder.path()), left);
    }
}
