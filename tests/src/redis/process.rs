//! A server of Redis as a process that ends with the tests.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// A process between the tests and the server, which ends the server when the pipe from the
/// tests is closed: then they have ended, in whatever way.
const KEEPER: &str = r#""$@" </dev/null >/dev/null & server=$!; echo "$server"; exec >&-; read -r _; kill "$server"; wait "$server""#;

/// A running server. It ends with this value, or with this process however that ends.
#[derive(Debug)]
pub(super) struct RedisProcess {
    keeper: Option<Child>,
    pid: Pid,
}

impl RedisProcess {
    /// Starts `redis-server` in a folder, with these arguments.
    pub(super) fn start<A: AsRef<OsStr>>(
        folder: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> anyhow::Result<Self> {
        let mut keeper = Command::new("/bin/sh")
            .args(["-c", KEEPER, "sh"])
            .arg(program(&["redis-server", "valkey-server"])?)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A signal that interrupts the tests must reach the keeper through the pipe
            // only.
            .process_group(0)
            .spawn()
            .context("start Redis for the tests")?;
        let mut line = String::new();
        let output = keeper.stdout.take().context("its process id")?;
        BufReader::new(output).read_line(&mut line)?;
        let pid = Pid::from_raw(line.trim().parse().context("its process id")?);
        Ok(Self {
            keeper: Some(keeper),
            pid,
        })
    }

    /// Kills it without a chance to clean up.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        ensure!(self.keeper.is_some(), "Redis does not run");
        self.signal(Signal::SIGKILL)?;
        self.end();
        Ok(())
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        kill(self.pid, signal).with_context(|| format!("send {signal} to Redis"))
    }

    /// Ends it and waits for that.
    pub(super) fn end(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            // A stopped process would not end.
            let _ = self.signal(Signal::SIGCONT);
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

impl Drop for RedisProcess {
    fn drop(&mut self) {
        self.end();
    }
}

/// Waits until the condition holds, 20 seconds at most. An error names the last lines of
/// the log.
pub(super) fn wait_until(
    what: &str,
    log: &Path,
    mut condition: impl FnMut() -> bool,
) -> anyhow::Result<()> {
    let end = Instant::now() + Duration::from_secs(20);
    while !condition() {
        if Instant::now() > end {
            let log = std::fs::read_to_string(log).unwrap_or_default();
            bail!("{what}: not within 20 seconds: {log}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Returns the first of these programs that this machine has.
pub(super) fn program(names: &[&str]) -> anyhow::Result<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no configuration struct"
    )]
    let path = std::env::var("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path)
        .chain(["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from))
        .collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|program| program.is_file())
        .with_context(|| format!("no {} was found: run scripts/install-redis.sh", names[0]))
}
