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

/// Becomes a parser process where the command line asks for one: it begins with
/// [`ParserSettings::SUBCOMMAND`]. The program must end with the code that this answers.
///
/// It is to be called first of all: the process limits itself before it looks at the
/// file behind its standard input, whose rows it writes to its standard output.
#[must_use]
pub fn run_parser_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != ParserSettings::SUBCOMMAND {
        return None;
    }
    let arguments: Vec<OsString> = arguments.collect();
    // What a panic says comes from a stranger's file, and is told as a fault.
    std::panic::set_hook(Box::new(|_| ()));
    let Some(request) = Request::from_arguments(&arguments) else {
        return Some(ExitCode::from(2));
    };
    Some(match serve(&request) {
        Ok(()) => ExitCode::SUCCESS,
        // The service does not listen any more, and knows why.
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

/// Reads a file and tells everything of it.
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
    /// How many rows of each table are wanted, where only its first ones are.
    peek: Option<u32>,
    /// How many of this table.
    left: u32,
    /// What the first rows of all tables may take together.
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
