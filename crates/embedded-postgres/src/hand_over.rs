//! Takes a data folder over from a shared account.
//!
//! Earlier versions ran PostgreSQL as `postgres` or `nobody` when root started them. Root
//! gives every file to the new account while no server runs. Until the end the folder
//! belongs to an account that other programs can use, so nothing in it is accessed by name:
//! each file is opened relative to its open folder, without links, and changed through its
//! descriptor. A link, or a file of another user, stops the operation with a remedy.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use nix::dir::Dir;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;
use nix::unistd::Uid;

use super::EmbeddedError;
use super::identity::{Identity, user_name};

/// Opens without following a link and without waiting for a writer of a pipe.
const FLAGS: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_NONBLOCK)
    .union(OFlag::O_CLOEXEC);

/// Gives `folder` and everything in it from one account to `to`. The folder itself is
/// changed last, so that an interrupted run is continued. Only call it while no server
/// runs.
pub(super) fn hand_over(folder: &Path, from: Uid, to: &Identity) -> Result<(), EmbeddedError> {
    let giving = Giving { from, to };
    let opened = open(folder, FLAGS | OFlag::O_DIRECTORY, Mode::empty())
        .map_err(|errno| EmbeddedError::io("open", folder)(errno.into()))?;
    let opened = File::from(opened);
    giving.contents(&opened, folder)?;
    giving.one(&opened, folder)?;
    tracing::warn!(
        folder = %folder.display(),
        from = user_name(from),
        to = to.name(),
        "the files of the private PostgreSQL were taken away from a shared account"
    );
    Ok(())
}

struct Giving<'a> {
    from: Uid,
    to: &'a Identity,
}

impl Giving<'_> {
    fn contents(&self, folder: &File, path: &Path) -> Result<(), EmbeddedError> {
        let failed = |errno: nix::errno::Errno| EmbeddedError::io("read", path)(errno.into());
        // A separate descriptor: reading the folder moves its position and closes it.
        let listed = openat(folder, ".", FLAGS | OFlag::O_DIRECTORY, Mode::empty());
        let mut listing = Dir::from_fd(listed.map_err(failed)?).map_err(failed)?;
        for entry in listing.iter() {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if [&b"."[..], b".."].contains(&name.to_bytes()) {
                continue;
            }
            let path = path.join(OsStr::from_bytes(name.to_bytes()));
            let Ok(opened) = openat(folder, name, FLAGS, Mode::empty()) else {
                return Err(self.refused(&path));
            };
            let opened = File::from(opened);
            if self.one(&opened, &path)?.is_dir() {
                self.contents(&opened, &path)?;
            }
        }
        Ok(())
    }

    /// Gives one open file or folder to the account, and returns its metadata.
    fn one(&self, opened: &File, path: &Path) -> Result<Metadata, EmbeddedError> {
        let found = opened
            .metadata()
            .map_err(EmbeddedError::io("look at", path))?;
        // A second name of a file may be anywhere, so the file might not be the server's.
        let plain = found.is_dir() || (found.is_file() && found.nlink() == 1);
        if self.to.owns(&found) && plain {
            return Ok(found);
        }
        if found.uid() != self.from.as_raw() || !plain {
            return Err(self.refused(path));
        }
        let (uid, gid) = self.to.ids();
        fchown(opened, Some(uid), Some(gid)).map_err(EmbeddedError::io("give away", path))?;
        Ok(found)
    }

    fn refused(&self, path: &Path) -> EmbeddedError {
        EmbeddedError::HandOver {
            path: path.to_path_buf(),
            from: user_name(self.from),
            to: self.to.name().to_owned(),
        }
    }
}
