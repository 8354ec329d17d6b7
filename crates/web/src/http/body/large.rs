//! Large bodies: how many are in memory at once, and where they are parsed. A thread that
//! answers requests only parses small bodies, so that no request waits for another one's
//! large body.

use std::time::Duration;

use accunode_application::Error;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::http::problem::Problem;

/// The large bodies that may be received or parsed at once, in this process: 64 MiB.
static MEMORY: Semaphore = Semaphore::const_new(32);
/// The large bodies that are parsed at once.
static TURNS: Semaphore = Semaphore::const_new(2);
/// How long a body waits for memory, and then for its turn.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(5);

/// A share of the memory for large bodies.
pub(super) type MemoryPermit = SemaphorePermit<'static>;

/// Reserves memory for one more large body.
///
/// # Errors
/// 503 if there is none for too long.
pub(super) async fn reserve() -> Result<MemoryPermit, Problem> {
    acquire(&MEMORY).await
}

/// Parses a large body on a thread that may block, when it is its turn.
///
/// # Errors
/// Those of `parse`; 503 if its turn does not come.
pub(super) async fn parse<T: Send + 'static>(
    permit: MemoryPermit,
    parse: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let turn = acquire(&TURNS).await?;
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || {
        // Both are held as long as the work runs, also when its client has disconnected.
        let _held = (permit, turn);
        span.in_scope(parse)
    })
    .await
    .map_err(|panic| Error::Internal(Box::new(panic)))?
}

async fn acquire(semaphore: &'static Semaphore) -> Result<SemaphorePermit<'static>, Problem> {
    let busy = |cause| Error::Unavailable(cause);
    let permit = tokio::time::timeout(PERMIT_TIMEOUT, semaphore.acquire())
        .await
        .map_err(|_| busy("too many large bodies at once".into()))?
        .map_err(|closed| busy(Box::new(closed)))?;
    Ok(permit)
}
