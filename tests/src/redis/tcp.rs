//! A server on a port of the loopback interface, with a password.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};

use super::start_server;
use crate::kept::{Kept, wait_until};

/// The distance between a cluster node's port and the port of its bus.
const BUS: u16 = 10_000;

/// The text that the last command returns.
const LAST: &str = "end-of-replies";

/// A server on a separate port.
#[derive(Debug)]
pub(super) struct TcpRedis {
    pub(super) port: u16,
    password: String,
    folder: PathBuf,
    arguments: Vec<String>,
    process: Kept,
}

impl TcpRedis {
    /// Starts a server in a folder and waits until it answers. `arguments` may name a
    /// configuration file first.
    pub(super) fn start(
        folder: &Path,
        port: u16,
        password: &str,
        arguments: &[&str],
    ) -> anyhow::Result<Self> {
        let folder = folder.join(port.to_string());
        std::fs::create_dir_all(&folder)?;
        let arguments: Vec<String> = arguments
            .iter()
            .map(|argument| (*argument).to_owned())
            .chain(
                [
                    ["--port", &port.to_string()],
                    ["--bind", "127.0.0.1"],
                    ["--requirepass", password],
                    ["--logfile", "redis.log"],
                ]
                .concat()
                .into_iter()
                .map(str::to_owned),
            )
            .collect();
        let process = start_server(&folder, &arguments)?;
        let server = Self {
            port,
            password: password.to_owned(),
            folder,
            arguments,
            process,
        };
        server.wait_until("ROLE", |reply| !reply.contains("-LOADING"))?;
        Ok(server)
    }

    /// Kills it without a chance to clean up.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill()
    }

    /// Starts it again at the same port.
    pub(super) fn restart(&mut self) -> anyhow::Result<()> {
        self.process.end();
        self.process = start_server(&self.folder, &self.arguments)?;
        self.wait_until("ROLE", |reply| !reply.contains("-LOADING"))
    }

    /// Waits until the reply to a command satisfies the condition.
    pub(super) fn wait_until(
        &self,
        command: &str,
        condition: impl Fn(&str) -> bool,
    ) -> anyhow::Result<()> {
        let log = self.folder.join("redis.log");
        wait_until(command, &log, || {
            self.ask(command).is_ok_and(|reply| condition(&reply))
        })
    }

    /// Returns the replies to `AUTH` and a command, as they are sent.
    pub(super) fn ask(&self, command: &str) -> anyhow::Result<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let limit = Duration::from_secs(1);
        let mut stream = TcpStream::connect_timeout(&address, limit)?;
        stream.set_read_timeout(Some(limit))?;
        // The reply to the last command shows that the others have been received. (Sentinels do
        // not know QUIT.)
        write!(
            stream,
            "AUTH {}\r\n{command}\r\nPING {LAST}\r\n",
            self.password
        )?;
        let mut replies = String::new();
        let mut buffer = [0; 4096];
        while !replies.contains(LAST) {
            let read = stream.read(&mut buffer)?;
            ensure!(read > 0, "the connection ended after: {replies}");
            replies.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
        ensure!(replies.starts_with("+OK"), "AUTH: {replies}");
        Ok(replies)
    }
}

/// Returns a free port whose bus port is also free.
pub(super) fn free_port() -> anyhow::Result<u16> {
    for _ in 0..100 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        // Ports that the system assigns may be above the last one with a bus.
        let port = if port > u16::MAX - BUS {
            port - 30_000
        } else {
            port
        };
        let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        drop(listener);
        if is_free(port) && is_free(port + BUS) {
            return Ok(port);
        }
    }
    None.context("no free port for a server of Redis")
}
