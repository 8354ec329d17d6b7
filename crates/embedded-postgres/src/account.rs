//! The operating system account that PostgreSQL runs as.
//!
//! PostgreSQL refuses root, so a service that root starts needs another account for it.
//! That account owns the database's files and may connect as any of the database's roles:
//! it must not be shared with other programs. Debian's `postgres`, for example, can be used
//! by the superuser of any other database on the machine (`COPY … TO PROGRAM`), and
//! `nobody` by every program that drops its rights to that account.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Gid, Uid, User};

use super::EmbeddedError;
use super::identity::user_name;

/// The account as which root starts PostgreSQL, unless `postgres.account` names another.
/// `scripts/create-account.sh` creates it.
pub const DEFAULT_ACCOUNT: &str = "accunode-postgres";

/// Accounts that are shared by programs of different owners.
const SHARED: [&str; 5] = ["postgres", "_postgres", "pgsql", "nobody", "daemon"];

/// An account, and what must happen before PostgreSQL can run as it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: Uid,
    pub(super) gid: Gid,
    pub(super) name: String,
    /// The shared account from which the data folder must be taken over first.
    pub(super) takes_over_from: Option<Uid>,
}

impl Account {
    /// Chooses the account for the server of `data`, which need not exist yet.
    ///
    /// Another user than root runs PostgreSQL as themselves. For root it is the owner of an
    /// existing data folder, unless that is a shared account, and otherwise the configured
    /// account or [`DEFAULT_ACCOUNT`].
    pub(super) fn choose(data: &Path, configured: Option<&str>) -> Result<Self, EmbeddedError> {
        let me = Uid::effective();
        let owner = match fs::symlink_metadata(data) {
            Ok(found) => Some(found),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(source) => return Err(EmbeddedError::io("look at", data)(source)),
        };
        if me.is_root() {
            Self::for_root(data, owner.as_ref(), configured)
        } else {
            Self::for_user(data, owner.as_ref(), configured, me)
        }
    }

    fn for_user(
        data: &Path,
        owner: Option<&Metadata>,
        configured: Option<&str>,
        me: Uid,
    ) -> Result<Self, EmbeddedError> {
        let name = user_name(me);
        if let Some(account) = configured.filter(|account| *account != name) {
            return Err(EmbeddedError::Account {
                account: account.to_owned(),
                problem: format!(
                    "is not {name}, who starts the service, and only root can start PostgreSQL as \
                     another account: remove the setting, or start as root"
                ),
            });
        }
        if let Some(owner) = owner.filter(|found| found.uid() != me.as_raw()) {
            return Err(EmbeddedError::Foreign {
                path: data.to_path_buf(),
                owner: user_name(Uid::from_raw(owner.uid())),
            });
        }
        Ok(Self {
            uid: me,
            gid: Gid::effective(),
            name,
            takes_over_from: None,
        })
    }

    fn for_root(
        data: &Path,
        owner: Option<&Metadata>,
        configured: Option<&str>,
    ) -> Result<Self, EmbeddedError> {
        let configured = configured.map(look_up_configured).transpose()?;
        let owner = owner
            .map(|found| (Uid::from_raw(found.uid()), Gid::from_raw(found.gid())))
            .filter(|(uid, _)| !uid.is_root());
        match (owner, configured) {
            (Some((uid, gid)), configured) if !is_shared(uid) => match configured {
                Some(account) if account.uid != uid => Err(EmbeddedError::OtherAccount {
                    path: data.to_path_buf(),
                    owner: user_name(uid),
                    account: account.name,
                }),
                _ => Ok(Self {
                    uid,
                    gid,
                    name: user_name(uid),
                    takes_over_from: None,
                }),
            },
            (owner, configured) => {
                let account = configured.map_or_else(default_account, Ok)?;
                Ok(Self {
                    uid: account.uid,
                    gid: account.gid,
                    name: account.name,
                    takes_over_from: owner.map(|(uid, _)| uid),
                })
            }
        }
    }
}

fn default_account() -> Result<User, EmbeddedError> {
    User::from_name(DEFAULT_ACCOUNT)
        .ok()
        .flatten()
        .ok_or(EmbeddedError::NoAccount {
            account: DEFAULT_ACCOUNT,
        })
}

fn look_up_configured(name: &str) -> Result<User, EmbeddedError> {
    let problem = |problem: &str| EmbeddedError::Account {
        account: name.to_owned(),
        problem: problem.to_owned(),
    };
    let user = User::from_name(name)
        .ok()
        .flatten()
        .ok_or_else(|| problem("is no account of this machine: make it, or correct the setting"))?;
    if user.uid.is_root() {
        return Err(problem("is root, and PostgreSQL does not run as root"));
    }
    if is_shared(user.uid) {
        return Err(problem(
            "is shared with other programs, whose operators could reach the database: \
             name an account that nothing else uses",
        ));
    }
    Ok(user)
}

/// Returns whether programs of different owners run as this user.
fn is_shared(uid: Uid) -> bool {
    SHARED.iter().any(|name| {
        User::from_name(name)
            .ok()
            .flatten()
            .is_some_and(|user| user.uid == uid)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_accounts_and_root_are_refused_as_the_configured_account() {
        for name in ["root", "nobody", "no-such-account"] {
            let refused = look_up_configured(name).expect_err(name).to_string();
            assert!(
                refused.starts_with(&format!("postgres.account {name} ")),
                "{refused}"
            );
        }
    }

    #[test]
    fn only_root_can_configure_the_account() {
        let me = Uid::from_raw(64_000);
        let refused = Account::for_user(Path::new("/d"), None, Some("accunode-postgres"), me);
        assert!(matches!(refused, Err(EmbeddedError::Account { .. })));
        let own = Account::for_user(Path::new("/d"), None, None, me).expect("their own");
        assert_eq!((own.uid, own.takes_over_from), (me, None));
    }
}
