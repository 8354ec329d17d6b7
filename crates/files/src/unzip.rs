//! Inflating a gzip stream, never beyond the limits.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use crate::{Limits, progress::Progress};

/// Why unpacking was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Beyond {
    #[error("too many bytes per packed byte")]
    Ratio,
    #[error("too many bytes")]
    Size,
}

/// The inflated bytes of a gzip stream, under the limits.
pub(crate) struct Inflated<R> {
    inner: MultiGzDecoder<BufReader<R>>,
    limits: Limits,
    progress: Progress,
    inflated: u64,
}

impl<R: Read> Inflated<R> {
    /// Inflates `packed`, whose reads `progress` counts.
    pub(crate) fn new(packed: R, limits: &Limits, progress: &Progress) -> Self {
        Self {
            inner: MultiGzDecoder::new(BufReader::with_capacity(64 << 10, packed)),
            limits: limits.clone(),
            progress: progress.clone(),
            inflated: 0,
        }
    }
}

impl<R: Read> Read for Inflated<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.inflated += n as u64;
        if self.inflated > self.limits.inflated_bytes {
            return Err(io::Error::other(Beyond::Size));
        }
        if self.limits.is_bomb(self.progress.bytes(), self.inflated) {
            return Err(io::Error::other(Beyond::Ratio));
        }
        Ok(n)
    }
}
