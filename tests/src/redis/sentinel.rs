//! A master and a replica under three Sentinels.

use anyhow::{Context, ensure};
use tempfile::TempDir;

use super::tcp::{TcpRedis, free_port};

const MASTER: &str = "accunode-test";
/// The servers' password. The Sentinels have another one.
const PASSWORD: &str = "n0de";
const SENTINEL_PASSWORD: &str = "5entinel";

/// A disposable master and replica under three Sentinels, which promote the replica about
/// two seconds after the master has failed.
#[derive(Debug)]
pub struct RedisSentinel {
    /// The first one is the initial master.
    servers: [TcpRedis; 2],
    sentinels: Vec<TcpRedis>,
    _folder: TempDir,
}

impl RedisSentinel {
    /// Starts them and waits until they know each other.
    ///
    /// # Errors
    /// If Redis is not installed, or does not start.
    pub fn start() -> anyhow::Result<Self> {
        let folder = super::folder()?;
        let port = free_port()?.to_string();
        let auth = ["--masterauth", PASSWORD, "--save", ""];
        let start = |port, more: &[&str]| {
            let arguments = [&auth, more].concat();
            TcpRedis::start(folder.path(), port, PASSWORD, &arguments)
        };
        let master = start(port.parse()?, &[])?;
        let replica = start(free_port()?, &["--replicaof", "127.0.0.1", &port])?;
        replica.wait_until("INFO replication", |reply| {
            reply.contains("master_link_status:up")
        })?;
        let mut sentinels = Vec::new();
        for _ in 0..3 {
            let port = free_port()?;
            let file = folder.path().join(format!("sentinel-{port}.conf"));
            std::fs::write(&file, configuration(&master))?;
            let file = file.to_str().context("a path in UTF-8")?;
            let arguments = [file, "--sentinel"];
            let sentinel = TcpRedis::start(folder.path(), port, SENTINEL_PASSWORD, &arguments)?;
            sentinels.push(sentinel);
        }
        let this = Self {
            servers: [master, replica],
            sentinels,
            _folder: folder,
        };
        for sentinel in &this.sentinels {
            sentinel.wait_until("INFO sentinel", |reply| {
                reply.contains("status=ok") && reply.contains("slaves=1,sentinels=3")
            })?;
        }
        Ok(this)
    }

    /// Returns the URL that names the master, with the servers' password.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://:{PASSWORD}@{MASTER}/0")
    }

    /// Returns the Sentinels' URLs separated by commas.
    #[must_use]
    pub fn sentinel_urls(&self) -> String {
        super::urls(SENTINEL_PASSWORD, &self.sentinels)
    }

    /// Kills the current master.
    ///
    /// # Errors
    /// If there is none.
    pub fn kill_master(&mut self) -> anyhow::Result<()> {
        let is_master = |server: &TcpRedis| {
            let reply = server.ask("INFO replication");
            reply.is_ok_and(|reply| reply.contains("role:master"))
        };
        let at = self
            .servers
            .iter()
            .position(is_master)
            .context("a master")?;
        self.servers[at].kill()?;
        ensure!(
            !is_master(&self.servers[at]),
            "the master is dead and answers"
        );
        Ok(())
    }

    /// Starts a killed server again, and waits until the Sentinels have made it the replica of the
    /// one that they promoted.
    ///
    /// # Errors
    /// If it does not start, or they do not.
    pub fn restore(&mut self) -> anyhow::Result<()> {
        for server in &mut self.servers {
            if server.ask("PING").is_err() {
                server.restart()?;
            }
        }
        let has = |server: &TcpRedis, words: &str| {
            let reply = server.ask("INFO replication");
            reply.is_ok_and(|reply| reply.contains(words))
        };
        let [first, second] = &self.servers;
        first.wait_until("PING", |_| {
            [(first, second), (second, first)]
                .iter()
                .any(|(master, replica)| {
                    has(master, "role:master") && has(replica, "master_link_status:up")
                })
        })
    }

    /// Asks the Sentinels to promote the replica of a healthy master, as an operator does
    /// before maintenance.
    ///
    /// # Errors
    /// If they refuse.
    pub fn fail_over(&self) -> anyhow::Result<()> {
        let reply = self.sentinels[0].ask(&format!("SENTINEL FAILOVER {MASTER}"))?;
        ensure!(reply.starts_with("+OK\r\n+OK"), "{reply}");
        Ok(())
    }

    /// Returns whether the Sentinels have promoted the replica and demoted the first
    /// master. Meanwhile a server ends its connections and may not answer.
    #[must_use]
    pub fn has_failed_over(&self) -> bool {
        let [first, second] = &self.servers;
        let is = |server: &TcpRedis, role: &str| {
            let reply = server.ask("INFO replication");
            reply.is_ok_and(|reply| reply.contains(role))
        };
        is(first, "role:slave") && is(second, "role:master")
    }
}

fn configuration(master: &TcpRedis) -> String {
    format!(
        "sentinel monitor {MASTER} 127.0.0.1 {} 2\n\
         sentinel auth-pass {MASTER} {PASSWORD}\n\
         sentinel down-after-milliseconds {MASTER} 1500\n\
         sentinel failover-timeout {MASTER} 5000\n\
         sentinel sentinel-pass {SENTINEL_PASSWORD}\n",
        master.port
    )
}
