//! Starts the server, watches it, restarts it when it ends, and stops it in order.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::watch;

use super::access::AccessFiles;
use super::cancel::Cancel;
use super::condition::Condition;
use super::launch::Launch;
use super::lock::StartLock;
use super::{EmbeddedError, POLL, START_DEADLINE, postmaster};

/// How often the watching thread checks whether the server still runs.
const WATCH: Duration = Duration::from_millis(500);

/// The signals for stopping, from orderly to immediate, with the time that each may take.
const STOP_STEPS: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_secs(20)),
    (Signal::SIGQUIT, Duration::from_secs(10)),
    (Signal::SIGKILL, Duration::from_secs(5)),
];

/// The pauses between starts double from the first to the longest, without a limit on the
/// number of starts: what prevents the server from running (a full disk, a kill, memory)
/// passes, and no operator has to intervene.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The uptime after which a server that ended is restarted at once.
const STEADY: Duration = Duration::from_secs(60);

/// How often a long start is logged.
const STILL_STARTING: Duration = Duration::from_secs(10);

/// The size above which the log is renamed at a start.
const LOG_BYTES: u64 = 16 * 1024 * 1024;

/// The number of bytes of the log that an error quotes.
const TAIL_BYTES: usize = 1500;

/// The thread that owns the server. It starts the child itself, because the kernel ends the
/// child with the *thread* that started it, and a caller's thread may be short-lived.
#[derive(Debug)]
pub(super) struct Supervisor {
    thread: JoinHandle<Result<(), EmbeddedError>>,
    cancel: Cancel,
    condition: watch::Receiver<Condition>,
}

impl Supervisor {
    /// Starts the server and returns when it accepts connections. The caller holds the start
    /// lock. `adopts`: another process runs the server; this one takes over when it ends.
    pub(super) fn start(
        launch: Launch,
        adopts: bool,
        cancel: &Cancel,
    ) -> Result<Self, EmbeddedError> {
        let (report, started) = channel();
        let (condition, seen) = watch::channel(Condition::Starting);
        let home = launch.home.clone();
        let wish = cancel.clone();
        let thread = std::thread::Builder::new()
            .name("embedded-postgres".into())
            .spawn(move || {
                let first = if adopts {
                    Ok(None)
                } else {
                    launch.run(&wish).map(Some)
                };
                match first {
                    Ok(server) => {
                        // The caller waits for this in `recv` below.
                        let _ = report.send(Ok(()));
                        launch.supervise(server, &wish, &condition)
                    }
                    Err(error) => {
                        let _ = report.send(Err(error));
                        Ok(())
                    }
                }
            })
            .map_err(EmbeddedError::io("watch the server of", &home))?;
        started
            .recv()
            .map_err(|_| EmbeddedError::SupervisorGone)??;
        Ok(Self {
            thread,
            cancel: cancel.clone(),
            condition: seen,
        })
    }

    /// Returns the condition of the server. The sender belongs to the thread, and is dropped
    /// with it.
    pub(super) fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.clone()
    }

    pub(super) fn stop(self) -> Result<(), EmbeddedError> {
        self.cancel.cancel();
        self.thread
            .join()
            .map_err(|_| EmbeddedError::SupervisorGone)?
    }
}

/// The result of one start.
enum Attempt {
    Runs(Child),
    /// The server ended, with its status and the position in the log where this start begins.
    Ended(ExitStatus, u64),
}

impl Launch {
    /// Starts the server and waits until it accepts connections. That takes as long as its
    /// recovery: a recovery that is interrupted would begin again.
    pub(super) fn run(&self, cancel: &Cancel) -> Result<Child, EmbeddedError> {
        let end = Instant::now() + START_DEADLINE;
        let mut has_reported = false;
        loop {
            let before = postmaster::mend(&self.data)?;
            let attempt = self.attempt(cancel);
            if !matches!(attempt, Ok(Attempt::Runs(_)))
                && let Some(before) = before
            {
                postmaster::put_back(&self.data, &before)?;
            }
            let (status, from) = match attempt? {
                Attempt::Runs(child) => return Ok(child),
                Attempt::Ended(status, from) => (status, from),
            };
            // A busy backend of a killed server still uses its shared memory: it ends at its
            // next wait, within seconds.
            let tail = self.log_from(from)?;
            if !tail.contains("pre-existing shared memory") || Instant::now() > end {
                return Err(EmbeddedError::Ended {
                    status: status.to_string(),
                    is_disk_full: self.is_disk_full() || tail.contains("No space left on device"),
                    log: self.log.clone(),
                    tail,
                });
            }
            if !has_reported {
                tracing::warn!("waiting for sessions of a killed PostgreSQL to end");
                has_reported = true;
            }
            if cancel.wait(WATCH) {
                return Err(EmbeddedError::Cancelled);
            }
        }
    }

    /// Starts the server once.
    fn attempt(&self, cancel: &Cancel) -> Result<Attempt, EmbeddedError> {
        self.socket.clear()?;
        let access = AccessFiles::write(&self.home, &self.identity, &self.roles)?;
        let mut log = self.open_log()?;
        let from = log
            .seek(SeekFrom::End(0))
            .map_err(EmbeddedError::io("read", &self.log))?;
        let mut child = self.spawn(&access, &log)?;
        if let Some(status) = self.wait_until_ready(&mut child, cancel)? {
            return Ok(Attempt::Ended(status, from));
        }
        tracing::info!(
            pid = child.id(),
            version = %self.installation.version,
            directory = %self.home.display(),
            "the embedded PostgreSQL runs"
        );
        Ok(Attempt::Runs(child))
    }

