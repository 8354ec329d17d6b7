//! The Redis server that the tests share, and one of a test's own to take down.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::{net::UnixStream, process::CommandExt},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;
use uuid::Uuid;

/// Where a run's server is told to its tests.
pub const REDIS_VARIABLE: &str = "ACCUNODE_TEST_REDIS_URL";

/// Lives between the tests and the server, and ends it when the pipe from the tests is
/// closed: they are done, or dead.
const KEEPER: &str = r#""$@" </dev/null >/dev/null & server=$!; echo "$server"; exec >&-; read -r _; kill "$server"; wait "$server""#;

/// A throw-away server on a Unix socket. It ends with this value, or with this process
/// however that dies. What it was told outlives a restart.
#[derive(Debug)]
pub struct Redis {
    keeper: Option<Child>,
    server: Pid,
    folder: TempDir,
}

impl Redis {
    /// Starts a server in a folder of its own.
    ///
    /// # Errors
    /// Where Redis is not installed, or does not start.
    pub fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("accunode-redis-")
            .tempdir_in("/tmp")?;
        let mut redis = Self {
            keeper: None,
            server: Pid::this(),
            folder,
        };
        redis.run()?;
        Ok(redis)
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Starts it again at the same address, with what it knew.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn run(&mut self) -> anyhow::Result<()> {
        let program = program()?;
        let mut keeper = Command::new("/bin/sh")
            .args(["-c", KEEPER, "sh"])
            .arg(&program)
            .args(["--port", "0", "--save", "", "--appendonly", "yes"])
            .args(["--appendfsync", "no", "--logfile", "redis.log"])
            .arg("--unixsocket")
            .arg(self.socket())
            .arg("--dir")
            .arg(self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What interrupts the tests must reach the keeper by the pipe alone.
            .process_group(0)
            .spawn()
            .context("start Redis for the tests")?;
        let mut line = String::new();
        let told = keeper.stdout.take().context("its process id")?;
        BufReader::new(told).read_line(&mut line)?;
        self.server = Pid::from_raw(line.trim().parse().context("its process id")?);
        self.keeper = Some(keeper);
        let end = Instant::now() + Duration::from_secs(20);
        while !self.answers() {
            if Instant::now() > end {
                let log = std::fs::read_to_string(self.folder.path().join("redis.log"));
                bail!("Redis does not answer: {}", log.unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Kills it on the spot.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        kill(self.server, Signal::SIGKILL).context("kill Redis")?;
        self.end();
        ensure!(!self.answers(), "Redis is dead and answers");
        Ok(())
    }

    /// Stops it in the middle of whatever it does: it takes connections and answers nothing.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn hang(&self) -> anyhow::Result<()> {
        kill(self.server, Signal::SIGSTOP).context("stop Redis")
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn go_on(&self) -> anyhow::Result<()> {
        kill(self.server, Signal::SIGCONT).context("let Redis go on")
    }

    /// Makes it forget everything.
    ///
    /// # Errors
    /// Where it does not answer.
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

    fn end(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            // One that hangs would not end; one that is dead needs nothing.
            let _ = self.go_on();
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }

    /// The URL of the server that this test is to use: the run's, or one that is
    /// started for this process.
    ///
    /// # Panics
    /// Where none can be started: no test can go on then.
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

    /// A prefix of keys that nobody else has.
    #[must_use]
    pub fn prefix() -> String {
        format!("test-{}", Uuid::new_v4().simple())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.end();
    }
}

/// The first server that is on this machine.
fn program() -> anyhow::Result<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no configuration struct"
    )]
    let path = std::env::var("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path)
        .chain(["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from))
        .collect();
    ["redis-server", "valkey-server"]
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|program| program.is_file())
        .context("no redis-server was found: run scripts/install-redis.sh")
}
