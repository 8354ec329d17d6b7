//! A folder of this machine as a file store.

use std::{
    fs::{DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use accunode_domain::Timestamp;
use accunode_ports::PortError;
use object_store::local::LocalFileSystem;

use crate::{fault, store::UPLOADS};

/// A folder as a store. Only this user may look into it, whatever the rights of the
/// folder that it was made in.
pub(crate) fn open(folder: &Path) -> Result<LocalFileSystem, PortError> {
    let uploads = folder.join(UPLOADS);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&uploads)
        .and_then(|()| std::fs::set_permissions(&uploads, Permissions::from_mode(0o700)))
        .map_err(fault::store_failed)?;
    Ok(LocalFileSystem::new_with_prefix(folder)
        .map_err(fault::store_failed)?
        // A job row will speak of the file: it must survive what the row survives.
        .with_fsync(true))
}

/// Makes a file readable by this user alone.
pub(crate) fn hide(file: &Path) -> Result<(), PortError> {
    std::fs::set_permissions(file, Permissions::from_mode(0o600)).map_err(fault::store_failed)
}

/// Removes what is left of uploads that were never completed and were last written to
/// before a time; how many those were. They have names such as `<id>#1`, and the object
/// store does not list them.
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
        let written = match entry.metadata() {
            Ok(found) => found.modified()?,
            // It was completed meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if written < before {
            std::fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}