    /// Returns `None` when it is ready, otherwise how the server ended.
    fn wait_until_ready(
        &self,
        child: &mut Child,
        cancel: &Cancel,
    ) -> Result<Option<ExitStatus>, EmbeddedError> {
        let mut last_report = Instant::now();
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
            if last_report.elapsed() > STILL_STARTING {
                last_report = Instant::now();
                tracing::info!(log = %self.log.display(), "the embedded PostgreSQL is still starting; after a crash it recovers first");
            }
            if cancel.wait(POLL) {
                self.end(child)?;
                return Err(EmbeddedError::Cancelled);
            }
        }
    }

    /// Restarts the server whenever it ends, until cancelled. `None`: the server belongs to
    /// another process.
    fn supervise(
        &self,
        mut server: Option<Child>,
        cancel: &Cancel,
        condition: &watch::Sender<Condition>,
    ) -> Result<(), EmbeddedError> {
        let mut pause = FIRST_PAUSE;
        loop {
            condition.send_replace(Condition::Running);
            let since = Instant::now();
            if self.watch(server.as_mut(), cancel)? {
                let Some(mut child) = server else {
                    return Ok(());
                };
                // A process that starts meanwhile waits and starts its own, instead of adopting
                // a server that is stopping.
                let _lock = StartLock::acquire(&self.home, &Cancel::default());
                self.end(&mut child)?;
                self.socket.remove_outside(&self.home);
                return Ok(());
            }
            let is_steady = since.elapsed() > STEADY;
            if is_steady {
                pause = FIRST_PAUSE;
            }
            let reason = if self.is_disk_full() {
                "disk_full"
            } else {
                "ended"
            };
            let first = if is_steady { Duration::ZERO } else { pause };
            match self.start_again(reason, first, &mut pause, cancel, condition) {
                Some(again) => server = again,
                None => return Ok(()),
            }
        }
    }

    /// Tries until the server runs (`None` inside: that of another process does). Returns
    /// `None` if cancelled.
    fn start_again(
        &self,
        mut reason: &'static str,
        first: Duration,
        pause: &mut Duration,
        cancel: &Cancel,
        condition: &watch::Sender<Condition>,
    ) -> Option<Option<Child>> {
        let mut wait = first;
        loop {
            condition.send_replace(Condition::Down {
                reason,
                pause: wait,
            });
            if cancel.wait(wait) {
                return None;
            }
            condition.send_replace(Condition::Starting);
            match self.try_again(cancel) {
                Ok(again) => {
                    *pause = (*pause * 2).min(LONGEST_PAUSE);
                    return Some(again);
                }
                Err(EmbeddedError::Cancelled) => return None,
                Err(error) => {
                    reason = if self.is_disk_full() {
                        "disk_full"
                    } else {
                        error.reason()
                    };
                    wait = *pause;
                    *pause = (*pause * 2).min(LONGEST_PAUSE);
                    tracing::error!(%error, reason, again_in_seconds = wait.as_secs(), "the embedded PostgreSQL cannot be started again yet");
                }
            }
        }
    }

    fn try_again(&self, cancel: &Cancel) -> Result<Option<Child>, EmbeddedError> {
        let _lock = StartLock::acquire(&self.home, cancel)?;
        if postmaster::running_pid(&self.data).is_some() {
            tracing::warn!(
                "another process has started the embedded PostgreSQL meanwhile: it is that one's now"
            );
            return Ok(None);
        }
        self.run(cancel).map(Some)
    }

    /// Returns when the server has ended (`false`), or when it was cancelled.
    fn watch(&self, mut child: Option<&mut Child>, cancel: &Cancel) -> Result<bool, EmbeddedError> {
        while !cancel.wait(WATCH) {
            match &mut child {
                Some(child) => {
                    let ended = child
                        .try_wait()
                        .map_err(EmbeddedError::io("wait for", &self.data))?;
                    if let Some(status) = ended {
                        tracing::error!(%status, log = %self.log.display(), "the embedded PostgreSQL ended: starting it again");
                        return Ok(false);
                    }
                }
                None if postmaster::running_pid(&self.data).is_none() => {
                    tracing::warn!("the embedded PostgreSQL of another process ended: starting it");
                    return Ok(false);
                }
                None => {}
            }
        }
        Ok(true)
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

    /// Stops the server: sessions are ended and everything is written, unless it takes too
    /// long.
    fn end(&self, child: &mut Child) -> Result<(), EmbeddedError> {
        let ended = |child: &mut Child| {
            child
                .try_wait()
                .map(|status| status.is_some())
                .map_err(EmbeddedError::io("wait for", &self.data))
        };
        for (signal, timeout) in STOP_STEPS {
            if ended(child)? {
                return Ok(());
            }
            // The process was not waited for yet, so its number cannot belong to another one.
            let _ = kill(Pid::from_raw(child.id().cast_signed()), signal);
            let end = Instant::now() + timeout;
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
}
