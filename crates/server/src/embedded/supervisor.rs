//! Starts the server, watches it, starts it again when it dies, and stops it in order.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::access::AccessFiles;
use super::binaries::Installation;
use super::identity::Identity;
use super::lock::StartLock;
use super::socket::{PORT, SocketFolder};
use super::{EmbeddedError, POLL, parent_death, postmaster};

/// How often the watching thread looks whether the server still runs.
const WATCH: Duration = Duration::from_millis(500);

/// Orderly first; harder when that does not end it.
const STOP_STEPS: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_secs(20)),
    (Signal::SIGQUIT, Duration::from_secs(10)),
    (Signal::SIGKILL, Duration::from_secs(5)),
];

/// A server that dies more often than this within [`RESTART_WINDOW`] is not started again.
const RESTARTS: usize = 5;
const RESTART_WINDOW: Duration = Duration::from_secs(120);

/// The log is put aside at a start when it has grown beyond this.
const LOG_BYTES: u64 = 16 * 1024 * 1024;

/// How much of the log a failed start quotes.
const TAIL_BYTES: usize = 1500;

/// Everything a start needs.
#[derive(Debug)]
pub(super) struct Launch {
    /// How long a start may take.
    pub(super) patience: Duration,
    pub(super) access: AccessFiles,
    pub(super) installation: Installation,
    pub(super) identity: Identity,
    pub(super) home: PathBuf,
    pub(super) data: PathBuf,
    pub(super) socket: SocketFolder,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) log: PathBuf,
}

/// The thread that owns the server. It starts the child itself, because the kernel ends
/// the child with the *thread* that started it, and a caller's thread may be short-lived.
#[derive(Debug)]
pub(super) struct Supervisor {
    thread: JoinHandle<Result<(), EmbeddedError>>,
    stop: Sender<()>,
}

impl Supervisor {
    /// Returns when the server accepts connections. The caller holds the start lock.
    pub(super) fn start(launch: Launch) -> Result<Self, EmbeddedError> {
        let (stop, stopped) = channel();
        let (report, started) = channel();
        let home = launch.home.clone();
        let thread = std::thread::Builder::new()
            .name("embedded-postgres".into())
            .spawn(move || match launch.run() {
                Ok(child) => {
                    // The caller waits for this in `recv` below.
                    let _ = report.send(Ok(()));
                    launch.watch(child, &stopped)
                }
                Err(error) => {
                    let _ = report.send(Err(error));
                    Ok(())
                }
            })
            .map_err(EmbeddedError::io("watch the server of", &home))?;
        started
            .recv()
            .map_err(|_| EmbeddedError::SupervisorGone)??;
        Ok(Self { thread, stop })
    }

    pub(super) fn stop(self) -> Result<(), EmbeddedError> {
        // Refused only when the thread has ended: then `join` says why.
        let _ = self.stop.send(());
        self.thread
            .join()
            .map_err(|_| EmbeddedError::SupervisorGone)?
    }
}

impl Launch {
    /// Starts the server and waits until it accepts connections.
    fn run(&self) -> Result<Child, EmbeddedError> {
        let end = Instant::now() + self.patience;
        let mut said = false;
        loop {
            postmaster::mend(&self.data)?;
            self.socket.clear()?;
            let mut log = self.open_log()?;
            let from = log
                .seek(SeekFrom::End(0))
                .map_err(EmbeddedError::io("read", &self.log))?;
            let mut child = self.spawn(&log)?;
            let Some(status) = self.wait_until_ready(&mut child, end)? else {
                tracing::info!(
                    pid = child.id(),
                    version = %self.installation.version,
                    directory = %self.home.display(),
                    "the embedded PostgreSQL runs"
                );
                return Ok(child);
            };
            // A busy backend of a killed server still uses its shared memory: it ends at
            // its next wait, within seconds.
            let tail = self.log_from(from)?;
            if !tail.contains("pre-existing shared memory") || Instant::now() > end {
                return Err(EmbeddedError::Ended {
                    status: status.to_string(),
                    log: self.log.clone(),
                    tail,
                });
            }
            if !said {
                tracing::warn!("waiting for sessions of a killed PostgreSQL to end");
                said = true;
            }
            std::thread::sleep(WATCH);
        }
    }

