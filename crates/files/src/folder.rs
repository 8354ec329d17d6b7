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

/// A folder as a store. Only this user may look into it, whatever the rights of the
/// folder that it was made in.
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
        // A job row will speak of the file: it must survive what the row survives.
        .with_fsync(true))
}

/// What the name of a file ends with while it comes in. The object store lists no such
/// names. Earlier versions wrote `#1`, and locked nothing.
const COMING_IN: &str = "#2";

/// A file that comes in: this user's alone from its first moment, and locked as long as
/// its process works on it. Dropped before it is complete, it is gone.
#[derive(Debug)]
pub(crate) struct Incoming {
    file: File,
    path: PathBuf,
    target: PathBuf,
    is_complete: bool,
}

impl Incoming {
    /// Begins a file that is to have this name in the folder.
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

    /// Gives it its name, so that it survives what a row that speaks of it survives.
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

/// Removes what is left of uploads that were never completed: at once where their process
/// has ended, and those of earlier versions where they were last written to before a time.
/// How many those were.
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

/// Removes a file that no process works on any more; whether it did.
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
    fn what_a_process_left_that_has_ended_is_removed_at_once_and_nothing_that_is_worked_on() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).unwrap();
        let begun = timestamp_from_micros(0).unwrap();
        let incoming = Incoming::begin(folder.path(), "alive").unwrap();
        // No process holds its lock any more: its process was killed. The other was written by
        // an earlier version, which held none.
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
