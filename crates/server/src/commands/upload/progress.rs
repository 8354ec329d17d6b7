//! The progress of an upload, on a terminal.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar on a terminal, and nothing elsewhere.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new() -> Self {
        let bar = if io::stderr().is_terminal() {
            ProgressBar::new(0)
        } else {
            ProgressBar::hidden()
        };
        Self(bar.with_style(style("sending {wide_bar} {bytes}/{total_bytes} {eta}")))
    }

    /// Sets the number of bytes of the file.
    pub(super) fn bytes(&self, total: u64) {
        self.0.set_length(total);
        self.0.set_position(0);
    }

    /// Adds a number of sent bytes.
    pub(super) fn sent(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    /// Switches to counting rows.
    pub(super) fn rows(&self) {
        self.0.reset();
        self.0
            .set_style(style("rows {wide_bar} {human_pos}/{human_len} {eta}"));
    }

    pub(super) fn at(&self, done: u64, total: Option<u64>) {
        self.0.set_length(total.unwrap_or(done).max(done));
        self.0.set_position(done);
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }

    /// Returns the same bar, for the stream of the file.
    pub(super) fn shared(&self) -> Self {
        Self(self.0.clone())
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
