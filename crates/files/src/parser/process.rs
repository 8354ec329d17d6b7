//! A parser process, from the service's side.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use accunode_ports::{
    PortError,
    files::{OpenError, SourceRow},
};
use nix::sys::signal::Signal;

use super::{
    ParserSettings,
    frame::{Allowance, Frame, FrameError, FrameReader},
    pipe::Pipe,
    request::Request,
};
use crate::{
    fault,
    parse::{Flow, TableEnd, TableStart, Task},
    progress::{Progress, Watched},
};

/// The file that a parser process reads.
pub(crate) enum Input {
    /// A file of this machine, at its start.
    File(File),
    /// A stream, which is copied into the process's standard input.
    Stream(Box<dyn Read + Send>),
}

/// Receives the frames of a parser process.
pub(crate) trait Listener {
    /// A table begins.
    fn table(&mut self, start: TableStart) -> Flow;
    /// Some of its rows.
    fn rows(&mut self, rows: Vec<SourceRow>) -> Flow;
    /// It ends.
    fn table_end(&mut self, end: TableEnd) -> Flow;
}

/// A running parser process. It is killed when the value is dropped.
pub(crate) struct Process {
    child: Child,
    frames: FrameReader<Pipe<ChildStdout>>,
    request: Request,
}

impl Process {
    /// Starts a process that reads `input`.
    ///
    /// The thread that calls this must live as long as the process should: the kernel ends
    /// the process with it.
    ///
    /// # Errors
    /// `Unavailable` if no process can be started.
    pub(crate) fn start(
        settings: &ParserSettings,
        request: Request,
        input: Input,
        text: u64,
        patience: Duration,
        progress: &Progress,
        is_wanted: impl Fn() -> bool + Send + 'static,
    ) -> Result<Self, PortError> {
        let (stdin, stream) = match input {
            Input::File(file) => (Stdio::from(file), None),
            Input::Stream(bytes) => (Stdio::piped(), Some(bytes)),
        };
        let mut child = Command::new(&settings.program)
            .arg0("accunode-parser")
            .arg(ParserSettings::SUBCOMMAND)
            .args(request.to_arguments())
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(unavailable)?;
        if let (Some(stdin), Some(bytes)) = (child.stdin.take(), stream) {
            feed(stdin, bytes, progress).map_err(unavailable)?;
        }
        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| fault::internal("the parser process has no standard output"))?;
        let pipe = Pipe::new(stdout, patience, is_wanted);
        let allowance = match request.task {
            Task::Peek { .. } => Allowance::of_peek(&request.limits),
            Task::Read { .. } => Allowance::of_text(text),
        };
        let last_skipped = request.task.last_skipped();
        Ok(Self {
            child,
            frames: FrameReader::new(pipe, request.limits.clone(), last_skipped, allowance),
            request,
        })
    }

    /// Passes on everything that the process sends.
    pub(crate) fn forward(
        &mut self,
        progress: &Progress,
        listener: &mut dyn Listener,
    ) -> Result<(), OpenError> {
        match self.frames.next() {
            Ok(Frame::Hello) => {}
            Ok(_) => return Err(no_parser("it did not say that it is one").into()),
            Err(FrameError::Invalid(what)) => return Err(no_parser(what).into()),
            Err(FrameError::Io(error)) if is_unwanted(&error) => return Ok(()),
            Err(FrameError::Io(error)) => {
                let status = self.end();
                return Err(no_parser(format!("{error}; {}", described(status))).into());
            }
        }
        let (mut tables, mut in_table) = (0, false);
        let most = match self.request.task {
            Task::Peek { .. } => self.request.limits.sheets.max(1),
            Task::Read { .. } => 1,
        };
        loop {
            let flow = match self.frames.next() {
                Ok(Frame::Table(start)) if !in_table && tables < most => {
                    tables += 1;
                    in_table = true;
                    listener.table(start)
                }
                Ok(Frame::Rows(rows, read)) if in_table => {
                    progress.has_read(read);
                    listener.rows(rows)
                }
                Ok(Frame::TableEnd(end)) if in_table => {
                    in_table = false;
                    listener.table_end(end)
                }
                Ok(Frame::End) if tables > 0 && !in_table => return Ok(()),
                Ok(Frame::Fault(code, detail)) => return Err(fault::unreadable(&code, detail)),
                Ok(Frame::StoreFailed(detail)) => return Err(fault::store_failed(detail).into()),
                Ok(_) => return Err(senseless("frames out of order")),
                Err(FrameError::Invalid(what)) => return Err(senseless(what)),
                Err(FrameError::Io(error)) if is_unwanted(&error) => return Ok(()),
                Err(FrameError::Io(error)) if error.kind() == io::ErrorKind::TimedOut => {
                    return Err(fault::too_complex("the file takes too long to read"));
                }
                Err(FrameError::Io(_)) => {
                    let status = self.end();
                    return Err(self.verdict(status));
                }
            };
            if flow == Flow::Stop {
                return Ok(());
            }
        }
    }

    /// Returns why a process ended before it had sent everything.
    fn verdict(&self, status: Option<ExitStatus>) -> OpenError {
        tracing::warn!(
            status = described(status),
            "a parser process ended in the middle of a file"
        );
        let signal = status
            .and_then(|status| status.signal())
            .and_then(|signal| Signal::try_from(signal).ok());
        match signal {
            Some(Signal::SIGXCPU) => fault::too_complex(format_args!(
                "the file takes more than {} s of processor time to read",
                self.request.cpu_seconds
            )),
            // If memory is refused, the process aborts itself.
            Some(Signal::SIGABRT) => fault::too_complex(format_args!(
                "the file takes more than {} of memory to read",
                fault::bytes(self.request.memory_bytes)
            )),
            Some(Signal::SIGHUP | Signal::SIGINT | Signal::SIGQUIT | Signal::SIGTERM) => {
                unavailable("the parser process was told to end").into()
            }
            // The kernel sends SIGKILL when the machine's memory is exhausted.
            _ => fault::too_complex(format_args!(
                "the file cannot be read within the limits of its reader ({})",
                described(status)
            )),
        }
    }

    /// Makes sure that the process has ended, and returns its status.
    fn end(&mut self) -> Option<ExitStatus> {
        // A process that closes its pipe and lives on, or is silent and lives on, is
        // killed; one that has ended keeps its own status.
        for _ in 0..100 {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(GRACE);
        }
        // An error means that it has ended.
        drop(self.child.kill());
        self.child.wait().ok()
    }
}

