//! Work that keeps a processor busy for milliseconds.

use std::{num::NonZero, sync::LazyLock};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    task::JoinError,
};

/// One fewer than the processors, at least one: quick requests of others find a processor free.
static TURNS: LazyLock<Semaphore> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    Semaphore::new(processors.saturating_sub(1).max(1))
});

/// The right to keep a processor busy, as long as the value lives.
#[derive(Debug)]
pub struct ComputeTurn {
    /// The semaphore is never closed; `None` would only mean that nothing is limited.
    _permit: Option<SemaphorePermit<'static>>,
}

impl ComputeTurn {
    /// Waits for a turn, behind those who asked before.
    pub async fn wait() -> Self {
        Self {
            _permit: TURNS.acquire().await.ok(),
        }
    }

    /// Runs work in this turn, on a thread that may block. It runs to its end, and keeps the
    /// turn for as long, also if the caller no longer waits for it. It belongs to the current
    /// span.
    ///
    /// # Errors
    /// If the work panics.
    pub async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let span = tracing::Span::current();
        tokio::task::spawn_blocking(move || {
            let _turn = self;
            span.in_scope(work)
        })
        .await
    }
}

/// Runs work that keeps a processor busy for milliseconds in its turn ([`ComputeTurn`]).
///
/// # Errors
/// If the work panics.
pub async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    ComputeTurn::wait().await.run(work).await
}

#[cfg(test)]
mod tests {
    use futures::{future::join_all, poll};

    use super::*;

    #[tokio::test]
    async fn work_waits_until_fewer_processors_are_busy() {
        let all = TURNS.available_permits();
        let busy: Vec<_> = join_all((0..all).map(|_| ComputeTurn::wait())).await;
        let mut next = Box::pin(ComputeTurn::wait());
        assert!(poll!(&mut next).is_pending());
        drop(busy);
        assert_eq!(next.await.run(|| 1).await.unwrap(), 1);
        let panicked = compute(|| panic!("no")).await;
        assert!(panicked.unwrap_err().is_panic());
        assert_eq!(TURNS.available_permits(), all);
    }
}
