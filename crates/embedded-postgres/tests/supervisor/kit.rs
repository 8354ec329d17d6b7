//! Helpers of the tests: a folder, the processes, and a second process.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use accunode_embedded_postgres::{EmbeddedOptions, EmbeddedPostgres};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// The variable with the folder that makes a re-executed test binary serve it.
const SERVE: &str = "ACCUNODE_TEST_SERVE";

/// Creates a temporary folder below /tmp, whose path is short.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir_in("/tmp").expect("a temporary folder")
}

/// Returns fast settings for disposable data.
pub(crate) fn options(home: &Path) -> EmbeddedOptions {
    EmbeddedOptions::new(home)
        .without_durability()
        .with_roles(["accunode_owner", "accunode_server"])
        .with_setting("shared_buffers", "16MB")
}

pub(crate) fn start(home: &Path) -> EmbeddedPostgres {
    EmbeddedPostgres::start(&options(home)).expect("the server starts")
}

/// Returns one value, queried from the running server.
pub(crate) fn ask(server: &EmbeddedPostgres, sql: &'static str) -> String {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(async {
            let options = server.superuser_options("postgres");
            let mut connection = PgConnection::connect_with(&options).await?;
            sqlx::query_scalar(sql).fetch_one(&mut connection).await
        })
        .expect("an answer")
}

/// Returns every process that works in the data folder: the server and its backends.
pub(crate) fn processes(home: &Path) -> Vec<i32> {
    let data = home.join("data");
    fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data))
        .collect()
}

/// Polls for a change by the kernel or another process, for which there is no event to
/// await.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid.cast_signed()), signal).expect("the process is there");
}

/// Another process that runs the server of a folder, until it is killed.
pub(crate) struct Service {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Service {
    /// Starts the process, without waiting for its server.
    pub(crate) fn spawn(home: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "kit::be_a_service", "--nocapture"])
            .env(SERVE, home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a second process");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, output }
    }

    /// Waits for its server and returns `(server's process id, adopted)`.
    pub(crate) fn ready(&mut self) -> (u32, bool) {
        let mut line = String::new();
        while self.output.read_line(&mut line).expect("its output") > 0 {
            if let Some((_, values)) = line.split_once("serving ") {
                let (pid, adopted) = values.trim().split_once(' ').expect("two words");
                return (
                    pid.parse().expect("a number"),
                    adopted.parse().expect("a bool"),
                );
            }
            line.clear();
        }
        panic!("the second process ended early");
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends the signal to the whole process group, as a terminal does, and waits.
    pub(crate) fn end(mut self, signal: Signal) {
        let group = Pid::from_raw(-self.pid().cast_signed());
        kill(group, signal).expect("the group is there");
        self.child.wait().expect("waited for");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test: [`Service::spawn`] runs it. Does nothing when run as a test.
#[test]
fn be_a_service() {
    let Some(home) = std::env::var_os(SERVE).map(PathBuf::from) else {
        return;
    };
    let server = start(&home);
    println!(
        "serving {} {}",
        server.pid().expect("it runs"),
        server.is_adopted()
    );
    loop {
        std::thread::park();
    }
}
