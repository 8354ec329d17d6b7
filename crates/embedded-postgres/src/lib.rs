//! A private PostgreSQL, run as a supervised child of this process.
//!
//! A service without a database URL brings its own database: the server programs installed
//! on the machine, a data folder of its own, a Unix socket in a private folder and no
//! network port. Start with [`EmbeddedPostgres::start`] and [`EmbeddedOptions`].
//!
//! This crate depends on no other crate of the workspace: [`EmbeddedOptions::with_roles`]
//! sets the database roles that the machine's accounts may use. The modules:
//!
//! - `binaries`: the installed PostgreSQL versions, and the choice of one
//! - `account`: the operating system account that the server runs as
//! - `hand_over`: taking a data folder over from a shared account
//! - `identity`: programs run as that account, and the folders that it may enter
//! - `access`: the accounts that may connect
//! - `data_folder`: creating the cluster, and its major version
//! - `postmaster`: reading `postmaster.pid`, and repairing it after a kill
//! - `lock`: two processes starting at once
//! - `launch`: the parameters of a start; `supervisor`: start, watch, restart, stop
//! - `condition`: the condition of the server, for readiness; `cancel`: cancelling it
//! - `wal_archive` and `recovery`: keeping the write-ahead log, and replaying it
//! - `parent_death`: the one system call that ties the server's life to ours
//!
//! **Invariant:** a server that this process started does not outlive it on Linux,
//! however the process dies. A server that it found running is never stopped by it.
//!
//! **Invariant:** a server that ran once is restarted until it runs, however often it ends
//! and whatever prevents its start.

mod access;
mod account;
mod binaries;
mod cancel;
mod condition;
mod data_folder;
mod error;
mod hand_over;
mod identity;
mod launch;
mod lock;
mod options;
mod parent_death;
mod postmaster;
mod recovery;
mod socket;
mod supervisor;
mod wal_archive;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::unistd::Uid;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::sync::watch;

pub use account::DEFAULT_ACCOUNT;
pub use binaries::client_program;
pub use cancel::Cancel;
pub use condition::Condition;
pub use error::EmbeddedError;
pub use options::{EmbeddedOptions, OWNED_SETTINGS, is_setting_name};
pub use recovery::Recovery;

use account::Account;
use binaries::Installation;
use identity::Identity;
use launch::Launch;
use lock::StartLock;
use socket::SocketFolder;
use supervisor::Supervisor;

/// How long to wait for another process's server, and for sessions of a killed one.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// How often files are checked while waiting for another process.
const POLL: Duration = Duration::from_millis(20);

/// The superuser of the private cluster.
const SUPERUSER: &str = "postgres";

/// A running private PostgreSQL. Dropping it stops the server if this process started it.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    socket: SocketFolder,
    directory: PathBuf,
    /// Whether it was running already.
    adopted: bool,
    /// `None` if another process started it, and will stop it.
    supervisor: Option<Supervisor>,
}

impl EmbeddedPostgres {
    /// Starts the server of `options.directory`, or adopts the one that already serves it.
    ///
    /// May be called from any thread: the child belongs to a thread of its own that lives
    /// as long as the server does.
    ///
    /// # Errors
    /// See [`EmbeddedError`]; every message contains the remedy.
    pub fn start(options: &EmbeddedOptions) -> Result<Self, EmbeddedError> {
        Self::begin(options, false, &Cancel::default())
    }

    /// As [`Self::start`], for a long-running process: if it adopted the server of another
    /// process and that server ends, it starts one. `cancel` cancels a start in progress.
    ///
    /// # Errors
    /// As [`Self::start`], and [`EmbeddedError::Cancelled`].
    pub fn start_to_stay(
        options: &EmbeddedOptions,
        cancel: &Cancel,
    ) -> Result<Self, EmbeddedError> {
        Self::begin(options, true, cancel)
    }

