//! Large bodies: how many are in memory at once, and where they are parsed. A thread that
//! answers requests only parses small bodies, so that no request waits for another one's
//! large body.

use std::time::Duration;

use accunode_application::Error;
use accunode_tasks::ComputeTurn;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::http::problem::Problem;

/// The large bodies that may be received or parsed at once, in this process: 64 MiB.
static MEMORY: Semaphore = Semaphore::const_new(32);
/// How long a body waits for memory, and then for its turn.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(5);

/// A share of the memory for large bodies.
pub(super) type MemoryPermit = SemaphorePermit<'static>;

/// Reserves memory for one more large body.
///
/// # Errors
/// 503 if there is none for too long.
pub(super) async fn reserve() -> Result<MemoryPermit, Problem> {
    let permit = within(MEMORY.acquire()).await?;
    Ok(permit.map_err(|closed| Error::Unavailable(Box::new(closed)))?)
}

/// Parses a large body on a thread that may block, when it is its turn.
///
/// # Errors
/// Those of `parse`; 503 if its turn does not come.
pub(super) async fn parse<T: Send + 'static>(
    permit: MemoryPermit,
    parse: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let turn = within(ComputeTurn::wait()).await?;
    // The memory is held as long as the work runs, also when its client has disconnected.
    turn.run(move || {
        let _permit = permit;
        parse()
    })
    .await
    .map_err(|panic| Error::Internal(Box::new(panic)))?
}

/// Waits for a place of a large body, though not for long.
async fn within<T>(place: impl Future<Output = T>) -> Result<T, Problem> {
    let place = tokio::time::timeout(PERMIT_TIMEOUT, place).await;
    Ok(place.map_err(|_| Error::Unavailable("too many large bodies at once".into()))?)
}
