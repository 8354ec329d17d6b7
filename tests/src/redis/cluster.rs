//! A cluster of three nodes.

use std::process::Command;

use anyhow::{Context, ensure};
use tempfile::TempDir;

use super::tcp::{TcpRedis, free_port};
use crate::kept::program;

const PASSWORD: &str = "n0de";

/// A disposable cluster of three masters, each with a third of the slots.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<TcpRedis>,
    _folder: TempDir,
}

impl RedisCluster {
    /// Starts the nodes, forms the cluster and waits until it is complete.
    ///
    /// # Errors
    /// If Redis is not installed, or does not start.
    pub fn start() -> anyhow::Result<Self> {
        let folder = super::folder()?;
        let arguments = [
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            "2000",
            "--masterauth",
            PASSWORD,
            "--appendonly",
            "yes",
            "--save",
            "",
        ];
        let node = || TcpRedis::start(folder.path(), free_port()?, PASSWORD, &arguments);
        let nodes = vec![node()?, node()?, node()?];
        let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port));
        let output = Command::new(program(&["redis-cli", "valkey-cli"], super::INSTALL)?)
            .args(["-a", PASSWORD, "--no-auth-warning", "--cluster", "create"])
            .args(addresses)
            .args(["--cluster-replicas", "0", "--cluster-yes"])
            .output()
            .context("form a cluster")?;
        ensure!(
            output.status.success(),
            "the cluster was not formed: {}",
            String::from_utf8_lossy(&output.stdout)
        );
        let cluster = Self {
            nodes,
            _folder: folder,
        };
        cluster.wait()?;
        Ok(cluster)
    }

    /// Returns the nodes' URLs separated by commas.
    #[must_use]
    pub fn urls(&self) -> String {
        super::urls(PASSWORD, &self.nodes)
    }

    /// Kills every node.
    ///
    /// # Errors
    /// If one does not run.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.nodes.iter_mut().try_for_each(TcpRedis::kill)
    }

    /// Starts the nodes again, with their data.
    ///
    /// # Errors
    /// If one does not start.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.nodes.iter_mut().try_for_each(TcpRedis::restart)?;
        self.wait()
    }

    fn wait(&self) -> anyhow::Result<()> {
        self.nodes.iter().try_for_each(|node| {
            node.wait_until("CLUSTER INFO", |reply| {
                reply.contains("cluster_state:ok") && reply.contains("cluster_known_nodes:3")
            })
        })
    }
}
