//! The built program as a separate process.

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::TestUser;

/// Creates a folder below /tmp, because a socket's path must be short. The user that the
/// database server runs as can access it.
///
/// # Panics
/// If it cannot be created.
#[must_use]
pub fn data_folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new()
        .prefix("accunode-")
        .tempdir_in("/tmp")
        .expect("a folder");
    std::fs::set_permissions(
        folder.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .expect("readable");
    folder
}

/// Returns an address that is free now, for a process that will use it again after a
/// restart.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address")
}

/// Returns a command of the program with a data folder, fast settings and no limits.
#[must_use]
pub fn command(program: &str, data_dir: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("ACCUNODE_DATA_DIR", data_dir)
        .env("ACCUNODE_DRAIN_SECONDS", "0")
        .env("ACCUNODE_POSTGRES_SETTINGS_SHARED_BUFFERS", "32MB");
    for class in ["ADMIN", "AUTH", "READ", "SCORE", "UPLOAD", "WRITE"] {
        command.env(format!("ACCUNODE_LIMITS_{class}"), "0");
    }
    command
}

/// A running `accunode serve`. Killed when the value is dropped.
#[derive(Debug)]
pub struct Serving {
    child: Child,
    base: String,
    written: Arc<Mutex<String>>,
    reading: Option<JoinHandle<()>>,
}

impl Serving {
    /// Starts the program on a free port and waits until it reports that it serves.
    ///
    /// # Panics
    /// If it ends instead; the message shows its log.
    #[must_use]
    pub fn of(command: Command) -> Self {
        Self::at(command, SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// The same at an address.
    ///
    /// # Panics
    /// If it ends instead.
    #[must_use]
    pub fn at(command: Command, address: SocketAddr) -> Self {
        Self::until(command, address, "serves on http://")
    }

    /// Starts the program and waits until it listens, which may be before it can serve.
    ///
    /// # Panics
    /// If it ends instead.
    #[must_use]
    pub fn listening(command: Command) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::until(command, address, "listening on http://")
    }

    fn until(mut command: Command, address: SocketAddr, sign: &str) -> Self {
        let mut child = command
            .args(["serve", "--listen", &address.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut log = BufReader::new(child.stderr.take().expect("its log"));
        let (base, written) = wait_for_address(&mut log, sign);
        let written = Arc::new(Mutex::new(written));
        let into = written.clone();
        // Reading continues, so that the program can continue writing.
        let reading = std::thread::spawn(move || {
            let mut line = String::new();
            while log.read_line(&mut line).is_ok_and(|n| n > 0) {
                into.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push_str(&line);
                line.clear();
            }
        });
        Self {
            child,
            base,
            written,
            reading: Some(reading),
        }
    }

    /// Returns the process's id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the address on which it listens, such as `127.0.0.1:8080`.
    #[must_use]
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// Returns its URL, such as `http://127.0.0.1:8080`.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Returns an anonymous client for it.
    #[must_use]
    pub fn anonymous(&self) -> TestUser {
        TestUser::anonymous(&self.base)
    }

    /// Returns everything that it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Kills it at once, as the kernel does when memory is exhausted.
    ///
    /// # Panics
    /// If it does not run.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("waited for");
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// If it does not run.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"));
        kill(pid, signal).expect("it runs");
    }

    /// Asks it to end in order, and waits until it has.
    ///
    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn stop(self) -> ExitStatus {
        self.stop_with_log().0
    }

    /// The same, with everything that it logged.
    ///
    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn stop_with_log(self) -> (ExitStatus, String) {
        self.signal(Signal::SIGTERM);
        self.end()
    }

    /// Waits until it has ended, and returns its status and everything that it logged.
    ///
    /// # Panics
    /// If it cannot be waited for.
    #[must_use]
    pub fn end(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().expect("waited for");
        let reading = self.reading.take().expect("its log");
        reading.join().expect("its log");
        (status, self.log())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_for_address(log: &mut BufReader<ChildStderr>, sign: &str) -> (String, String) {
    let mut written = String::new();
    loop {
        let start = written.len();
        let n = log.read_line(&mut written).expect("its log");
        assert!(n > 0, "the program ended early:\n{written}");
        if let Some((_, rest)) = written[start..].split_once(sign) {
            let address = rest.split([',', ' ', '\n']).next().expect("an address");
            return (format!("http://{address}"), written);
        }
    }
}
