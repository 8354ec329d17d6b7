//! A server, and a migrated database for each test.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use accunode_migration::{SERVER_ROLE, bootstrap_roles, migrate_up, migration_names};
use accunode_postgres::{PgStore, PoolSettings, PoolSizes};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, User, geteuid},
};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

/// Taken while the template is made or copied.
const TEMPLATE_LOCK: i64 = 0x6163_6375_7067;

/// A database of one test.
pub(crate) struct Database {
    url: String,
    name: String,
    server_url: String,
    server: Option<Server>,
}

impl Database {
    /// Migrated and empty.
    pub(crate) async fn create() -> Self {
        let (server_url, server) = match given() {
            Some(url) => (url, None),
            None => {
                let server = Server::start();
                (server.url(), Some(server))
            }
        };
        let name = format!("storage_{}", Uuid::new_v4().simple());
        let mut connection = connect(&server_url).await;
        if server.is_some() {
            run(&mut connection, format!("CREATE DATABASE {name}")).await;
            migrate(&of_database(&server_url, &name)).await;
        } else {
            copy_template(&mut connection, &server_url, &name).await;
        }
        connection.close().await.unwrap();
        Self {
            url: of_database(&server_url, &name),
            name,
            server_url,
            server,
        }
    }

    /// A superuser's URL.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A superuser's pool, for what a test arranges or looks at.
    pub(crate) async fn superuser(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(2)
            .connect(&self.url)
            .await
            .unwrap()
    }

    /// The store as it serves.
    pub(crate) async fn store(&self) -> PgStore {
        let store = PgStore::connect(&self.url, settings()).await.unwrap();
        store.verify_serving_role().await.unwrap();
        store
    }
}

/// Settings of a pool that serves.
pub(crate) fn settings() -> PoolSettings {
    PoolSettings {
        sizes: PoolSizes::of_total(10),
        set_role: Some(SERVER_ROLE.to_owned()),
        expected_migrations: migration_names(),
        ..PoolSettings::default()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.server.is_some() {
            return;
        }
        let (url, name) = (self.server_url.clone(), self.name.clone());
        // Dropping cannot wait, a thread with a runtime can.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut connection = connect(&url).await;
                run(
                    &mut connection,
                    format!("DROP DATABASE {name} WITH (FORCE)"),
                )
                .await;
            });
        });
        let _ = dropped.join();
    }
}

async fn migrate(url: &str) {
    let pool = PgPool::connect(url).await.unwrap();
    bootstrap_roles(&pool).await.unwrap();
    migrate_up(url).await.unwrap();
    pool.close().await;
}

async fn copy_template(connection: &mut PgConnection, server_url: &str, name: &str) {
    run(
        connection,
        format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})"),
    )
    .await;
    let template = "accunode_storage_template";
    let made: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(template)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
    if !made {
        let draft = format!("{template}_draft");
        run(
            connection,
            format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)"),
        )
        .await;
        run(connection, format!("CREATE DATABASE {draft}")).await;
        migrate(&of_database(server_url, &draft)).await;
        run(
            connection,
            format!("ALTER DATABASE {draft} RENAME TO {template}"),
        )
        .await;
    }
    run(
        connection,
        format!("CREATE DATABASE {name} TEMPLATE {template}"),
    )
    .await;
}

/// Statements made up by a test.
pub(crate) async fn run(connection: &mut PgConnection, sql: impl Into<String>) {
    let sql = sql.into();
    if let Err(error) = connection.execute(AssertSqlSafe(sql.clone())).await {
        panic!("{error}\n{sql}");
    }
}

async fn connect(url: &str) -> PgConnection {
    let mut last = None;
    for _ in 0..600 {
        match PgConnection::connect(url).await {
            Ok(connection) => return connection,
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{url} does not answer: {last:?}");
}

#[expect(clippy::disallowed_methods, reason = "a test's only setting")]
fn given() -> Option<String> {
    std::env::var("ACCUNODE_TEST_DATABASE_URL").ok()
}

/// The same server, another database.
fn of_database(url: &str, name: &str) -> String {
    let (base, query) = url
        .split_once('?')
        .map_or((url, String::new()), |(base, query)| {
            (base, format!("?{query}"))
        });
    let (server, _) = base.rsplit_once('/').unwrap();
    format!("{server}/{name}{query}")
}

/// A throw-away PostgreSQL on a Unix socket; it ends with the test's thread.
struct Server {
    folder: tempfile::TempDir,
    process: Child,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("accunode-")
            .tempdir()
            .unwrap();
        if let Some(user) = unprivileged() {
            let (uid, gid) = (user.uid.as_raw(), user.gid.as_raw());
            std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let data = folder.path().join("data");
        let output = command("initdb", folder.path())
            .args([
                "-A",
                "trust",
                "-U",
                "postgres",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "-D",
            ])
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let process = command("postgres", folder.path())
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-c",
                "max_connections=60",
                "-D",
            ])
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { folder, process }
    }

    fn url(&self) -> String {
        format!(
            "postgres://postgres@localhost/postgres?host={}",
            self.folder.path().display()
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.process.id()) {
            // At once: nothing of it is to be kept.
            let _ = kill(Pid::from_raw(pid), Signal::SIGQUIT);
        }
        let _ = self.process.wait();
    }
}

/// PostgreSQL refuses to run as root.
fn unprivileged() -> Option<User> {
    geteuid().is_root().then(|| {
        User::from_name("postgres")
            .unwrap()
            .expect("a user named postgres")
    })
}

/// setpriv drops the rights, and lets the process die with the thread that started it.
fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if unprivileged().is_some() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command
        .arg(binaries().join(program))
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8");
    command
}

fn binaries() -> PathBuf {
    let entries = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path().join("bin"))
        .filter(|path| path.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_default()
}