    fn spawn(&self, log: &File) -> Result<Child, EmbeddedError> {
        let program = self.installation.program("postgres");
        let output = || {
            log.try_clone()
                .map_err(EmbeddedError::io("write", &self.log))
        };
        let mut command = self.identity.command(&program, &self.data);
        command
            .arg("-D")
            .arg(&self.data)
            .arg("-k")
            .arg(self.socket.path())
            .args(["-p", &PORT.to_string()])
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "unix_socket_permissions=0700",
            ]);
        for setting in self.access.settings() {
            command.arg("-c").arg(setting);
        }
        for (name, value) in &self.settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command
            .stdout(output()?)
            .stderr(output()?)
            // Ctrl-C must reach this process only, which stops the server when it is done.
            .process_group(0);
        parent_death::interrupt_with_parent(&mut command);
        command
            .spawn()
            .map_err(EmbeddedError::io("start", &program))
    }

    /// `None`: ready. Otherwise how the server ended instead.
    fn wait_until_ready(
        &self,
        child: &mut Child,
        end: Instant,
    ) -> Result<Option<ExitStatus>, EmbeddedError> {
        loop {
            let status = child
                .try_wait()
                .map_err(EmbeddedError::io("wait for", &self.data))?;
            if status.is_some() {
                return Ok(status);
            }
            let ours = postmaster::running_pid(&self.data) == Some(child.id());
            if ours && postmaster::is_ready(&self.data) && self.socket.answers() {
                return Ok(None);
            }
            if Instant::now() > end {
                end_child(child, &self.data)?;
                return Err(EmbeddedError::NotReady {
                    seconds: self.patience.as_secs(),
                    log: self.log.clone(),
                });
            }
            std::thread::sleep(POLL);
        }
    }

    /// Until told to stop: starts the server again when it dies.
    fn watch(&self, mut child: Child, stopped: &Receiver<()>) -> Result<(), EmbeddedError> {
        let mut deaths: Vec<Instant> = Vec::new();
        loop {
            match stopped.recv_timeout(WATCH) {
                Err(RecvTimeoutError::Timeout) => {}
                // Told to, or whoever could tell is gone.
                Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                    // One that starts meanwhile waits and makes its own, instead of
                    // adopting a server that is going down.
                    let _lock = StartLock::acquire(&self.home);
                    end_child(&mut child, &self.data)?;
                    self.socket.remove_outside(&self.home);
                    return Ok(());
                }
            }
            let ended = child
                .try_wait()
                .map_err(EmbeddedError::io("wait for", &self.data))?;
            let Some(status) = ended else { continue };
            deaths.retain(|death| death.elapsed() < RESTART_WINDOW);
            deaths.push(Instant::now());
            if deaths.len() > RESTARTS {
                tracing::error!(%status, log = %self.log.display(), "the embedded PostgreSQL keeps dying: not started again");
                return Err(EmbeddedError::Ended {
                    status: status.to_string(),
                    log: self.log.clone(),
                    tail: String::new(),
                });
            }
            tracing::error!(%status, log = %self.log.display(), "the embedded PostgreSQL ended: starting it again");
            let _lock = StartLock::acquire(&self.home)?;
            if postmaster::running_pid(&self.data).is_some() {
                tracing::warn!(
                    "another process has started the embedded PostgreSQL meanwhile: it is that one's now"
                );
                return Ok(());
            }
            child = self.run().inspect_err(
                |error| tracing::error!(%error, "the embedded PostgreSQL cannot be started again"),
            )?;
        }
    }

    fn open_log(&self) -> Result<File, EmbeddedError> {
        if fs::metadata(&self.log).is_ok_and(|found| found.len() > LOG_BYTES) {
            fs::rename(&self.log, self.log.with_extension("log.1"))
                .map_err(EmbeddedError::io("put aside", &self.log))?;
        }
        OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&self.log)
            .map_err(EmbeddedError::io("open", &self.log))
    }

    fn log_from(&self, from: u64) -> Result<String, EmbeddedError> {
        let mut text = Vec::new();
        File::open(&self.log)
            .and_then(|mut log| {
                log.seek(SeekFrom::Start(from))?;
                log.read_to_end(&mut text)
            })
            .map_err(EmbeddedError::io("read", &self.log))?;
        let tail = &text[text.len().saturating_sub(TAIL_BYTES)..];
        Ok(String::from_utf8_lossy(tail).trim().to_owned())
    }
}

/// Ends the server: sessions are ended and everything is written, unless it takes too long.
fn end_child(child: &mut Child, data: &Path) -> Result<(), EmbeddedError> {
    let ended = |child: &mut Child| {
        child
            .try_wait()
            .map(|status| status.is_some())
            .map_err(EmbeddedError::io("wait for", data))
    };
    for (signal, patience) in STOP_STEPS {
        if ended(child)? {
            return Ok(());
        }
        // Not yet waited for, so the number cannot be another's.
        let _ = kill(Pid::from_raw(child.id().cast_signed()), signal);
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if ended(child)? {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
        tracing::warn!(%signal, pid = child.id(), "the embedded PostgreSQL does not end: trying harder");
    }
    Err(EmbeddedError::NotStopped { pid: child.id() })
}