/// Between closing its pipe and ending a process frees its memory; this is the interval of
/// a hundred checks.
const GRACE: Duration = Duration::from_millis(20);

impl Drop for Process {
    fn drop(&mut self) {
        // Errors mean that it has ended and was waited for.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Copies a stream into the process from a separate thread. `progress` records a failure of
/// the stream before the process sees an end.
fn feed(mut stdin: ChildStdin, bytes: Box<dyn Read + Send>, progress: &Progress) -> io::Result<()> {
    let mut bytes = Watched::new(bytes, progress.clone());
    thread::Builder::new()
        .name("accunode-feed".to_owned())
        .spawn(move || {
            // If the process does not want the rest, there is nothing to do.
            drop(io::copy(&mut bytes, &mut stdin));
        })?;
    Ok(())
}

fn is_unwanted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionAborted
}

fn described(status: Option<ExitStatus>) -> String {
    status.map_or_else(|| "unknown".to_owned(), |status| status.to_string())
}

fn unavailable(cause: impl Into<accunode_ports::error::Cause>) -> PortError {
    PortError::Unavailable {
        what: "parser of uploads",
        cause: cause.into(),
    }
}

/// The started program is not a parser, or could not become one: not the file's fault.
fn no_parser(why: impl std::fmt::Display) -> PortError {
    unavailable(format!("the parser process did not start: {why}"))
}

/// The process sends an invalid frame, after it has read the file.
fn senseless(what: &str) -> OpenError {
    tracing::warn!(what, "a parser process was not understood");
    fault::malformed("the file misleads its reader; save it again, or save its rows as CSV")
}
