//! The PostgreSQL server that tests share.

use std::{
    process::{Command, Stdio},
    sync::OnceLock,
};

use accunode_embedded_postgres::{EmbeddedOptions, EmbeddedPostgres, Recovery, client_program};
use accunode_migration::{OWNER_ROLE, SERVER_ROLE};
use anyhow::{Context, ensure};
use tempfile::TempDir;

/// The variable with the URL of a run's server: a superuser's URL.
pub const URL_VARIABLE: &str = "ACCUNODE_TEST_DATABASE_URL";

/// A disposable server. It ends with this value, or with this process however that dies.
#[derive(Debug)]
pub struct Postgres {
    server: EmbeddedPostgres,
    // Declared after the server, so that it is dropped after it.
    folder: TempDir,
}

impl Postgres {
    /// Starts a server in a temporary folder.
    ///
    /// # Errors
    /// If PostgreSQL is not installed, or does not start.
    pub fn start() -> anyhow::Result<Self> {
        Self::with_autovacuum("off")
    }

    /// As [`Self::start`], for many rows: autovacuum is on as in service, so that plans are
    /// those of the service.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_tended() -> anyhow::Result<Self> {
        Self::with_autovacuum("on")
    }

    /// As [`Self::start_tended`], for a server that is killed: what it has committed survives that,
    /// though not the end of the machine.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_committing() -> anyhow::Result<Self> {
        let folder = short_folder()?;
        let options = options(&folder)
            .with_setting("autovacuum", "on")
            .with_setting("synchronous_commit", "on");
        let server = EmbeddedPostgres::start(&options).context("start PostgreSQL for the tests")?;
        Ok(Self { server, folder })
    }

    fn with_autovacuum(autovacuum: &str) -> anyhow::Result<Self> {
        let folder = short_folder()?;
        let options = options(&folder).with_setting("autovacuum", autovacuum);
        let server = EmbeddedPostgres::start(&options).context("start PostgreSQL for the tests")?;
        Ok(Self { server, folder })
    }

    /// Starts a streaming replica of this server.
    ///
    /// # Errors
    /// If it cannot be copied, or does not start.
    pub fn replica(&self) -> anyhow::Result<Self> {
        self.replica_behind("0")
    }

    /// As [`Self::replica`], of which every change is visible only after a time such as `2s`.
    ///
    /// # Errors
    /// As [`Self::replica`].
    pub fn replica_behind(&self, delay: &str) -> anyhow::Result<Self> {
        let folder = short_folder()?;
        let options = options(&folder).with_setting("recovery_min_apply_delay", delay);
        let copy = Recovery::begin(&options)?;
        let program =
            client_program(None, "pg_basebackup", 15).context("pg_basebackup is not installed")?;
        let mut source = Command::new(program)
            .args(["--pgdata", "-", "--format", "tar", "--wal-method", "fetch"])
            .args([
                "--checkpoint",
                "fast",
                "--no-manifest",
                "--write-recovery-conf",
            ])
            .args(["--dbname", &self.url()])
            .stdout(Stdio::piped())
            .spawn()?;
        let archive = source
            .stdout
            .take()
            .context("pg_basebackup has no output")?;
        let unpacked = copy.unpack().stdin(archive).status()?;
        let copied = source.wait()?;
        ensure!(
            unpacked.success() && copied.success(),
            "the server was not copied: {copied}, {unpacked}"
        );
        // It holds the lock of the folder.
        drop(copy);
        let server = EmbeddedPostgres::start(&options).context("start the replica")?;
        Ok(Self { server, folder })
    }

    /// Returns the data folder.
    #[must_use]
    pub fn data_dir(&self) -> std::path::PathBuf {
        self.folder.path().join("pg/data")
    }

    /// Returns a superuser's URL.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.superuser_url("postgres")
    }

    /// Returns the URL of one of the service's roles.
    #[must_use]
    pub fn url_of(&self, role: &str) -> String {
        self.server.url(role, "postgres")
    }

    /// Returns the URL of the server for this test: the run's, or one that is started for this
    /// process.
    ///
    /// # Panics
    /// If none can be started: then no test can continue.
    #[must_use]
    pub fn shared_url() -> &'static str {
        static URL: OnceLock<(String, Option<Postgres>)> = OnceLock::new();
        let (url, _) = URL.get_or_init(|| {
            #[expect(
                clippy::disallowed_methods,
                reason = "tests have no configuration struct"
            )]
            if let Ok(url) = std::env::var(URL_VARIABLE) {
                return (url, None);
            }
            let server = Postgres::start().expect("a PostgreSQL for the tests");
            (server.url(), Some(server))
        });
        url
    }
}

/// The path is short, because a socket's path must be; the folder is readable for the server's
/// user.
fn short_folder() -> anyhow::Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("accunode-")
        .tempdir_in("/tmp")?;
    std::fs::set_permissions(
        folder.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )?;
    Ok(folder)
}

fn options(folder: &TempDir) -> EmbeddedOptions {
    EmbeddedOptions::new(folder.path().join("pg"))
        .without_durability()
        .with_roles([OWNER_ROLE, SERVER_ROLE])
        .with_setting("max_connections", "300")
        .with_setting("shared_buffers", "128MB")
        .with_setting("autovacuum_naptime", "5s")
}
