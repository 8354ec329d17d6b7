//! The wish of someone that this process ends.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// How someone asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Ctrl-C: someone at a terminal waits.
    Interrupt,
    /// SIGTERM: a service manager, which gives some time.
    Terminate,
}

/// The signals that ask this process to end. From when this exists they do not end it.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the system lets no one listen for signals.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits until someone asks, for the first time or again.
    pub(crate) async fn asked(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => {
                tracing::info!("interrupted: stopping");
                Asked::Interrupt
            }
            _ = self.terminate.recv() => {
                tracing::info!("told to end: stopping");
                Asked::Terminate
            }
        }
    }
}
