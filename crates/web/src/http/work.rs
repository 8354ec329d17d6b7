//! How many requests of each kind of work one tenant has in progress at once, so that another
//! tenant does not wait for them.
//!
//! The kind of work is declared in the operation's policy. [`begin`], the last step of extracting
//! an `Authenticated`, takes one of the tenant's places for it, waits for one in a queue, or
//! refuses. A read or a score gives its place back as soon as there is a response; expensive work
//! keeps it until the last byte was written, the client has disconnected, or is too slow
//! ([`Pace`](super::pace::Pace)). Places are counted in the process: each node has its own.
//!
//! The places of a kind are divided among the tenants that send requests at present
//! ([`ActiveTenants`]), so that a tenant alone has them all, and beside others does not keep every
//! processor busy.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use accunode_ports::{
    slots::{Slot, Slots},
    workload::{Work, Workload},
};
use actix_web::{
    HttpMessage, HttpRequest,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use uuid::Uuid;

use super::{active_tenants::ActiveTenants, problem::Problem, route::Endpoint};

/// Whose places a request takes: the tenant's, and a hash of the operation if each operation of
/// the kind has places of its own.
type PlaceKey = (Uuid, u64);

/// How requests of a kind of work take their places.
#[derive(Clone, Copy, Debug)]
struct Terms {
    /// How long a request waits for a place.
    wait: Duration,
    /// The number of requests of one tenant that wait for each of its places.
    queue: usize,
    /// Whether the place is kept until the response was sent.
    keeps: bool,
    /// Whether each operation has places of its own: reads of a table that is locked then delay
    /// no others.
    per_operation: bool,
    /// Whether the places are divided among the active tenants.
    divided: bool,
}

impl Terms {
    /// Places are free again within milliseconds: many requests can wait, in their order.
    const QUICK: Self = Self {
        wait: Duration::from_secs(5),
        queue: 256,
        keeps: false,
        per_operation: true,
        divided: true,
    };
    const EXPENSIVE: Self = Self {
        wait: Duration::from_secs(2),
        queue: 16,
        keeps: true,
        per_operation: false,
        divided: true,
    };

    fn key(self, tenant: Uuid, operation: &str) -> PlaceKey {
        if !self.per_operation {
            return (tenant, 0);
        }
        let mut hasher = DefaultHasher::new();
        operation.hash(&mut hasher);
        (tenant, hasher.finish())
    }

    const fn of(work: Work) -> Self {
        match work {
            Work::Unlimited | Work::Read | Work::Score => Self::QUICK,
            Work::Search | Work::Export | Work::Analytics | Work::Batch => Self::EXPENSIVE,
            // The check of a file before it is accepted may take seconds. The processes that check
            // are limited themselves.
            Work::Upload => Self {
                wait: Duration::from_secs(10),
                divided: false,
                ..Self::EXPENSIVE
            },
        }
    }
}

/// Seconds after which to repeat a request: running work takes about as long.
const RETRY_AFTER: u32 = 2;

/// The number of requests of each kind of work that one tenant may have at once; 0 for no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the kinds of work")]
pub struct ConcurrencyLimits {
    pub read: usize,
    pub score: usize,
    pub search: usize,
    pub export: usize,
    pub analytics: usize,
    pub batch: usize,
    pub upload: usize,
}

impl ConcurrencyLimits {
    const fn of(self, work: Work) -> usize {
        match work {
            Work::Unlimited => 0,
            Work::Read => self.read,
            Work::Score => self.score,
            Work::Search => self.search,
            Work::Export => self.export,
            Work::Analytics => self.analytics,
            Work::Batch => self.batch,
            Work::Upload => self.upload,
        }
    }
}

impl Default for ConcurrencyLimits {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, NonZero::get);
        Self {
            // Enough to keep every processor busy while one more waits for the database.
            read: processors.clamp(2, 31) + 1,
            score: 2,
            search: 2,
            export: 2,
            analytics: 2,
            batch: 2,
            upload: 4,
        }
    }
}

/// The places of every tenant, and the number of refusals. Cloning shares them.
#[derive(Clone, Debug)]
pub struct WorkLimits(Arc<Limits>);

#[derive(Debug)]
struct Limits {
    kinds: Vec<Kind>,
    active: ActiveTenants,
}

#[derive(Debug)]
struct Kind {
    work: Work,
    places: Option<Slots<PlaceKey>>,
    running: AtomicU64,
    refused: AtomicU64,
}

