//! Access to the private PostgreSQL, for root and the account that it runs as.
//!
//! The socket asks the kernel for the account at its other end (`peer`), whatever its
//! folder's mode is. Both accounts can read the database's files anyway; no other account
//! is let in, with any role. The two files are beside the data folder and not in it, are
//! written at each start, and replace the data folder's own.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::iter;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::unistd::Uid;

use super::identity::{Identity, user_name};
use super::{EmbeddedError, SUPERUSER};

/// Replaces the data folder's `pg_hba.conf`.
const RULES: &str = "\
# Written by AccuNode at each start of the server: changes are lost.
local all         all      peer map=accunode
local replication postgres peer map=accunode
";

/// The content of the data folder's own `pg_hba.conf`, for a server that is started by
/// hand.
const RULES_OF_DATA_FOLDER: &str = "\
# AccuNode starts the server with another file. Started by hand, only the account that
# the server runs as may connect, as the role of the same name.
local all all peer
";

/// The files that define who may connect.
#[derive(Debug, Clone)]
pub(super) struct AccessFiles {
    pub(super) rules: PathBuf,
    pub(super) names: PathBuf,
}

impl AccessFiles {
    /// Writes both files. Only call while no server runs.
    pub(super) fn write(
        home: &Path,
        identity: &Identity,
        roles: &[String],
    ) -> Result<Self, EmbeddedError> {
        let files = Self {
            rules: home.join("pg_hba.conf"),
            names: home.join("pg_ident.conf"),
        };
        let mut accounts = vec![user_name(Uid::from_raw(0)), identity.name().to_owned()];
        accounts.dedup();
        replace(&files.rules, RULES, identity)?;
        replace(&files.names, &names(&accounts, roles)?, identity)?;
        Ok(files)
    }

    /// Returns the settings that make the server use them.
    pub(super) fn settings(&self) -> [String; 2] {
        [
            format!("hba_file={}", self.rules.display()),
            format!("ident_file={}", self.names.display()),
        ]
    }
}

/// Returns the lines of `pg_ident.conf`: each account may be the superuser and each of the
/// roles.
fn names(accounts: &[String], roles: &[String]) -> Result<String, EmbeddedError> {
    let mut text = String::from(
        "# Written by AccuNode at each start of the server: changes are lost.\n\
         # map     account of the system     role of the database\n",
    );
    for account in accounts {
        if account.contains('"') || account.contains(char::is_control) || account.starts_with('/') {
            return Err(EmbeddedError::Account {
                account: account.clone(),
                problem: "cannot be written into pg_ident.conf: use an account with a plain name"
                    .to_owned(),
            });
        }
        for role in iter::once(SUPERUSER).chain(roles.iter().map(String::as_str)) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "accunode  \"{account}\"  {role}");
        }
    }
    Ok(text)
}

/// Writes a file beside its final path and renames it, readable for the server.
fn replace(path: &Path, text: &str, identity: &Identity) -> Result<(), EmbeddedError> {
    let draft = path.with_extension("conf.new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(EmbeddedError::io("remove", &draft)(error));
        }
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o640)
        .open(&draft)
        .map_err(EmbeddedError::io("create", &draft))?;
    // Set explicitly, because of the umask: the server's account reads it by its group.
    file.set_permissions(Permissions::from_mode(0o640))
        .map_err(EmbeddedError::io("set the mode of", &draft))?;
    if identity.is_dropped() {
        fchown(&file, None, Some(identity.ids().1))
            .map_err(EmbeddedError::io("give away", &draft))?;
    }
    file.write_all(text.as_bytes())
        .and_then(|()| fs::rename(&draft, path))
        .map_err(EmbeddedError::io("write", path))
}

/// Replaces a `pg_hba.conf` of the data folder that lets every account in, as earlier
/// versions created it. Our server does not read it, but one that is started by hand does.
pub(super) fn retire_trust(data: &Path) -> Result<(), EmbeddedError> {
    let path = data.join("pg_hba.conf");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(EmbeddedError::io("read", &path)(source)),
    };
    let trusts = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .any(|line| line.split_whitespace().any(|word| word == "trust"));
    if !trusts {
        return Ok(());
    }
    // Written in place, so that it keeps its owner; never through a link.
    OpenOptions::new()
        .write(true)
        .truncate(true)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(&path)
        .and_then(|mut file| file.write_all(RULES_OF_DATA_FOLDER.as_bytes()))
        .map_err(EmbeddedError::io("write", &path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ident_map_allows_every_account_every_role_and_nothing_else() {
        let roles = ["accunode_owner".to_owned(), "accunode_server".to_owned()];
        let text =
            names(&["root".to_owned(), "o'brien x".to_owned()], &roles).expect("plain names");
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[0], "accunode  \"root\"  postgres");
        assert_eq!(lines[5], "accunode  \"o'brien x\"  accunode_server");
    }

    #[test]
    fn account_name_that_could_add_a_line_is_refused() {
        for name in ["a\" all\naccunode \"b", "a\nb", "/.*"] {
            assert!(names(&[name.to_owned()], &[]).is_err(), "{name:?}");
        }
    }

    #[test]
    fn trust_rules_are_replaced_and_others_kept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("pg_hba.conf");
        retire_trust(folder.path()).expect("nothing to do");
        fs::write(&path, "# trust nobody\nlocal all all peer\n").expect("written");
        retire_trust(folder.path()).expect("nothing to do");
        assert!(fs::read_to_string(&path).expect("read").contains("nobody"));
        fs::write(&path, "local all all trust\n").expect("written");
        retire_trust(folder.path()).expect("replaced");
        assert_eq!(
            fs::read_to_string(&path).expect("read"),
            RULES_OF_DATA_FOLDER
        );
    }
}
