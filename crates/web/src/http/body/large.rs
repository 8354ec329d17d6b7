//! Large bodies: how many are in memory at once, and where they are parsed. A thread that
//! answers requests only parses small bodies, so that no request waits for another one's
//! large body.
//!
//! The memory is divided into places. A tenant gets a share of them, as of other work, and never
//! more than half. When all are taken, a body that has been arriving for longer than
//! [`UNDISTURBED`] has to make room for another tenant's or user's: those who send slowly, however
//! many accounts they have, delay others by that long at most.

use std::{
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use accunode_application::Error;
use accunode_ports::{
    slots::{Slot, Slots},
    workload::Workload,
};
use accunode_tasks::ComputeTurn;
use actix_web::http::StatusCode;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::Instant,
};
use uuid::Uuid;

use crate::http::problem::Problem;

/// The large bodies that may be received or parsed at once, in this process: 64 MiB.
const PLACES: usize = 32;
/// How long a body may arrive before it has to make room. A client of a usual connection sends
/// 2 MiB faster.
const UNDISTURBED: Duration = Duration::from_secs(2);
/// How long a body waits for memory, and then for its turn.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(5);
/// The bodies of one tenant that wait for one of its places.
const QUEUE: usize = 64;

static MEMORY: LazyLock<Arc<Memory>> = LazyLock::new(|| Memory::new(PLACES, UNDISTURBED));

/// The memory for large bodies.
#[derive(Debug)]
struct Memory {
    free: Arc<Semaphore>,
    places: usize,
    of_tenants: Slots<Uuid>,
    undisturbed: Duration,
    arriving: Mutex<Vec<Arriving>>,
}

/// A body that has a place, and is being received.
#[derive(Debug)]
struct Arriving {
    tenant: Uuid,
    since: Instant,
    make_room: oneshot::Sender<()>,
}

/// A place in the memory for large bodies, for one that is being received.
#[derive(Debug)]
pub(super) struct Place {
    held: HeldPlace,
    /// Resolves when the body has to make room.
    displaced: oneshot::Receiver<()>,
}

/// A place for a body that was received.
#[derive(Debug)]
pub(super) struct HeldPlace {
    _memory: OwnedSemaphorePermit,
    _of_tenant: Slot<Uuid>,
}

/// Reserves memory for one more large body of the present request's tenant.
///
/// # Errors
/// 503 if there is none for too long.
pub(super) async fn reserve() -> Result<Place, Problem> {
    within(MEMORY.reserve(Workload::current())).await?
}

impl Memory {
    fn new(places: usize, undisturbed: Duration) -> Arc<Self> {
        Arc::new(Self {
            free: Arc::new(Semaphore::new(places)),
            places,
            of_tenants: Slots::new(places.div_ceil(2)),
            undisturbed,
            arriving: Mutex::default(),
        })
    }

    async fn reserve(&self, workload: Workload) -> Result<Place, Problem> {
        // Every operation with large bodies has a caller.
        let tenant = workload.owner.unwrap_or_default();
        let share = workload.share_of(self.places).min(self.of_tenants.each());
        let of_tenant = self.of_tenants.acquire_within(tenant, share, QUEUE).await;
        let of_tenant = of_tenant.map_err(|full| Error::Unavailable(Box::new(full)))?;
        let memory = self.place().await?;
        let (make_room, displaced) = oneshot::channel();
        self.lock().push(Arriving {
            tenant,
            since: Instant::now(),
            make_room,
        });
        Ok(Place {
            held: HeldPlace {
                _memory: memory,
                _of_tenant: of_tenant,
            },
            displaced,
        })
    }

