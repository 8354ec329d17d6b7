//! What can go wrong with the embedded PostgreSQL, each with what to do about it.

use std::path::{Path, PathBuf};

/// Why the embedded PostgreSQL does not run.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No usable server programs on this machine.
    #[error(
        "no PostgreSQL server of version {oldest} or newer was found{older}. Install one \
         (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server \
         postgresql-contrib; Alpine: apk add postgresql16 postgresql16-contrib; macOS: brew install \
         postgresql@17), or set postgres.bin_dir to the folder that holds initdb and postgres, \
         or set DATABASE_URL to use a server that runs elsewhere"
    )]
    NotInstalled {
        /// The oldest major version that will do.
        oldest: u32,
        /// What was found but is too old, as a clause for the message.
        older: String,
    },

    /// The configured folder of programs will not do.
    #[error("postgres.bin_dir {} {problem}", path.display())]
    BinDir {
        /// The configured folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },

    /// A setting that the supervisor owns, or that cannot be one.
    #[error("postgres.settings.{name} {problem}")]
    Setting {
        /// The setting's name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },

    /// A role with a name that the rules about who may connect cannot hold.
    #[error("{role:?} is no role that may connect: use lower-case letters, digits and _")]
    Role {
        /// The role's name.
        role: String,
    },

    /// Started as root, and there is no account for PostgreSQL.
    #[error(
        "PostgreSQL does not run as root, and this machine has no account {account} for it. Make it with \
         `useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin \
         {account}` (Alpine: `addgroup -S {account} && adduser -S -D -H -G {account} {account}`), or name \
         another account in postgres.account, or start as another user than root"
    )]
    NoAccount {
        /// The account's name.
        account: &'static str,
    },

    /// An account that PostgreSQL cannot or must not run as.
    #[error("postgres.account {account} {problem}")]
    Account {
        /// The account's name.
        account: String,
        /// What is wrong with it, and what to do.
        problem: String,
    },

    /// The data folder belongs to another account than the configured one.
    #[error(
        "{path} belongs to {owner}, and postgres.account names {account}: remove that setting, or give the \
         folder away while nothing runs: `chown -R --no-dereference {account}: {path}`",
        path = path.display()
    )]
    OtherAccount {
        /// The data folder.
        path: PathBuf,
        /// Whose it is.
        owner: String,
        /// The configured account.
        account: String,
    },

    /// A server of an earlier version still runs as a shared account.
    #[error(
        "process {pid} is a PostgreSQL server of {} that runs as the shared account {from}: stop the \
         service that started it, then start again; its files go to the account {to} then",
        data.display()
    )]
    RunsAsShared {
        /// The server's process id.
        pid: u32,
        /// The data folder.
        data: PathBuf,
        /// As whom it runs.
        from: String,
        /// As whom it will run.
        to: String,
    },

    /// Something in the data folder cannot be given to another account without harm.
    #[error(
        "{path} is a link, has a second name or does not belong to {from}, so the files of the private \
         PostgreSQL are not given to {to} by themselves: look at it, and give them away while nothing runs: \
         `chown -R --no-dereference {to}: DATA_FOLDER` with the folder that holds PG_VERSION",
        path = path.display()
    )]
    HandOver {
        /// What is in the way.
        path: PathBuf,
        /// Whose the folder is.
        from: String,
        /// Whose it should be.
        to: String,
    },

    /// The user dropped to cannot get at the data folder.
    #[error(
        "user {user}, which PostgreSQL runs as, cannot enter {}: choose another data folder \
         (ACCUNODE_DATA_DIR), or let others pass through that one (chmod o+x)",
        path.display()
    )]
    Unreachable {
        /// The folder that is closed.
        path: PathBuf,
        /// The user that cannot enter.
        user: String,
    },

    /// The data folder belongs to someone else.
    #[error(
        "{} belongs to {owner}: run as that user or as root, or choose another data folder (ACCUNODE_DATA_DIR)",
        path.display()
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: String,
    },

    /// The data folder was made by another major version.
    #[error(
        "{} was made by PostgreSQL {recorded}, and this machine has {available}: install PostgreSQL {recorded}, \
         or set postgres.bin_dir to its programs, or move the data with pg_upgrade or a backup",
        data.display()
    )]
    VersionMismatch {
        /// The data folder.
        data: PathBuf,
        /// What made it.
        recorded: u32,
        /// What is installed.
        available: String,
    },

    /// `PG_VERSION` is not a number.
    #[error("{} holds {content:?} where a PostgreSQL major version should stand", path.display())]
    VersionFile {
        /// The file.
        path: PathBuf,
        /// What it holds.
        content: String,
    },

    /// A server holds the data folder and does not answer on our socket.
    #[error(
        "process {pid} is a PostgreSQL server of {} that does not answer: stop it, then start again",
        data.display()
    )]
    Held {
        /// The server's process id.
        pid: u32,
        /// The data folder.
        data: PathBuf,
    },

    /// The folder of the socket is not private.
    #[error("{} must be a folder of user {user} alone (mode 0700): remove it, then start again", path.display())]
    SocketFolder {
        /// The folder.
        path: PathBuf,
        /// Whose it should be.
        user: String,
    },

    /// The archive of the write-ahead log is not the server's.
    #[error(
        "{path} must be a folder that user {user} owns, as whom PostgreSQL runs: \
         `chown -R {user}: {path}`, or name another folder in postgres.wal_archive",
        path = path.display()
    )]
    WalArchive {
        /// The folder.
        path: PathBuf,
        /// Whose it should be.
        user: String,
    },

    /// Pages of the database are not as they were written.
    #[error("the recovered database is damaged: {output}")]
    Damaged {
        /// What `pg_checksums` said.
        output: String,
    },

    /// `initdb` failed.
    #[error("initdb could not make the database: {output}")]
    Initdb {
        /// What it said.
        output: String,
    },

    /// The server ended while starting.
    #[error(
        "PostgreSQL ended while starting ({status}{}); its log is {}: {tail}",
        if *is_disk_full { ", and its disk is full: free some space" } else { "" },
        log.display()
    )]
    Ended {
        /// How it ended.
        status: String,
        /// Whether there is no space left on its disk.
        is_disk_full: bool,
        /// Its log.
        log: PathBuf,
        /// The end of what it said.
        tail: String,
    },

    /// The start was cancelled.
    #[error("the start of PostgreSQL was cancelled")]
    Cancelled,

    /// The data folder is not one that PostgreSQL can use.
    #[error("{} {problem}: {remedy}", path.display())]
    DataFolder {
        /// The folder, or what is wrong in it.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// What to do about it.
        remedy: String,
    },

    /// The server does not end.
    #[error("PostgreSQL process {pid} does not end")]
    NotStopped {
        /// Its process id.
        pid: u32,
    },

    /// The thread that watches the server is gone.
    #[error("the thread that watches PostgreSQL ended early")]
    SupervisorGone,

    /// A file, a folder or a process.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl EmbeddedError {
    /// Why, as a stable code for readiness.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Ended { is_disk_full, .. } if *is_disk_full => "disk_full",
            Self::Io { source, .. } if is_out_of_space(source) => "disk_full",
            Self::Ended { .. } => "ended",
            Self::Held { .. } => "starting_up",
            _ => "cannot_start",
        }
    }

    /// Whether it may pass without anyone changing the configuration.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self.reason(), "disk_full" | "starting_up")
    }

    /// For `map_err`: says what was being done with which path.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

fn is_out_of_space(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}
