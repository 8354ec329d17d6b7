//! How slowly a client may take a response that keeps one of its tenant's places.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use accunode_tasks::Tasks;
use actix_web::http::StatusCode;
use tokio::{sync::oneshot, time::Instant};

use super::{problem::Problem, work::WorkPermit};

/// What a client must keep up with.
#[derive(Clone, Copy, Debug)]
struct Terms {
    /// The longest time for which it takes nothing.
    pause: Duration,
    /// The bytes a second that it takes at least, on average, while the next piece waits for it.
    rate: u64,
}

const TERMS: Terms = Terms {
    pause: Duration::from_secs(30),
    rate: 16 << 10,
};

/// Gives the place of a response back when its client takes it too slowly: nothing for 30 s, or,
/// over the time that the response waited for its client, less than 16 KiB a second after the first
/// 30 s. The response is broken off when the client continues. What the response itself waits
/// for, such as the database, does not count.
#[derive(Debug)]
pub(super) struct Pace {
    progress: Arc<Progress>,
    /// Its end tells the watch that the response has ended.
    _ended: oneshot::Sender<()>,
}

#[derive(Debug)]
struct Progress(Mutex<State>);

#[derive(Debug)]
struct State {
    terms: Terms,
    /// The place; `None` once it was given back.
    permit: Option<WorkPermit>,
    /// Since when the client could take the next piece, if it has not asked for more.
    waits_since: Option<Instant>,
    /// How long the client took for the pieces before.
    waited: Duration,
    sent: u64,
}

impl Pace {
    /// Holds the place, and begins to watch it.
    pub(super) fn watched(permit: WorkPermit, tasks: &Tasks) -> Self {
        Self::on_terms(TERMS, permit, tasks)
    }

    fn on_terms(terms: Terms, permit: WorkPermit, tasks: &Tasks) -> Self {
        let progress = Arc::new(Progress(Mutex::new(State {
            terms,
            permit: Some(permit),
            waits_since: Some(Instant::now()),
            waited: Duration::ZERO,
            sent: 0,
        })));
        let (ended, end) = oneshot::channel();
        tasks.background(watch(Arc::downgrade(&progress), end));
        Self {
            progress,
            _ended: ended,
        }
    }

    /// Notes that the client asks for the next piece.
    ///
    /// # Errors
    /// 408 if it was too slow.
    pub(super) fn resume(&self) -> Result<(), Problem> {
        if self.progress.lock().resume(Instant::now()) {
            return Ok(());
        }
        Err(Problem::of_status(StatusCode::REQUEST_TIMEOUT))
    }

    /// Notes that the client was given a piece.
    pub(super) fn sent(&self, bytes: usize) {
        self.progress.lock().wait(bytes, Instant::now());
    }
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns whether the client was fast enough until now.
    fn resume(&mut self, now: Instant) -> bool {
        self.give_back_if_late(now);
        if let Some(since) = self.waits_since.take() {
            self.waited += now.saturating_duration_since(since);
        }
        self.permit.is_some()
    }

    fn wait(&mut self, bytes: usize, now: Instant) {
        self.sent += bytes as u64;
        self.waits_since = Some(now);
    }

    /// Returns when the client is too slow; `None` while the response does not wait for it.
    fn deadline(&self) -> Option<Instant> {
        let Terms { pause, rate } = self.terms;
        let allowed = pause + Duration::from_secs(self.sent / rate);
        let left = allowed.saturating_sub(self.waited);
        Some(self.waits_since? + left.min(pause))
    }

    fn give_back_if_late(&mut self, now: Instant) {
        if self.deadline().is_some_and(|deadline| deadline <= now) && self.permit.take().is_some() {
            tracing::info!(
                sent = self.sent,
                waited_seconds = self.waited.as_secs(),
                "a client takes its response too slowly: its place was given back"
            );
        }
    }
}

/// Gives the place back in time, although a body is not polled while its client takes nothing.
async fn watch(progress: Weak<Progress>, mut end: oneshot::Receiver<()>) {
    loop {
        let until = {
            let Some(progress) = progress.upgrade() else {
                return;
            };
            let now = Instant::now();
            let mut state = progress.lock();
            state.give_back_if_late(now);
            if state.permit.is_none() {
                return;
            }
            state.deadline().unwrap_or(now + state.terms.pause)
        };
        tokio::select! {
            () = tokio::time::sleep_until(until) => {}
            _ = &mut end => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use accunode_ports::workload::Work;

    use super::*;
    use crate::http::work::{ConcurrencyLimits, WorkLimits};

    async fn state(now: Instant) -> State {
        State {
            terms: TERMS,
            permit: Some(WorkLimits::default().permit_of(Work::Export).await),
            waits_since: Some(now),
            waited: Duration::ZERO,
            sent: 0,
        }
    }

    #[tokio::test]
    async fn client_that_takes_nothing_for_30_seconds_loses_its_place() {
        for (seconds, keeps) in [(29, true), (30, false)] {
            let now = Instant::now();
            let mut state = state(now).await;
            assert!(state.resume(now));
            state.wait(100 << 20, now);
            let keeps_place = state.resume(now + Duration::from_secs(seconds));
            assert_eq!(keeps_place, keeps, "after {seconds} s");
        }
    }

    #[tokio::test]
    async fn client_that_takes_less_than_16_kib_a_second_loses_its_place() {
        for (seconds_each, pieces_taken) in [(1, 1_000), (2, 30)] {
            let mut now = Instant::now();
            let mut state = state(now).await;
            let mut pieces = 0;
            while state.resume(now) && pieces < 1_000 {
                state.wait(16 << 10, now);
                pieces += 1;
                now += Duration::from_secs(seconds_each);
            }
            assert_eq!(pieces, pieces_taken, "one in {seconds_each} s");
        }
    }

    #[tokio::test]
    async fn time_that_the_database_takes_does_not_count() {
        let mut now = Instant::now();
        let mut state = state(now).await;
        for _ in 0..10 {
            assert!(state.resume(now));
            now += Duration::from_secs(60);
            state.give_back_if_late(now);
            state.wait(1, now);
        }
        assert!(state.resume(now));
    }

    #[tokio::test]
    async fn place_of_a_client_that_takes_nothing_is_given_to_another() {
        let limits = WorkLimits::new(ConcurrencyLimits {
            export: 1,
            ..ConcurrencyLimits::default()
        });
        let at_once = Terms {
            pause: Duration::ZERO,
            ..TERMS
        };
        let held = limits.permit_of(Work::Export).await;
        let slow = Pace::on_terms(at_once, held, &Tasks::here());
        let another = limits.permit_of(Work::Export).await;
        assert!(slow.resume().is_err());
        // A response that ends gives its place back itself.
        let pace = Pace::watched(another, &Tasks::here());
        assert!(pace.resume().is_ok());
        drop(pace);
        drop(limits.permit_of(Work::Export).await);
    }
}