/// The figures of one kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkFigures {
    /// The limit on requests of one tenant at once; `None` for no limit.
    pub at_most: Option<usize>,
    /// Requests in progress.
    pub running: u64,
    /// Refused requests.
    pub refused: u64,
}

/// A tenant's place for one kind of work.
#[derive(Debug)]
pub(super) struct WorkPermit {
    limits: WorkLimits,
    kind: usize,
    _slot: Option<Slot<PlaceKey>>,
}

impl WorkLimits {
    /// Creates this number of places for every tenant.
    #[must_use]
    pub fn new(at_once: ConcurrencyLimits) -> Self {
        let kinds = Work::LIMITED.iter().map(|work| Kind {
            work: *work,
            places: match at_once.of(*work) {
                0 => None,
                places => Some(Slots::new(places)),
            },
            running: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        });
        Self(Arc::new(Limits {
            kinds: kinds.collect(),
            active: ActiveTenants::new(),
        }))
    }

    /// Returns the figures of each kind.
    pub fn figures(&self) -> impl Iterator<Item = (Work, WorkFigures)> {
        self.0.kinds.iter().map(|kind| {
            let figures = WorkFigures {
                at_most: kind.places.as_ref().map(Slots::each),
                running: kind.running.load(Ordering::Relaxed),
                refused: kind.refused.load(Ordering::Relaxed),
            };
            (kind.work, figures)
        })
    }

    /// Returns the workload of a request that begins now.
    fn workload(&self, work: Work, tenant: Uuid) -> Workload {
        Workload {
            work,
            owner: Some(tenant),
            tenants: self.0.active.note(tenant),
            may_read_late: false,
        }
    }

    /// Returns a place for a workload of this tenant, or `None` for work that needs none.
    async fn enter(
        &self,
        workload: Workload,
        tenant: Uuid,
        operation: &str,
    ) -> Result<Option<WorkPermit>, Problem> {
        let work = workload.work;
        let Some(at) = self.0.kinds.iter().position(|kind| kind.work == work) else {
            return Ok(None);
        };
        let kind = &self.0.kinds[at];
        let slot = match &kind.places {
            None => None,
            Some(places) => {
                let terms = Terms::of(work);
                let share = if terms.divided {
                    workload.share_of(places.each())
                } else {
                    places.each()
                };
                let slot = places.acquire_within(
                    terms.key(tenant, operation),
                    share,
                    terms.queue * places.each(),
                );
                match tokio::time::timeout(terms.wait, slot).await {
                    Ok(Ok(slot)) => Some(slot),
                    Ok(Err(_)) | Err(_) => {
                        kind.refused.fetch_add(1, Ordering::Relaxed);
                        return Err(too_many(work, share));
                    }
                }
            }
        };
        kind.running.fetch_add(1, Ordering::Relaxed);
        Ok(Some(WorkPermit {
            limits: self.clone(),
            kind: at,
            _slot: slot,
        }))
    }
}

impl Default for WorkLimits {
    fn default() -> Self {
        Self::new(ConcurrencyLimits::default())
    }
}

