//! The private PostgreSQL with its shipped settings, and PostgreSQL's own programs.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use accunode::{
    config::{Config, Sources},
    database::{Database, Route},
};
use accunode_embedded_postgres::EmbeddedPostgres;
use anyhow::{Context, bail};
use sqlx::{AssertSqlSafe, PgPool, postgres::PgPoolOptions};
use tempfile::TempDir;
use tokio::process::Command;

/// The database that the service creates for itself.
const DATABASE: &str = "accunode";
/// The time limit of PostgreSQL's programs.
const LONGEST: Duration = Duration::from_secs(600);

/// A migrated database in a temporary folder. Both are removed with this value.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// The configuration that the service runs with.
    pub(crate) config: Config,
    superuser: PgPool,
    url: String,
    route: Route,
    programs: PathBuf,
    running: EmbeddedPostgres,
    // Declared last, so that it is dropped last.
    folder: TempDir,
}

impl Cluster {
    /// Starts and migrates the database.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        // The path is short, because a socket's path must be; the folder is accessible for
        // the server's user.
        let folder = tempfile::Builder::new()
            .prefix("accunode-bench-")
            .tempdir()?;
        std::fs::set_permissions(
            folder.path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )?;
        let config = config(&folder.path().join("service"))?;
        let (database, running) = Database::open(&config)?;
        let running = running.context("the configuration asks for the private PostgreSQL")?;
        database.ensure_schema().await?;
        let superuser = PgPoolOptions::new()
            .max_connections(2)
            .connect_with(running.superuser_options(DATABASE))
            .await?;
        let programs: String =
            sqlx::query_scalar("SELECT setting FROM pg_config WHERE name = 'BINDIR'")
                .fetch_one(&superuser)
                .await?;
        let programs = PathBuf::from(programs);
        if !programs.join("pgbench").is_file() {
            bail!("pgbench is not beside the PostgreSQL server: install PostgreSQL's programs");
        }
        Ok(Self {
            route: database.route().await?,
            url: running.superuser_url(DATABASE),
            config,
            superuser,
            programs,
            running,
            folder,
        })
    }

    /// Returns a superuser's pool, to which no policy applies.
    pub(crate) const fn superuser(&self) -> &PgPool {
        &self.superuser
    }

    /// Returns how the serving role, to which policies apply, reaches the database.
    pub(crate) const fn route(&self) -> &Route {
        &self.route
    }

    /// Returns the id of PostgreSQL's first process.
    pub(crate) async fn postmaster(&self) -> anyhow::Result<String> {
        let id = "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)";
        Ok(sqlx::query_scalar(id).fetch_one(&self.superuser).await?)
    }

    /// Returns a file in the run's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a statement as the superuser.
    pub(crate) async fn run(&self, sql: impl Into<String>) -> anyhow::Result<u64> {
        let done = sqlx::raw_sql(AssertSqlSafe(sql.into()))
            .execute(&self.superuser)
            .await?;
        Ok(done.rows_affected())
    }

    /// Restores the same state before each measured load: nothing to vacuum, no dirty page.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        self.run("VACUUM (ANALYZE) annual_predictions").await?;
        self.run("CHECKPOINT").await?;
        Ok(())
    }

    /// Runs `psql` with this one command, as the superuser.
    pub(crate) async fn psql(&self, command: &str) -> anyhow::Result<()> {
        let arguments = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", command, "-d"];
        self.program("psql", &arguments).await.map(|_| ())
    }

    /// Runs `pgbench` with these arguments, as the superuser; returns its output.
    pub(crate) async fn pgbench(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.program("pgbench", arguments).await
    }

    /// Runs one of PostgreSQL's programs, with the database's URL as its last argument.
    async fn program(&self, name: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(self.programs.join(name))
            .args(arguments)
            .arg(&self.url)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(LONGEST, output)
            .await
            .with_context(|| format!("{name} did not end in {LONGEST:?}"))?
            .with_context(|| format!("cannot run {name}"))?;
        if !output.status.success() {
            bail!("{name}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Stops the server and removes its folder.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.superuser.close().await;
        tokio::task::spawn_blocking(move || self.running.stop()).await??;
        Ok(self.folder.close()?)
    }
}

/// Returns the shipped configuration, without rate limits.
fn config(folder: &Path) -> anyhow::Result<Config> {
    let mut sources = Sources::default();
    let mut set = |name: &str, value: &str| sources.flags.push((name.to_owned(), value.to_owned()));
    set("data_dir", &folder.display().to_string());
    for class in ["admin", "auth", "read", "score", "upload", "write"] {
        set(&format!("limits.{class}"), "0");
    }
    Ok(Config::load(&sources)?)
}
