//! From the wish that the process ends to its end.

use accunode_ports::health::Failing;
use tokio::sync::watch;

/// How far a process is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It serves.
    Serving,
    /// It is to end and answers as before, while those who send it requests learn of it:
    /// it is not ready, and every answer is the last one of its connection.
    Draining,
    /// No one sends it requests any more; streams end.
    Closing,
}

/// The phase of this process; all clones are the same one.
#[derive(Clone, Debug)]
pub struct Lifecycle(watch::Sender<Phase>);

impl Default for Lifecycle {
    fn default() -> Self {
        Self(watch::Sender::new(Phase::Serving))
    }
}

impl Lifecycle {
    /// Where it stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        *self.0.borrow()
    }

    /// Goes on to a later phase.
    pub fn enter(&self, phase: Phase) {
        self.0.send_if_modified(|now| {
            let is_later = phase > *now;
            *now = phase.max(*now);
            is_later
        });
    }

    /// Returns when streams are to end.
    pub(crate) async fn closing(&self) {
        let mut phase = self.0.subscribe();
        if phase.wait_for(|now| *now == Phase::Closing).await.is_err() {
            // The sender lives in `self`.
            std::future::pending::<()>().await;
        }
    }

    /// Why no more requests should come here.
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
