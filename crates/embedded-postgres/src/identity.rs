//! The operating system user that PostgreSQL runs as, and the folders it may enter.
//!
//! PostgreSQL refuses root. As root the server is dropped to another account (`account`
//! says which); the home folder stays root's, so that the dropped user can put nothing in
//! the way of the files that root opens there.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{Gid, Uid, User};

use super::EmbeddedError;
use super::account::Account;

/// As whom the server's programs run.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    uid: Uid,
    gid: Gid,
    name: String,
    /// Whether this process is root and must become someone else.
    dropped: bool,
}

impl Identity {
    pub(super) fn of(account: &Account) -> Self {
        Self {
            uid: account.uid,
            gid: account.gid,
            name: account.name.clone(),
            dropped: account.uid != Uid::effective(),
        }
    }

    /// Whether this process is root and starts the server as another user.
    pub(super) const fn is_dropped(&self) -> bool {
        self.dropped
    }

    /// The user's and the group's number.
    pub(super) fn ids(&self) -> (u32, u32) {
        (self.uid.as_raw(), self.gid.as_raw())
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn owns(&self, found: &Metadata) -> bool {
        found.uid() == self.uid.as_raw()
    }

    /// A program run as this user with a bare environment. The folder matters: a program
    /// started in one that its user cannot enter does not start.
    pub(super) fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        if self.dropped {
            // The standard library also gives up root's further groups.
            command.uid(self.uid.as_raw()).gid(self.gid.as_raw());
        }
        command
    }

    /// Makes the home folder, private, and checks that the server's user can pass through.
    pub(super) fn create_home(&self, home: &Path) -> Result<(), EmbeddedError> {
        let mode = if self.dropped { 0o711 } else { 0o700 };
        create_missing(home, mode)?;
        let found = fs::metadata(home).map_err(EmbeddedError::io("look at", home))?;
        if found.uid() == Uid::effective().as_raw() && found.mode() & 0o777 != mode {
            set_mode(home, mode)?;
        }
        self.check_passage(home)
    }

    /// Makes a folder that this user can pass through; one that is there stays as it is.
    pub(super) fn create_passage(&self, folder: &Path) -> Result<(), EmbeddedError> {
        create_missing(folder, if self.dropped { 0o711 } else { 0o700 })?;
        self.check_passage(folder)
    }

    fn check_passage(&self, folder: &Path) -> Result<(), EmbeddedError> {
        if !self.dropped {
            return Ok(());
        }
        for folder in folder.ancestors() {
            let found = fs::metadata(folder).map_err(EmbeddedError::io("look at", folder))?;
            if !self.may_enter(&found) {
                return Err(EmbeddedError::Unreachable {
                    path: folder.to_path_buf(),
                    user: self.name.clone(),
                });
            }
        }
        Ok(())
    }

    /// Makes a folder that only this user can look into.
    pub(super) fn create_private(&self, path: &Path) -> Result<(), EmbeddedError> {
        DirBuilder::new()
            .mode(0o700)
            .create(path)
            .map_err(EmbeddedError::io("create", path))?;
        set_mode(path, 0o700)?;
        if self.dropped {
            lchown(path, Some(self.uid.as_raw()), Some(self.gid.as_raw()))
                .map_err(EmbeddedError::io("give away", path))?;
        }
        Ok(())
    }

    fn may_enter(&self, found: &Metadata) -> bool {
        let bit = if found.uid() == self.uid.as_raw() {
            0o100
        } else if found.gid() == self.gid.as_raw() {
            0o010
        } else {
            0o001
        };
        found.mode() & bit != 0
    }
}

/// The path without symbolic links in the part that exists, so that one folder has one name.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, EmbeddedError> {
    let full = std::path::absolute(path).map_err(EmbeddedError::io("resolve", path))?;
    for folder in full.ancestors() {
        match fs::canonicalize(folder) {
            Ok(real) => {
                return Ok(match full.strip_prefix(folder) {
                    Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
                    _ => real,
                });
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(EmbeddedError::io("resolve", folder)(source)),
        }
    }
    Ok(full)
}

/// Makes a folder and those above it that are missing, whatever the umask says.
fn create_missing(path: &Path, mode: u32) -> Result<(), EmbeddedError> {
    if path.exists() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_missing(parent, mode)?;
    }
    match DirBuilder::new().mode(mode).create(path) {
        Ok(()) => set_mode(path, mode),
        // Another process that starts at the same time was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(EmbeddedError::io("create", path)(source)),
    }
}

fn set_mode(path: &Path, mode: u32) -> Result<(), EmbeddedError> {
    fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(EmbeddedError::io("set the mode of", path))
}

pub(super) fn user_name(uid: Uid) -> String {
    User::from_uid(uid)
        .ok()
        .flatten()
        .map_or_else(|| format!("user {uid}"), |user| user.name)
}
