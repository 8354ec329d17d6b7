//! Signals that ask this process to end.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopSignal {
    /// Ctrl-C: a user at a terminal waits.
    Interrupt,
    /// SIGTERM: from a service manager, which allows some time.
    Terminate,
}

/// The signals that ask this process to end. As long as this value exists they do not end
/// it directly.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Starts listening.
    ///
    /// # Errors
    /// If the system does not allow listening for signals.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for a request, the first or a further one.
    pub(crate) async fn received(&mut self) -> StopSignal {
        tokio::select! {
            _ = self.interrupt.recv() => {
                tracing::info!("interrupted: stopping");
                StopSignal::Interrupt
            }
            _ = self.terminate.recv() => {
                tracing::info!("told to end: stopping");
                StopSignal::Terminate
            }
        }
    }
}
