//! The parts of the cluster: started, killed and started again.

use std::{
    fs::File,
    process::{Child, Stdio},
    time::Duration,
};

use accunode_migration::SERVER_ROLE;
use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

use super::super::{
    Options,
    server::{Server, Setup, folder, postmaster},
};
use crate::{ObjectStore, PgBouncer, Postgres, RedisSentinel};

/// How far the replica is kept behind its primary: less than the 5 s up to which it is used, so
/// that a read that misses a change by mistake misses it every time.
const BEHIND: &str = "1500ms";

/// The time limit for a part to serve again.
const RECOVERY: Duration = Duration::from_secs(120);

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Node(usize),
    Worker(usize),
    Pooler,
    Redis,
    Replica,
    ObjectStore,
    Primary,
}

impl Part {
    /// Every part, in the order in which they are killed.
    pub(super) const ALL: [Self; 9] = [
        Self::Node(0),
        Self::Node(1),
        Self::Worker(0),
        Self::Worker(1),
        Self::Replica,
        Self::ObjectStore,
        Self::Pooler,
        Self::Redis,
        Self::Primary,
    ];

    pub(super) fn name(self) -> String {
        match self {
            Self::Node(n) => format!("API node {}", n + 1),
            Self::Worker(n) => format!("worker {}", n + 1),
            Self::Pooler => "PgBouncer".to_owned(),
            Self::Redis => "Redis's master".to_owned(),
            Self::Replica => "PostgreSQL's replica".to_owned(),
            Self::ObjectStore => "object store".to_owned(),
            Self::Primary => "PostgreSQL's primary".to_owned(),
        }
    }
}

/// A running `accunode worker`. Killed when the value is dropped.
#[derive(Debug)]
struct Worker {
    setup: Setup,
    child: Option<Child>,
}

impl Worker {
    fn run(&mut self) -> anyhow::Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.setup.log())?;
        let mut command = self.setup.command();
        let command = command.arg("worker").stdin(Stdio::null());
        let child = command.stdout(Stdio::null()).stderr(log).spawn();
        self.child = Some(child.context("start a worker")?);
        Ok(())
    }

    fn kill(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("a running worker")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    fn is_running(&mut self) -> anyhow::Result<bool> {
        match &mut self.child {
            Some(child) => Ok(child.try_wait()?.is_none()),
            None => Ok(false),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have been killed before.
        let _ = self.kill();
    }
}

/// The whole cluster. The processes are dropped before what they depend on.
#[derive(Debug)]
pub(super) struct Parts {
    nodes: [Server; 2],
    workers: [Worker; 2],
    pooler: PgBouncer,
    redis: RedisSentinel,
    store: ObjectStore,
    replica: Postgres,
    pub(super) primary: Postgres,
    _folders: Vec<TempDir>,
}

impl Parts {
    /// Starts everything except the workers.
    pub(super) async fn start(options: &Options) -> anyhow::Result<Self> {
        let primary = Postgres::start_committing()?;
        let replica = primary.replica_behind(BEHIND)?;
        let pooler = PgBouncer::start(&primary.url(), &[])?;
        let redis = RedisSentinel::start()?;
        let store = ObjectStore::start()?;
        let folders: Vec<TempDir> = (0..4).map(|_| folder()).collect::<Result<_, _>>()?;
        let setup = |n: usize| {
            let mut setup = Setup::new(&options.program, folders[n].path())
                .with("DATABASE_URL", &pooler.url(SERVER_ROLE, "postgres"))
                .with("ACCUNODE_DIRECT_DATABASE_URL", &primary.url_of(SERVER_ROLE))
                .with("ACCUNODE_OWNER_DATABASE_URL", &primary.url())
                .with("ACCUNODE_READ_DATABASE_URL", &replica.url_of(SERVER_ROLE))
                .with("REDIS_URL", &redis.url())
                .with("ACCUNODE_REDIS_SENTINELS", &redis.sentinel_urls())
                .with("ACCUNODE_SECRET_KEY", &"5".repeat(64))
                .with("ACCUNODE_FILES_URL", "s3://bank/files")
                .with("ACCUNODE_PASSWORD_HASHING_MEMORY_KIB", "8192")
                .with("ACCUNODE_PASSWORD_HASHING_ITERATIONS", "1")
                .without_worker();
            for (name, value) in store.settings("FILES") {
                setup = setup.with(&name, &value);
            }
            setup
        };
        let first = Server::start(setup(0).migrate()?).await?;
        let second = Server::start(setup(1)).await?;
        let worker = |n| Worker {
            setup: setup(n),
            child: None,
        };
        let workers = [worker(2), worker(3)];
        Ok(Self {
            nodes: [first, second],
            workers,
            pooler,
            redis,
            store,
            replica,
            primary,
            _folders: folders,
        })
    }

    /// Returns the URLs of the API nodes.
    pub(super) fn bases(&self) -> [String; 2] {
        [self.nodes[0].base(), self.nodes[1].base()]
    }

    /// Starts the workers.
    pub(super) fn start_workers(&mut self) -> anyhow::Result<()> {
        self.workers.iter_mut().try_for_each(Worker::run)
    }

    /// Kills one part at once.
    pub(super) fn kill(&mut self, part: Part) -> anyhow::Result<()> {
        match part {
            Part::Node(n) => self.nodes[n].kill(),
            Part::Worker(n) => self.workers[n].kill(),
            Part::Pooler => self.pooler.kill(),
            Part::Redis => self.redis.kill_master(),
            Part::ObjectStore => self.store.kill(),
            // Their supervisors in the test kit start them again.
            Part::Replica => kill_server(&self.replica),
            Part::Primary => kill_server(&self.primary),
        }
    }

    /// Starts a part again that was killed, and waits until all nodes are ready.
    pub(super) async fn restore(&mut self, part: Part) -> anyhow::Result<()> {
        match part {
            Part::Node(n) => self.nodes[n].start_again()?,
            Part::Worker(n) => self.workers[n].run()?,
            Part::Pooler => self.pooler.run()?,
            // It waits for the Sentinels.
            Part::Redis => tokio::task::block_in_place(|| self.redis.restore())?,
            Part::ObjectStore => self.store.run()?,
            Part::Replica => answers(&self.replica).await?,
            Part::Primary => answers(&self.primary).await?,
        }
        for node in &mut self.nodes {
            node.until_ready().await?;
        }
        for worker in &mut self.workers {
            ensure!(worker.is_running()?, "a worker has ended by itself");
        }
        Ok(())
    }
}

fn kill_server(server: &Postgres) -> anyhow::Result<()> {
    kill(postmaster(&server.data_dir())?, Signal::SIGKILL).context("kill PostgreSQL")
}

/// Waits until a server of PostgreSQL answers.
async fn answers(server: &Postgres) -> anyhow::Result<()> {
    let asked = async {
        loop {
            if let Ok(connection) = PgConnection::connect(&server.url()).await {
                return connection.close().await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(RECOVERY, asked)
        .await
        .context("PostgreSQL does not answer again")?
        .context("PostgreSQL ended again")
}
