//! The private PostgreSQL, set as it is shipped, and the programs that belong to it.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use accunode::{
    config::{Config, Sources},
    database::Database,
};
use accunode_embedded_postgres::EmbeddedPostgres;
use anyhow::{Context, bail};
use sqlx::{AssertSqlSafe, PgPool, postgres::PgPoolOptions};
use tempfile::TempDir;
use tokio::process::Command;

/// The database that the service makes for itself.
const DATABASE: &str = "accunode";
/// No program of PostgreSQL's needs longer.
const LONGEST: Duration = Duration::from_secs(600);

/// A migrated database in a folder of its own. Both end with this value.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// The configuration that the service runs with.
    pub(crate) config: Config,
    superuser: PgPool,
    url: String,
    serving_url: String,
    programs: PathBuf,
    running: EmbeddedPostgres,
    // The last to go.
    folder: TempDir,
}

impl Cluster {
    /// Starts and migrates it.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        // Short, because a socket's path must be; open to the user that the server becomes.
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
            serving_url: database.serving_url().await?.expose().to_owned(),
            url: running.superuser_url(DATABASE),
            config,
            superuser,
            programs,
            running,
            folder,
        })
    }

    /// A superuser's pool: policies do not bind it.
    pub(crate) const fn superuser(&self) -> &PgPool {
        &self.superuser
    }

    /// The URL of the role that serves, which policies bind.
    pub(crate) fn serving_url(&self) -> &str {
        &self.serving_url
    }

    /// A file in the run's folder.
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

    /// The same state before each measured load: nothing to vacuum, no dirty page.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        self.run("VACUUM (ANALYZE) annual_predictions").await?;
        self.run("CHECKPOINT").await?;
        Ok(())
    }

    /// `psql` with this one command, as the superuser.
    pub(crate) async fn psql(&self, command: &str) -> anyhow::Result<()> {
        let arguments = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", command, "-d"];
        self.program("psql", &arguments).await.map(|_| ())
    }

    /// `pgbench` with these arguments, as the superuser; what it printed.
    pub(crate) async fn pgbench(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.program("pgbench", arguments).await
    }

    /// Runs one of PostgreSQL's programs, the database's URL as its last argument.
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

    /// Stops it and removes its folder.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.superuser.close().await;
        tokio::task::spawn_blocking(move || self.running.stop()).await??;
        Ok(self.folder.close()?)
    }
}

/// As shipped, but without limits on how often one user may ask.
fn config(folder: &Path) -> anyhow::Result<Config> {
    let mut sources = Sources::default();
    let mut set = |name: &str, value: &str| sources.flags.push((name.to_owned(), value.to_owned()));
    set("data_dir", &folder.display().to_string());
    for class in ["admin", "auth", "read", "score", "upload", "write"] {
        set(&format!("limits.{class}"), "0");
    }
    Ok(Config::load(&sources)?)
}
