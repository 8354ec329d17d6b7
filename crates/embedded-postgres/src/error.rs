//! Errors of the embedded PostgreSQL, each with its remedy.

use std::path::{Path, PathBuf};

/// Why the embedded PostgreSQL does not run.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The machine has no usable server programs.
    #[error(
        "no PostgreSQL server of version {oldest} or newer was found{older}. Install one \
         (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server \
         postgresql-contrib; Alpine: apk add postgresql16 postgresql16-contrib; macOS: brew install \
         postgresql@17), or set postgres.bin_dir to the folder that holds initdb and postgres, \
         or set DATABASE_URL to use a server that runs elsewhere"
    )]
    NotInstalled {
        /// The oldest supported major version.
        oldest: u32,
        /// The installations that are too old, as a clause for the message.
        older: String,
    },

    /// The configured folder of programs cannot be used.
    #[error("postgres.bin_dir {} {problem}", path.display())]
    BinDir {
        /// The configured folder.
        path: PathBuf,
        /// The problem with it.
        problem: String,
    },

    /// A setting that the supervisor owns, or that is invalid.
    #[error("postgres.settings.{name} {problem}")]
    Setting {
        /// The setting's name.
        name: String,
        /// The problem with it.
        problem: &'static str,
    },

    /// The name of a role cannot be written in the access rules.
    #[error("{role:?} is no role that may connect: use lower-case letters, digits and _")]
    Role {
        /// The role's name.
        role: String,
    },

    /// The process runs as root, and there is no account for PostgreSQL.
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

    /// PostgreSQL cannot or must not run as an account.
    #[error("postgres.account {account} {problem}")]
    Account {
        /// The account's name.
        account: String,
        /// The problem with it, and the remedy.
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
        /// The owner of the folder.
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
        /// The account that it runs as.
        from: String,
        /// The account that it will run as.
        to: String,
    },

    /// A file in the data folder cannot be given to another account safely.
    #[error(
        "{path} is a link, has a second name or does not belong to {from}, so the files of the private \
         PostgreSQL are not given to {to} by themselves: look at it, and give them away while nothing runs: \
         `chown -R --no-dereference {to}: DATA_FOLDER` with the folder that holds PG_VERSION",
        path = path.display()
    )]
    HandOver {
        /// The path of the file.
        path: PathBuf,
        /// The owner of the folder.
        from: String,
        /// The future owner.
        to: String,
    },

    /// The user that PostgreSQL runs as cannot enter the data folder.
    #[error(
        "user {user}, which PostgreSQL runs as, cannot enter {}: choose another data folder \
         (ACCUNODE_DATA_DIR), or let others pass through that one (chmod o+x)",
        path.display()
    )]
    Unreachable {
        /// The folder that is not accessible.
        path: PathBuf,
        /// The user that cannot enter.
        user: String,
    },

    /// The data folder belongs to another user.
    #[error(
        "{} belongs to {owner}: run as that user or as root, or choose another data folder (ACCUNODE_DATA_DIR)",
        path.display()
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// The owner of the folder.
        owner: String,
    },

    /// The data folder was created by another major version.
    #[error(
        "{} was made by PostgreSQL {recorded}, and this machine has {available}: install PostgreSQL {recorded}, \
         or set postgres.bin_dir to its programs, or move the data with pg_upgrade or a backup",
        data.display()
    )]
    VersionMismatch {
        /// The data folder.
        data: PathBuf,
        /// The version that created it.
        recorded: u32,
        /// The installed versions.
        available: String,
    },

    /// `PG_VERSION` is not a number.
    #[error("{} holds {content:?} where a PostgreSQL major version should stand", path.display())]
    VersionFile {
        /// The file.
        path: PathBuf,
        /// Its content.
        content: String,
    },

    /// A server uses the data folder and does not answer on our socket.
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
        /// The required owner.
        user: String,
    },

    /// The archive of the write-ahead log does not belong to the server's account.
    #[error(
        "{path} must be a folder that user {user} owns, as whom PostgreSQL runs: \
         `chown -R {user}: {path}`, or name another folder in postgres.wal_archive",
        path = path.display()
    )]
    WalArchive {
        /// The folder.
        path: PathBuf,
        /// The required owner.
        user: String,
    },

    /// Pages of the database are damaged.
    #[error("the recovered database is damaged: {output}")]
    Damaged {
        /// The output of `pg_checksums`.
        output: String,
    },

    /// `initdb` failed.
    #[error("initdb could not make the database: {output}")]
    Initdb {
        /// Its output.
        output: String,
    },

    /// The server ended while starting.
    #[error(
        "PostgreSQL ended while starting ({status}{}); its log is {}: {tail}",
        if *is_disk_full { ", and its disk is full: free some space" } else { "" },
        log.display()
    )]
    Ended {
        /// Its exit status.
        status: String,
        /// Whether its disk is full.
        is_disk_full: bool,
        /// Its log.
        log: PathBuf,
        /// The end of its output.
        tail: String,
    },

    /// The start was cancelled.
    #[error("the start of PostgreSQL was cancelled")]
    Cancelled,

    /// PostgreSQL cannot use the data folder.
    #[error("{} {problem}: {remedy}", path.display())]
    DataFolder {
        /// The folder, or the faulty path in it.
        path: PathBuf,
        /// The problem.
        problem: String,
        /// The remedy.
        remedy: String,
    },

    /// The server does not stop.
    #[error("PostgreSQL process {pid} does not end")]
    NotStopped {
        /// Its process id.
        pid: u32,
    },

    /// The thread that watches the server has ended.
    #[error("the thread that watches PostgreSQL ended early")]
    SupervisorGone,

    /// An operation on a file, a folder or a process failed.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The operation.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}

impl EmbeddedError {
    /// Returns the reason as a stable code for readiness.
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

    /// Returns whether the error may pass without a change of the configuration.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self.reason(), "disk_full" | "starting_up")
    }

    /// Returns a function for `map_err` that adds the operation and its path.
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