    /// Returns a free place, or that of a body which has to make room.
    async fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let closed = |closed| Problem::from(Error::Unavailable(Box::new(closed)));
        if let Ok(free) = self.free.clone().try_acquire_owned() {
            return Ok(free);
        }
        let mut free = std::pin::pin!(self.free.clone().acquire_owned());
        while let Err(until) = self.displace() {
            tokio::select! {
                free = &mut free => return free.map_err(closed),
                () = tokio::time::sleep_until(until) => {}
            }
        }
        free.await.map_err(closed)
    }

    /// Ends the body that has been arriving longest, of the tenant with most of them, or returns
    /// when to try again.
    fn displace(&self) -> Result<(), Instant> {
        let mut arriving = self.lock();
        arriving.retain(|body| !body.make_room.is_closed());
        let now = Instant::now();
        let of = |tenant| arriving.iter().filter(|body| body.tenant == tenant).count();
        let slow = arriving.iter().enumerate();
        let slow = slow.filter(|(_, body)| now - body.since >= self.undisturbed);
        let last = slow.max_by_key(|(_, body)| (of(body.tenant), now - body.since));
        let Some((last, _)) = last else {
            let oldest = arriving.iter().map(|body| body.since).min();
            return Err(oldest.unwrap_or(now) + self.undisturbed);
        };
        // A body that is complete by now frees its place itself.
        let _ = arriving.swap_remove(last).make_room.send(());
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arriving>> {
        // Nothing panics while the lock is held, and its data is consistent at any time.
        self.arriving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits for the next piece of a body.
    ///
    /// # Errors
    /// 408 if the body has to make room for another one.
    pub(super) async fn next<T>(&mut self, piece: impl Future<Output = T>) -> Result<T, Problem> {
        tokio::select! {
            biased;
            piece = piece => Ok(piece),
            Ok(()) = &mut self.displaced => Err(Problem::of_status(StatusCode::REQUEST_TIMEOUT)),
        }
    }

    /// Keeps the place for a body that was received.
    pub(super) fn arrived(self) -> HeldPlace {
        self.held
    }
}

/// Parses a large body on a thread that may block, when it is its turn.
///
/// # Errors
/// Those of `parse`; 503 if its turn does not come.
pub(super) async fn parse<T: Send + 'static>(
    place: HeldPlace,
    parse: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let turn = within(ComputeTurn::wait()).await?;
    // The memory is held as long as the work runs, also when its client has disconnected.
    turn.run(move || {
        let _place = place;
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

#[cfg(test)]
mod tests {
    use futures::{future::pending, poll};

    use super::*;

    fn of(tenant: u128, tenants: usize) -> Workload {
        Workload {
            owner: Some(Uuid::from_u128(tenant)),
            tenants,
            ..Workload::default()
        }
    }

    #[tokio::test]
    async fn tenant_gets_its_share_and_never_more_than_half() {
        let memory = Memory::new(8, Duration::from_secs(3_600));
        for (tenants, share) in [(1, 4), (2, 4), (4, 2), (99, 1)] {
            let mut places = Vec::new();
            for _ in 0..share {
                places.push(memory.reserve(of(1, tenants)).await.unwrap());
            }
            let mut next = Box::pin(memory.reserve(of(1, tenants)));
            assert!(poll!(&mut next).is_pending(), "{tenants}");
            let _another = memory.reserve(of(2, tenants)).await.unwrap();
            places.pop();
            assert!(next.await.is_ok());
        }
    }

    #[tokio::test]
    async fn slow_body_of_the_tenant_with_most_makes_room() {
        let memory = Memory::new(3, Duration::ZERO);
        let mut alone = memory.reserve(of(2, 1)).await.unwrap();
        let mut first = memory.reserve(of(1, 1)).await.unwrap();
        let mut second = memory.reserve(of(1, 1)).await.unwrap();
        let mut another = Box::pin(memory.reserve(of(3, 1)));
        assert!(poll!(&mut another).is_pending());
        let ended = first.next(pending::<()>()).await.unwrap_err();
        assert_eq!(ended.status(), StatusCode::REQUEST_TIMEOUT);
        for body in [&mut alone, &mut second] {
            let mut next = Box::pin(body.next(pending::<()>()));
            assert!(poll!(&mut next).is_pending());
        }
        drop(first);
        assert!(another.await.is_ok());
    }

    #[tokio::test]
    async fn body_makes_no_room_in_its_first_seconds_or_once_it_has_arrived() {
        let memory = Memory::new(1, Duration::from_secs(3_600));
        let mut arriving = memory.reserve(of(1, 1)).await.unwrap();
        let mut another = Box::pin(memory.reserve(of(2, 1)));
        assert!(poll!(&mut another).is_pending());
        assert_eq!(arriving.next(async { 7 }).await.unwrap(), 7);
        drop(another);

        let memory = Memory::new(1, Duration::ZERO);
        let arrived = memory.reserve(of(1, 1)).await.unwrap().arrived();
        let mut another = Box::pin(memory.reserve(of(2, 1)));
        assert!(poll!(&mut another).is_pending());
        drop(arrived);
        assert!(another.await.is_ok());
    }
}
