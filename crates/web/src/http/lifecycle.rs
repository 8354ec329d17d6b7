//! The phases of a process, from the request to end until its end.

use accunode_ports::health::Failing;
use tokio::sync::watch;

/// The phase of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It serves.
    Serving,
    /// It is about to end and answers as before, while load balancers learn of it: it is
    /// not ready, and every response is the last one of its connection.
    Draining,
    /// It receives no more requests; streams end.
    Closing,
}

/// The phase of this process; all clones share it.
#[derive(Clone, Debug)]
pub struct Lifecycle(watch::Sender<Phase>);

impl Default for Lifecycle {
    fn default() -> Self {
        Self(watch::Sender::new(Phase::Serving))
    }
}

impl Lifecycle {
    /// Returns the phase.
    #[must_use]
    pub fn phase(&self) -> Phase {
        *self.0.borrow()
    }

    /// Moves to a later phase.
    pub fn enter(&self, phase: Phase) {
        self.0.send_if_modified(|now| {
            let is_later = phase > *now;
            *now = phase.max(*now);
            is_later
        });
    }

    /// Waits until streams must end.
    pub(crate) async fn closing(&self) {
        let mut phase = self.0.subscribe();
        if phase.wait_for(|now| *now == Phase::Closing).await.is_err() {
            // The sender lives in `self`.
            std::future::pending::<()>().await;
        }
    }

    /// Returns why no more requests should be sent here.
    pub(crate) fn failing(&self) -> Option<Failing> {
        (self.phase() > Phase::Serving).then(|| {
            Failing::new(
                "shutdown",
                "stopping",
                "this process is about to end; send requests to another one",
            )
        })
    }
}
