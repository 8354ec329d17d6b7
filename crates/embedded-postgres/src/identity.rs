//! The operating system user that PostgreSQL runs as, and the folders that it may enter.
//!
//! PostgreSQL refuses root. As root the server's rights are dropped to another account
//! (`account` chooses it); the home folder stays root's, so that the account cannot replace
//! the files that root opens there.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{Gid, Uid, User};

use super::EmbeddedError;
use super::account::Account;

/// The user that the server's programs run as.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    uid: Uid,
    gid: Gid,
    name: String,
    /// Whether this process is root and must switch to another user.
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

    /// Returns whether this process is root and starts the server as another user.
    pub(super) const fn is_dropped(&self) -> bool {
        self.dropped
    }

    /// Returns the numbers of the user and the group.
    pub(super) fn ids(&self) -> (u32, u32) {
        (self.uid.as_raw(), self.gid.as_raw())
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn owns(&self, found: &Metadata) -> bool {
        found.uid() == self.uid.as_raw()
    }

    /// Returns a command that runs as this user with an empty environment. The working
    /// folder matters: a program does not start in a folder that its user cannot enter.
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
            // The standard library also drops root's supplementary groups.
            command.uid(self.uid.as_raw()).gid(self.gid.as_raw());
        }
        command
    }

    /// Creates the home folder, private, and checks that the server's user can pass through
    /// it.
    pub(super) fn create_home(&self, home: &Path) -> Result<(), EmbeddedError> {
        let mode = if self.dropped { 0o711 } else { 0o700 };
        create_missing(home, mode)?;
        let found = fs::metadata(home).map_err(EmbeddedError::io("look at", home))?;
        if found.uid() == Uid::effective().as_raw() && found.mode() & 0o777 != mode {
            set_mode(home, mode)?;
        }
        self.check_passage(home)
    }

    /// Creates a folder that this user can pass through; an existing one stays as it is.
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

    /// Creates a folder that only this user can read.
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

/// Returns the path without symbolic links in the existing part, so that one folder has one
/// name.
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

/// Creates a folder and its missing parents, whatever the umask is.
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
