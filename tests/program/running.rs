//! The program while it serves.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
    time::{Duration, Instant},
};

use accunode_tests::Person;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// The program that was built for these tests.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_accunode-tested");

/// A data folder below the short /tmp, because a socket's path must be short.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new()
        .prefix("accunode-")
        .tempdir_in("/tmp")
        .expect("a folder");
    // Reachable for the user that the database server becomes.
    std::fs::set_permissions(
        folder.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .expect("readable");
    folder
}

/// The program with a data folder, quick settings and no limits.
pub(crate) fn command(data_dir: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("ACCUNODE_DATA_DIR", data_dir)
        .env("ACCUNODE_POSTGRES_SETTINGS_SHARED_BUFFERS", "32MB");
    for class in ["ADMIN", "AUTH", "READ", "SCORE", "UPLOAD", "WRITE"] {
        command.env(format!("ACCUNODE_LIMITS_{class}"), "0");
    }
    command
}

/// A running `accunode serve`. Killed with this value.
#[derive(Debug)]
pub(crate) struct Serving {
    child: Child,
    base: String,
    log: Option<std::thread::JoinHandle<String>>,
}

impl Serving {
    /// Starts it on a free port and waits until it says that it serves.
    pub(crate) fn start(data_dir: &Path) -> Self {
        Self::of(command(data_dir))
    }

    /// The same with settings of one's own.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut log = BufReader::new(child.stderr.take().expect("its log"));
        let (base, mut told) = wait_for_address(&mut log);
        // Read on, so that the program may go on telling.
        let log = std::thread::spawn(move || {
            while log.read_line(&mut told).is_ok_and(|n| n > 0) {}
            told
        });
        Self {
            child,
            base,
            log: Some(log),
        }
    }

    /// Nobody in particular, before it.
    pub(crate) fn nobody(&self) -> Person {
        Person::nobody(&self.base)
    }

    /// Its id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// Kills it on the spot, as the kernel does when memory ends.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("waited for");
    }

    /// Asks it to end in order, and waits until it has.
    pub(crate) fn stop(self) -> std::process::ExitStatus {
        self.stop_and_tell().0
    }

    /// The same, with everything that it logged.
    pub(crate) fn stop_and_tell(mut self) -> (std::process::ExitStatus, String) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"));
        kill(pid, Signal::SIGTERM).expect("it runs");
        let status = self.child.wait().expect("waited for");
        let log = self.log.take().expect("its log");
        (status, log.join().expect("its log"))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_for_address(log: &mut BufReader<ChildStderr>) -> (String, String) {
    let mut told = String::new();
    loop {
        let start = told.len();
        let n = log.read_line(&mut told).expect("its log");
        assert!(n > 0, "the program ended early:\n{told}");
        if let Some((_, rest)) = told[start..].split_once("serves on http://") {
            let address = rest.split([',', ' ']).next().expect("an address");
            return (format!("http://{address}"), told);
        }
    }
}

/// The processes that read uploads for the process with this id.
pub(crate) fn parser_processes(server: u32) -> Vec<u32> {
    let server = server.to_string();
    std::fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line);
            let mut arguments = line.split('\0');
            arguments.next() == Some("accunode-parser") && arguments.any(|text| text == server)
        })
        .collect()
}

/// The processes that work in the embedded database's data folder.
pub(crate) fn database_processes(data_dir: &Path) -> Vec<u32> {
    let data: PathBuf = data_dir.join("postgres/data");
    std::fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data)
        })
        .collect()
}

/// Waits for what other processes do: there is no event to await.
pub(crate) async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "not within 30 s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
