//! The kind of work of the current task, and its owner. Adapters separate resources by it,
//! so that no kind of work and no owner takes them all.
//!
//! It is a property of the task and not an argument, because it concerns every statement of
//! a request and does not change the request's meaning.

use std::{
    cell::Cell,
    pin::Pin,
    task::{Context, Poll},
};

use uuid::Uuid;

/// The kind of work of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Work {
    /// The service's own work, requests without a session, changes of single rows, and requests
    /// that wait for an event.
    #[default]
    Unlimited,
    /// A page of a list, or one row.
    Read,
    /// Items scored by one request without being stored.
    Score,
    /// A ranking by similarity.
    Search,
    /// All rows of a list in one response.
    Export,
    /// Dashboards and other sums.
    Analytics,
    /// Many rows scored by one request.
    Batch,
    /// Sending a file, or requesting a rescoring.
    Upload,
}

impl Work {
    /// The kinds of work of which one owner may run only a limited number at once.
    pub const LIMITED: [Self; 7] = [
        Self::Read,
        Self::Score,
        Self::Search,
        Self::Export,
        Self::Analytics,
        Self::Batch,
        Self::Upload,
    ];

    /// Returns the name in settings, problems and figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unlimited => "unlimited",
            Self::Read => "read",
            Self::Score => "score",
            Self::Search => "search",
            Self::Export => "export",
            Self::Analytics => "analytics",
            Self::Batch => "batch",
            Self::Upload => "upload",
        }
    }

    /// Returns whether its reads may keep a database busy for long.
    #[must_use]
    pub const fn reads_much(self) -> bool {
        matches!(self, Self::Search | Self::Export | Self::Analytics)
    }
}

/// The workload of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// The kind of work.
    pub work: Work,
    /// The tenant for which it is done: the id of a root organization, or of a user without
    /// an organization. `None` for the service's own work, and before the caller is known.
    pub owner: Option<Uuid>,
    /// Whether its reads may miss the changes of the last seconds: then they may go to a
    /// replica.
    pub may_read_late: bool,
    /// The number of tenants, this one included, among which what is limited for each tenant is
    /// divided at present; 0 where nothing is divided.
    pub tenants: usize,
}

impl Workload {
    /// Returns this tenant's share of a number of places: at least one.
    #[must_use]
    pub const fn share_of(self, places: usize) -> usize {
        match places.checked_div(self.tenants) {
            None => places,
            Some(0) => 1,
            Some(share) => share,
        }
    }
}

thread_local! {
    /// The workload of the task that is being polled.
    static CURRENT: Cell<Workload> = const { Cell::new(Workload { work: Work::Unlimited, owner: None, tenants: 0, may_read_late: false }) };
}

impl Workload {
    /// Returns the workload of the current task; outside of [`WithWorkload`], unlimited and
    /// without an owner.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.get()
    }

    /// Sets the workload of the current task, for as long as the innermost [`WithWorkload`]
    /// lasts.
    pub fn assign(self) {
        CURRENT.set(self);
    }

    /// From here on the current task reads everything that is committed, as long as the
    /// innermost [`WithWorkload`] lasts.
    pub fn read_current() {
        Self {
            may_read_late: false,
            ..Self::current()
        }
        .assign();
    }
}

/// A task with a workload: the future inside, or whatever is polled by [`WithWorkload::enter`],
/// sees it as [`Workload::current`]. Tasks that it spawns do not.
#[derive(Debug)]
pub struct WithWorkload<T> {
    workload: Workload,
    inner: T,
}

impl<T> WithWorkload<T> {
    /// Gives a future (pinned: `Box::pin`) a workload.
    pub const fn new(workload: Workload, inner: T) -> Self {
        Self { workload, inner }
    }

    /// Returns the inner value.
    pub const fn inner(&self) -> &T {
        &self.inner
    }

    /// Runs one step of the inner value under its workload.
    pub fn enter<R>(&mut self, step: impl FnOnce(&mut T) -> R) -> R {
        // The workload is also restored if the step panics; otherwise the next task on this
        // thread would inherit it.
        struct Restore(Workload);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let outside = Restore(CURRENT.replace(self.workload));
        let done = step(&mut self.inner);
        self.workload = CURRENT.get();
        drop(outside);
        done
    }
}

impl<F: Future + Unpin> Future for WithWorkload<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.get_mut().enter(|inner| Pin::new(inner).poll(context))
    }
}

#[cfg(test)]
mod tests {
    use futures::{executor::block_on, future::join, pending, poll};

    use super::*;

    fn of(work: Work) -> Workload {
        Workload {
            work,
            ..Workload::default()
        }
    }

    #[test]
    fn places_are_divided_among_tenants_and_each_has_one() {
        let share = |tenants, places| {
            Workload {
                tenants,
                ..Workload::default()
            }
            .share_of(places)
        };
        assert_eq!(
            [share(0, 5), share(1, 5), share(2, 5), share(9, 5)],
            [5, 5, 2, 1]
        );
    }

    #[test]
    fn workload_persists_across_awaits_and_stays_with_its_task() {
        let task = |first: Work, then: Work| async move {
            assert_eq!(Workload::current(), of(first));
            of(then).assign();
            let mut waited = Box::pin(async { pending!() });
            assert!(poll!(&mut waited).is_pending());
            assert!(poll!(&mut waited).is_ready());
            assert_eq!(Workload::current(), of(then));
        };
        block_on(async {
            let one = Box::pin(task(Work::Unlimited, Work::Search));
            let other = Box::pin(task(Work::Upload, Work::Export));
            join(
                WithWorkload::new(of(Work::Unlimited), one),
                WithWorkload::new(of(Work::Upload), other),
            )
            .await;
            assert_eq!(Workload::current(), Workload::default());
        });
    }
}
