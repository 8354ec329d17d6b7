//! The parser process itself.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, BufWriter, Write},
    os::fd::AsFd,
    process::ExitCode,
};

use accunode_ports::files::{OpenError, SourceRow};

use super::{
    ParserSettings,
    frame::{Allowance, FrameWriter},
    request::Request,
    sandbox,
};
use crate::{
    parse::{Flow, Sink, TableEnd, TableStart, Task, parse},
    progress::Progress,
};

/// Becomes a parser process if the command line begins with [`ParserSettings::SUBCOMMAND`].
/// The program must then end with the returned code.
///
/// Call it before anything else: the process limits itself before it reads the file on its
/// standard input, whose rows it writes to its standard output.
#[must_use]
pub fn run_parser_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != ParserSettings::SUBCOMMAND {
        return None;
    }
    let arguments: Vec<OsString> = arguments.collect();
    // The text of a panic comes from an untrusted file, and is reported as a fault.
    std::panic::set_hook(Box::new(|_| ()));
    let Some(request) = Request::from_arguments(&arguments) else {
        return Some(ExitCode::from(2));
    };
    Some(match serve(&request) {
        Ok(()) => ExitCode::SUCCESS,
        // The service has closed the pipe, and knows why.
        Err(_) => ExitCode::FAILURE,
    })
}

fn serve(request: &Request) -> io::Result<()> {
    sandbox::close_inherited();
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    sandbox::enter(request.memory_bytes, request.cpu_seconds, request.parent)?;
    let mut frames = FrameWriter::new(BufWriter::with_capacity(64 << 10, output));
    frames.hello()?;
    answer(request, input, frames)
}

/// Reads a file and writes all frames about it.
pub(super) fn answer<W: Write>(
    request: &Request,
    input: File,
    frames: FrameWriter<W>,
) -> io::Result<()> {
    let progress = Progress::default();
    let mut sink = FrameSink {
        frames,
        progress: progress.clone(),
        peek: match request.task {
            Task::Peek { rows } => Some(rows),
            Task::Read { .. } => None,
        },
        left: u32::MAX,
        allowance: Allowance::of_peek(&request.limits),
        failed: None,
    };
    let end = parse(
        input,
        request.format,
        &request.task,
        &request.limits,
        &progress,
        &mut sink,
    );
    if let Some(error) = sink.failed {
        return Err(error);
    }
    let mut frames = sink.frames;
    frames.flush_rows(progress.bytes())?;
    match end {
        Ok(()) => frames.end(),
        Err(OpenError::Unreadable(fault)) => frames.fault(&fault.code, &fault.detail),
        Err(OpenError::Port(error)) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            frames.store_failed(&cause.unwrap_or_else(|| error.to_string()))
        }
    }
}

/// Writes rows as frames.
struct FrameSink<W> {
    frames: FrameWriter<W>,
    progress: Progress,
    /// The number of rows of each table that are wanted, if only its first ones are.
    peek: Option<u32>,
    /// The number of rows of this table that are left.
    left: u32,
    /// The budget of the first rows of all tables together.
    allowance: Allowance,
    failed: Option<io::Error>,
}

impl<W: Write> FrameSink<W> {
    fn flow(&mut self, written: io::Result<()>) -> Flow {
        if let Err(error) = written {
            self.failed = Some(error);
        }
        if self.failed.is_some() {
            Flow::Stop
        } else {
            Flow::Go
        }
    }
}

impl<W: Write> Sink for FrameSink<W> {
    fn table(&mut self, start: TableStart) -> Flow {
        if self.failed.is_some() {
            return Flow::Stop;
        }
        self.left = self.peek.unwrap_or(u32::MAX);
        let written = self.frames.table(&start);
        self.flow(written)
    }

    fn row(&mut self, row: SourceRow) -> Flow {
        if self.peek.is_some() {
            if self.left == 0 || !self.allowance.take(&row.cells) {
                return Flow::Stop;
            }
            self.left -= 1;
        }
        let written = self.frames.row(&row, self.progress.bytes());
        match self.flow(written) {
            Flow::Go if self.left > 0 => Flow::Go,
            _ => Flow::Stop,
        }
    }

    fn end(&mut self, end: TableEnd) {
        if self.failed.is_some() {
            return;
        }
        let bytes = self.progress.bytes();
        let written = self
            .frames
            .flush_rows(bytes)
            .and_then(|()| self.frames.table_end(&end));
        self.flow(written);
    }
}
