//! The pipe from a parser process, read with a time limit.

use std::{
    io::{self, Read},
    os::fd::AsFd,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};

/// How often it is checked whether a caller still waits for the file.
const SLICE_MILLISECONDS: u16 = 100;

/// A pipe with a time limit for all waits together, which is only read while the result is
/// wanted.
pub(super) struct Pipe<R> {
    inner: R,
    left: Duration,
    is_wanted: Box<dyn Fn() -> bool + Send>,
}

impl<R> Pipe<R> {
    pub(super) fn new(
        inner: R,
        patience: Duration,
        is_wanted: impl Fn() -> bool + Send + 'static,
    ) -> Self {
        Self {
            inner,
            left: patience,
            is_wanted: Box::new(is_wanted),
        }
    }
}

impl<R: Read + AsFd> Read for Pipe<R> {
    /// Returns `TimedOut` after the time limit, `ConnectionAborted` if the result is not
    /// wanted any more.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !(self.is_wanted)() {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            if self.left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let start = Instant::now();
            let mut watched = [PollFd::new(self.inner.as_fd(), PollFlags::POLLIN)];
            let ready = poll(&mut watched, PollTimeout::from(SLICE_MILLISECONDS));
            self.left = self.left.saturating_sub(start.elapsed());
            match ready {
                Ok(0) | Err(Errno::EINTR) => {}
                // There are data, or the end: a read does not block in either case.
                Ok(_) => return self.inner.read(buffer),
                Err(error) => return Err(error.into()),
            }
        }
    }
}