impl Drop for WorkPermit {
    fn drop(&mut self) {
        if let Some(kind) = self.limits.0.kinds.get(self.kind) {
            kind.running.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn too_many(work: Work, at_most: usize) -> Problem {
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_at_once",
        format!(
            "at most {at_most} requests of the kind `{}` of your organization are worked on at once; \
             try again in {RETRY_AFTER} s",
            work.as_str()
        ),
    )
    .with_header(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER))
}

/// Takes the tenant's place for this work, and makes it the workload of the request.
///
/// # Errors
/// 429 `too_many_at_once`.
pub(crate) async fn begin(
    request: &HttpRequest,
    limits: &WorkLimits,
    work: Work,
    tenant: Uuid,
    may_read_late: bool,
) -> Result<(), Problem> {
    let operation = Endpoint::of(request).map_or("", Endpoint::path);
    let workload = Workload {
        may_read_late,
        ..limits.workload(work, tenant)
    };
    let permit = limits.enter(workload, tenant, operation).await?;
    workload.assign();
    if let Some(permit) = permit {
        request
            .extensions_mut()
            .insert(StartedWork { workload, permit });
    }
    Ok(())
}

/// What a request has begun, in its extensions until there is a response.
#[derive(Debug)]
pub(super) struct StartedWork {
    pub(super) workload: Workload,
    pub(super) permit: WorkPermit,
}

/// Returns what the response of a request keeps until its body ends: expensive work keeps its
/// place, and the body's own work counts as the request's. The place of other work is given back.
pub(super) fn kept(request: &HttpRequest) -> Option<StartedWork> {
    let begun = request.extensions_mut().remove::<StartedWork>();
    begun.filter(|begun| Terms::of(begun.workload.work).keeps)
}

#[cfg(test)]
impl WorkLimits {
    /// Returns a place for this work, which is limited.
    pub(super) async fn permit_of(&self, work: Work) -> WorkPermit {
        let tenant = Uuid::from_u128(1);
        let permit = self.enter(self.workload(work, tenant), tenant, "").await;
        permit.unwrap().unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Begins this work of a tenant beside whom no other is active.
    async fn enter(
        limits: &WorkLimits,
        work: Work,
        tenant: Uuid,
        operation: &str,
    ) -> Result<Option<WorkPermit>, Problem> {
        let workload = Workload {
            work,
            owner: Some(tenant),
            tenants: 1,
            ..Workload::default()
        };
        limits.enter(workload, tenant, operation).await
    }

    #[tokio::test]
    async fn concurrent_work_is_limited_per_tenant() {
        let limits = WorkLimits::new(ConcurrencyLimits {
            export: 1,
            search: 0,
            ..ConcurrencyLimits::default()
        });
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let held = enter(&limits, Work::Export, one, "/companies")
            .await
            .unwrap();
        let _theirs = enter(&limits, Work::Export, other, "/companies")
            .await
            .unwrap();
        let _unlimited = [
            enter(&limits, Work::Search, one, "/companies")
                .await
                .unwrap(),
            enter(&limits, Work::Search, one, "/companies")
                .await
                .unwrap(),
        ];
        assert!(
            enter(&limits, Work::Unlimited, one, "")
                .await
                .unwrap()
                .is_none()
        );
        // The queue is full: the next request is refused at once.
        let mut waiting: Vec<_> = (0..Terms::EXPENSIVE.queue)
            .map(|_| Box::pin(enter(&limits, Work::Export, one, "/companies")))
            .collect();
        for waiting in &mut waiting {
            assert!(futures::poll!(waiting).is_pending());
        }
        let refused = enter(&limits, Work::Export, one, "/companies")
            .await
            .unwrap_err();
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.code(), "too_many_at_once");
        let export = |limits: &WorkLimits| limits.figures().find(|(w, _)| *w == Work::Export);
        let (_, figures) = export(&limits).unwrap();
        assert_eq!((figures.running, figures.refused), (2, 1));
        drop(held);
        assert!(waiting.remove(0).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn each_operation_that_reads_has_places_of_its_own() {
        let limits = WorkLimits::new(ConcurrencyLimits {
            read: 1,
            ..ConcurrencyLimits::default()
        });
        let tenant = Uuid::from_u128(1);
        let held = enter(&limits, Work::Read, tenant, "/companies")
            .await
            .unwrap();
        let mut second = Box::pin(enter(&limits, Work::Read, tenant, "/companies"));
        assert!(futures::poll!(&mut second).is_pending());
        assert!(
            enter(&limits, Work::Read, tenant, "/me")
                .await
                .unwrap()
                .is_some()
        );
        drop(held);
        assert!(second.await.unwrap().is_some());
    }

    #[tokio::test]
    async fn places_are_divided_while_another_tenant_is_active() {
        let limits = WorkLimits::new(ConcurrencyLimits {
            read: 3,
            ..ConcurrencyLimits::default()
        });
        let [one, other] = [1, 2].map(Uuid::from_u128);
        let begin = async |tenant| {
            let workload = limits.workload(Work::Read, tenant);
            limits.enter(workload, tenant, "/companies").await.unwrap()
        };
        let mut alone = vec![begin(one).await, begin(one).await, begin(one).await];
        let theirs = begin(other).await;
        let mut second = Box::pin(begin(one));
        assert!(futures::poll!(&mut second).is_pending());
        alone.truncate(1);
        // One of one, and one of the other: three among two.
        assert!(futures::poll!(&mut second).is_pending());
        alone.clear();
        assert!(second.await.is_some());
        drop(theirs);
    }
}
