//! The Redis server that the tests share, and separate servers that a test may stop: one, a
//! master under Sentinel, or a cluster.

mod cluster;
mod sentinel;
mod tcp;

use std::{
    ffi::OsStr,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use anyhow::{Context, ensure};
use nix::sys::signal::Signal;
use tempfile::TempDir;
use uuid::Uuid;

use crate::kept::{Kept, program, wait_until};
pub use cluster::RedisCluster;
pub use sentinel::RedisSentinel;
use tcp::TcpRedis;

/// What installs its programs.
const INSTALL: &str = "scripts/install-redis.sh";

/// The variable with the URL of the run's server.
pub const REDIS_VARIABLE: &str = "ACCUNODE_TEST_REDIS_URL";

/// A disposable server on a Unix socket. It ends with this value, or with this process
/// however that ends. Its data survive a restart.
#[derive(Debug)]
pub struct Redis {
    process: Option<Kept>,
    folder: TempDir,
}

impl Redis {
    /// Starts a server in a temporary folder.
    ///
    /// # Errors
    /// If Redis is not installed, or does not start.
    pub fn start() -> anyhow::Result<Self> {
        let mut redis = Self {
            process: None,
            folder: folder()?,
        };
        redis.run()?;
        Ok(redis)
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// Returns its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Starts it again at the same address, with its data.
    ///
    /// # Errors
    /// If it does not start.
    pub fn run(&mut self) -> anyhow::Result<()> {
        let folder = self.folder.path();
        let socket = self.socket();
        let arguments = [
            ["--port", "0"].map(OsStr::new),
            ["--save", ""].map(OsStr::new),
            ["--appendonly", "yes"].map(OsStr::new),
            ["--appendfsync", "no"].map(OsStr::new),
            ["--logfile", "redis.log"].map(OsStr::new),
            [OsStr::new("--unixsocket"), socket.as_os_str()],
            [OsStr::new("--dir"), folder.as_os_str()],
        ];
        self.process = Some(start_server(folder, arguments.concat())?);
        wait_until("PING", &folder.join("redis.log"), || self.answers())
    }

    /// Kills it without a chance to clean up.
    ///
    /// # Errors
    /// If it does not run.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.take().context("a running Redis")?.kill()?;
        ensure!(!self.answers(), "Redis is dead and answers");
        Ok(())
    }

    /// Stops its process in the middle of any work: it accepts connections and does not
    /// answer.
    ///
    /// # Errors
    /// If it does not run.
    pub fn hang(&self) -> anyhow::Result<()> {
        self.signal(Signal::SIGSTOP)
    }

    /// Lets it continue.
    ///
    /// # Errors
    /// If it does not run.
    pub fn go_on(&self) -> anyhow::Result<()> {
        self.signal(Signal::SIGCONT)
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        self.process
            .as_ref()
            .context("a running Redis")?
            .signal(signal)
    }

    /// Deletes all its data.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn flush(&self) -> anyhow::Result<()> {
        let mut stream = UnixStream::connect(self.socket())?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"FLUSHALL\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        ensure!(&answer == b"+OK\r\n", "Redis did not flush");
        Ok(())
    }

    fn answers(&self) -> bool {
        let ask = || -> std::io::Result<bool> {
            let mut stream = UnixStream::connect(self.socket())?;
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            stream.write_all(b"PING\r\n")?;
            let mut answer = [0; 7];
            stream.read_exact(&mut answer)?;
            Ok(&answer == b"+PONG\r\n")
        };
        ask().unwrap_or(false)
    }

    /// Returns the URL of the server for this test: the run's, or one that is started for
    /// this process.
    ///
    /// # Panics
    /// If none can be started: then no test can continue.
    #[must_use]
    pub fn shared_url() -> &'static str {
        static URL: OnceLock<(String, Option<Redis>)> = OnceLock::new();
        let (url, _) = URL.get_or_init(|| {
            #[expect(
                clippy::disallowed_methods,
                reason = "tests have no configuration struct"
            )]
            if let Ok(url) = std::env::var(REDIS_VARIABLE) {
                return (url, None);
            }
            let server = Self::start().expect("a Redis for the tests");
            (server.url(), Some(server))
        });
        url
    }

    /// Returns a prefix of keys that no other test has.
    #[must_use]
    pub fn prefix() -> String {
        format!("test-{}", Uuid::new_v4().simple())
    }
}

/// Starts `redis-server` in a folder, with these arguments.
fn start_server<A: AsRef<OsStr>>(
    folder: &Path,
    arguments: impl IntoIterator<Item = A>,
) -> anyhow::Result<Kept> {
    let program = program(&["redis-server", "valkey-server"], INSTALL)?;
    Kept::start(&program, folder, arguments, None)
}

/// Creates a folder for servers. Its path is short, because a socket's must be.
fn folder() -> std::io::Result<TempDir> {
    tempfile::Builder::new()
        .prefix("accunode-redis-")
        .tempdir_in("/tmp")
}

/// Returns the servers' URLs separated by commas.
fn urls(password: &str, servers: &[TcpRedis]) -> String {
    let urls = servers
        .iter()
        .map(|server| format!("redis://:{password}@127.0.0.1:{}", server.port));
    urls.collect::<Vec<_>>().join(",")
}
