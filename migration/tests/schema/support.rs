//! A scratch database for a test.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    str::FromStr,
    time::Duration,
};

use accunode_migration::{BECOME_SERVER, bootstrap_roles, migrate_up};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, User, geteuid},
};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// A database of the test's own, empty but for the roles, and its server where the test
/// had to start one.
pub(crate) struct Scratch {
    /// A superuser's.
    pub(crate) url: String,
    pub(crate) pool: PgPool,
    server_url: String,
    name: String,
    server: Option<Server>,
}

impl Scratch {
    /// With the roles and nothing else.
    pub(crate) async fn empty() -> Self {
        let server = if given().is_some() {
            None
        } else {
            Some(Server::start())
        };
        let server_url = given().unwrap_or_else(|| server.as_ref().unwrap().url());
        let name = format!("accunode_schema_{}", unique());
        let mut connection = connect(&server_url).await;
        run(&mut connection, format!("CREATE DATABASE {name}")).await;
        let url = of_database(&server_url, &name);
        let pool = PgPoolOptions::new()
            .max_connections(20)
            .connect(&url)
            .await
            .unwrap();
        bootstrap_roles(&pool).await.unwrap();
        Self {
            url,
            pool,
            server_url,
            name,
            server,
        }
    }

    /// Fully migrated.
    pub(crate) async fn migrated() -> Self {
        let scratch = Self::empty().await;
        migrate_up(&scratch.url).await.unwrap();
        scratch
    }

    /// A pool of the serving role.
    pub(crate) async fn server_role(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(2)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    sqlx::raw_sql(BECOME_SERVER).execute(connection).await?;
                    Ok(())
                })
            })
            .connect(&self.url)
            .await
            .unwrap()
    }

    pub(crate) async fn end(self) {
        self.pool.close().await;
        if self.server.is_none() {
            let mut connection = connect(&self.server_url).await;
            run(
                &mut connection,
                format!("DROP DATABASE {} WITH (FORCE)", self.name),
            )
            .await;
        }
    }
}

/// Statements made up by a test.
pub(crate) async fn run(connection: &mut PgConnection, sql: impl Into<String>) {
    let sql = sql.into();
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql.clone()))
        .execute(connection)
        .await
    {
        panic!("{error}\n{sql}");
    }
}

pub(crate) async fn connect(url: &str) -> PgConnection {
    let mut last = None;
    for _ in 0..600 {
        match PgConnectOptions::from_str(url).unwrap().connect().await {
            Ok(mut connection) => {
                connection.ping().await.unwrap();
                return connection;
            }
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
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
        .map_or((url, String::new()), |(b, q)| (b, format!("?{q}")));
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
            std::os::unix::fs::chown(
                folder.path(),
                Some(user.uid.as_raw()),
                Some(user.gid.as_raw()),
            )
            .unwrap();
        }
        let data = folder.path().join("data");
        let output = postgres_command("initdb", folder.path())
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
        let process = postgres_command("postgres", folder.path())
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
            let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
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

/// setpriv drops the rights and lets the process die with the thread that started it.
fn postgres_command(program: &str, folder: &Path) -> Command {
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
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| {
            entries
                .flatten()
                .map(|e| e.path().join("bin"))
                .filter(|p| p.join("initdb").exists())
                .collect()
        })
        .unwrap_or_default();
    found.sort();
    found.pop().unwrap_or_default()
}

/// Something that no other test has, for names.
fn unique() -> String {
    format!("{:032x}", rand::random::<u128>())
}
