//! A server as a process that ends with the tests.

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
pub(crate) struct Kept {
    keeper: Option<Child>,
    pid: Pid,
}

impl Kept {
    /// Starts a program in a folder, with these arguments. As root it runs as `account`, if one
    /// is given: a user and their group.
    pub(crate) fn start<A: AsRef<OsStr>>(
        program: &Path,
        folder: &Path,
        arguments: impl IntoIterator<Item = A>,
        account: Option<(u32, u32)>,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new("/bin/sh");
        if let Some((user, group)) = account {
            command.uid(user).gid(group);
        }
        let mut keeper = command
            .args(["-c", KEEPER, "sh"])
            .arg(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A signal that interrupts the tests must reach the keeper through the pipe
            // only.
            .process_group(0)
            .spawn()
            .context("start a server for the tests")?;
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
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        ensure!(self.keeper.is_some(), "the server does not run");
        self.signal(Signal::SIGKILL)?;
        self.end();
        Ok(())
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        kill(self.pid, signal).with_context(|| format!("send {signal} to a server"))
    }

    /// Ends it and waits for that.
    pub(crate) fn end(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            // A stopped process would not end.
            let _ = self.signal(Signal::SIGCONT);
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.end();
    }
}

/// Waits until the condition holds, 20 seconds at most. An error names the last lines of
/// the log.
pub(crate) fn wait_until(
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

/// Returns the first of these programs that this machine has; `script` installs it.
pub(crate) fn program(names: &[&str], script: &str) -> anyhow::Result<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no configuration struct"
    )]
    let path = std::env::var("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path)
        .chain(
            [
                "/usr/local/bin",
                "/usr/bin",
                "/usr/sbin",
                "/opt/homebrew/bin",
            ]
            .map(PathBuf::from),
        )
        .collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|program| program.is_file())
        .with_context(|| format!("no {} was found: run {script}", names[0]))
}