    fn begin(
        options: &EmbeddedOptions,
        stays: bool,
        cancel: &Cancel,
    ) -> Result<Self, EmbeddedError> {
        options.check()?;
        let directory = identity::absolute(&options.directory)?;
        let data = directory.join("data");
        let mut account = Account::choose(&data, options.account.as_deref())?;
        let identity = Identity::of(&account);
        identity.create_home(&directory)?;
        let _lock = StartLock::acquire(&directory, cancel)?;
        if account.takes_over_from.is_some() {
            // Another start may have done this while this one waited for the lock.
            account = Account::choose(&data, options.account.as_deref())?;
        }
        if let Some(from) = account.takes_over_from {
            take_over(&directory, &data, from, &identity)?;
        }
        let socket = SocketFolder::for_home(&directory, &identity)?;

        let adopted = wait_for_running(&data, &socket, cancel)?;
        if adopted {
            tracing::info!(directory = %directory.display(), "using the embedded PostgreSQL that already runs");
            if !stays {
                return Ok(Self {
                    socket,
                    directory,
                    adopted,
                    supervisor: None,
                });
            }
        }

        let found = binaries::installations(options.bin_dir.as_deref(), &identity)?;
        let recorded = data_folder::recorded_major(&data)?;
        let installation = Installation::choose(found, recorded, &data)?;
        if !data_folder::inspect(&data, &identity)? {
            tracing::info!(directory = %directory.display(), version = %installation.version, "making the embedded database");
            data_folder::initialise(
                &directory,
                &data,
                &installation,
                &identity,
                options.is_durable(),
            )?;
        }

        if !adopted {
            access::retire_trust(&data)?;
        }
        let mut settings = options.settings_for(&installation);
        if let Some(archive) = &options.wal_archive {
            for (name, value) in wal_archive::prepare(archive, &directory, &identity)? {
                settings.entry(name).or_insert(value);
            }
        }
        let launch = Launch {
            settings,
            roles: options.roles.clone(),
            log: directory.join("postgres.log"),
            home: directory.clone(),
            socket: socket.clone(),
            installation,
            identity,
            data,
        };
        let supervisor = Supervisor::start(launch, adopted, cancel)?;
        Ok(Self {
            socket,
            directory,
            adopted,
            supervisor: Some(supervisor),
        })
    }

    /// Returns the condition of the server, while this process supervises it. The sender is
    /// dropped when the supervision ends.
    #[must_use]
    pub fn condition(&self) -> Option<watch::Receiver<Condition>> {
        self.supervisor.as_ref().map(Supervisor::condition)
    }

    /// Returns whether the server was running already: then it belongs to another process.
    #[must_use]
    pub fn is_adopted(&self) -> bool {
        self.adopted
    }

    /// Returns the process id of the server, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        postmaster::running_pid(&self.directory.join("data"))
    }

    /// Returns the folder that contains the data folder, the log and the lock.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns the options for connecting as `role` to `database`.
    #[must_use]
    pub fn connect_options(&self, role: &str, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(self.socket.path())
            .port(socket::PORT)
            .ssl_mode(PgSslMode::Disable)
            .username(role)
            .database(database)
    }

    /// Returns the options for connecting as the superuser of the private cluster.
    #[must_use]
    pub fn superuser_options(&self, database: &str) -> PgConnectOptions {
        self.connect_options(SUPERUSER, database)
    }

    /// As [`Self::connect_options`], as a URL for other programs.
    #[must_use]
    pub fn url(&self, role: &str, database: &str) -> String {
        self.socket.url(role, database)
    }

    /// Returns the superuser's URL.
    #[must_use]
    pub fn superuser_url(&self, database: &str) -> String {
        self.url(SUPERUSER, database)
    }

    /// Stops the server in order, if this process started it: open sessions are ended, and
    /// everything is written. Returns when the process has ended.
    ///
    /// # Errors
    /// If it could not be stopped, or had ended by itself for good.
    pub fn stop(mut self) -> Result<(), EmbeddedError> {
        self.supervisor.take().map_or(Ok(()), Supervisor::stop)
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        if let Some(supervisor) = self.supervisor.take()
            && let Err(error) = supervisor.stop()
        {
            tracing::error!(%error, "the embedded PostgreSQL did not stop in order");
        }
    }
}

/// Gives the files of a server that ran as a shared account to `identity`.
fn take_over(
    home: &Path,
    data: &Path,
    from: Uid,
    identity: &Identity,
) -> Result<(), EmbeddedError> {
    if let Some(pid) = postmaster::running_pid(data) {
        return Err(EmbeddedError::RunsAsShared {
            pid,
            data: data.to_path_buf(),
            from: identity::user_name(from),
            to: identity.name().to_owned(),
        });
    }
    SocketFolder::remove_foreign(home, from)?;
    hand_over::hand_over(data, from, identity)
}

/// Waits while a server of this data folder is starting or stopping. `true` if it serves.
fn wait_for_running(
    data: &Path,
    socket: &SocketFolder,
    cancel: &Cancel,
) -> Result<bool, EmbeddedError> {
    let end = Instant::now() + START_DEADLINE;
    while let Some(pid) = postmaster::running_pid(data) {
        if postmaster::is_ready(data) && socket.answers() {
            return Ok(true);
        }
        if Instant::now() > end {
            return Err(EmbeddedError::Held {
                pid,
                data: data.to_path_buf(),
            });
        }
        if cancel.wait(POLL) {
            return Err(EmbeddedError::Cancelled);
        }
    }
    Ok(false)
}
