//! The PostgreSQL server that tests share.

use std::sync::OnceLock;

use accunode_embedded_postgres::{EmbeddedOptions, EmbeddedPostgres};
use accunode_migration::{OWNER_ROLE, SERVER_ROLE};
use anyhow::Context;
use tempfile::TempDir;

/// Where a run's server is told to its tests: a superuser's URL.
pub const URL_VARIABLE: &str = "ACCUNODE_TEST_DATABASE_URL";

/// A throw-away server. It ends with this value, or with this process however that dies.
#[derive(Debug)]
pub struct Postgres {
    server: EmbeddedPostgres,
    // After the server, so that it is dropped after it.
    folder: TempDir,
}

impl Postgres {
    /// Starts a server in a folder of its own.
    ///
    /// # Errors
    /// Where PostgreSQL is not installed, or does not start.
    pub fn start() -> anyhow::Result<Self> {
        Self::with_autovacuum("off")
    }

    /// The same for many rows: its tables are looked after as in service, so that plans are
    /// those of the service.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_tended() -> anyhow::Result<Self> {
        Self::with_autovacuum("on")
    }

    fn with_autovacuum(autovacuum: &str) -> anyhow::Result<Self> {
        // Short, because a socket's path must be; readable by the user that the server becomes.
        let folder = tempfile::Builder::new()
            .prefix("accunode-")
            .tempdir_in("/tmp")?;
        std::fs::set_permissions(
            folder.path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )?;
        let options = EmbeddedOptions::new(folder.path().join("pg"))
            .without_durability()
            .with_roles([OWNER_ROLE, SERVER_ROLE])
            .with_setting("max_connections", "300")
            .with_setting("shared_buffers", "128MB")
            .with_setting("autovacuum_naptime", "5s")
            .with_setting("autovacuum", autovacuum);
        let server = EmbeddedPostgres::start(&options).context("start PostgreSQL for the tests")?;
        Ok(Self { server, folder })
    }

    /// Where its data is.
    #[must_use]
    pub fn data_dir(&self) -> std::path::PathBuf {
        self.folder.path().join("pg/data")
    }

    /// A superuser's URL.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.superuser_url("postgres")
    }

    /// The URL of the server that this test is to use: the run's, or one that is
    /// started for this process.
    ///
    /// # Panics
    /// Where none can be started: no test can go on then.
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
