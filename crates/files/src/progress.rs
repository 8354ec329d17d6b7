//! The progress of reading a file, shared between its thread and its reader.

use std::{
    io::{self, Read, Seek, SeekFrom},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use accunode_ports::{PortError, files::OpenError};

use crate::fault;

/// Counts the bytes that were read from the store, and records a failure of the store, so
/// that it is never taken for a broken file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    read: AtomicU64,
    failure: Mutex<Option<io::Error>>,
}

impl Progress {
    pub(crate) fn bytes(&self) -> u64 {
        self.0.read.load(Ordering::Relaxed)
    }

    /// Records how far another process has read.
    pub(crate) fn has_read(&self, bytes: u64) {
        self.0.read.fetch_max(bytes, Ordering::Relaxed);
    }

    /// Returns the failure of the store, if there was one.
    pub(crate) fn take_failure(&self) -> Option<io::Error> {
        self.failure().take()
    }

    /// Returns the error of a file, unless the store is at fault.
    pub(crate) fn blame(&self, error: OpenError) -> OpenError {
        match self.failure().take() {
            Some(cause) => OpenError::Port(PortError::Unavailable {
                what: "file store",
                cause: cause.into(),
            }),
            None => error,
        }
    }

    /// Returns the error for a failed read of `what`.
    pub(crate) fn broken(&self, what: &str, error: &io::Error) -> OpenError {
        self.blame(fault::malformed(match error.kind() {
            io::ErrorKind::UnexpectedEof => format!("{what} is cut off"),
            _ => format!("{what} is damaged: {error}"),
        }))
    }

    fn failure(&self) -> std::sync::MutexGuard<'_, Option<io::Error>> {
        self.0
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader of a stored file that reports to a [`Progress`].
#[derive(Debug)]
pub(crate) struct Watched<R> {
    inner: R,
    progress: Progress,
}

impl<R> Watched<R> {
    pub(crate) const fn new(inner: R, progress: Progress) -> Self {
        Self { inner, progress }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(n) => {
                self.progress.0.read.fetch_add(n as u64, Ordering::Relaxed);
                Ok(n)
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Err(e),
            Err(e) => {
                let kind = e.kind();
                *self.progress.failure() = Some(e);
                Err(io::Error::new(kind, "the file store failed"))
            }
        }
    }
}

impl<R: Seek> Seek for Watched<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
