//! The set of tasks of a process.

use std::{
    any::Any,
    collections::BTreeSet,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::FutureExt;
use tokio::{runtime::Handle, sync::watch, task::JoinHandle};
use tokio_util::task::TaskTracker;

/// Turns true when a vital task should end.
pub type Stop = watch::Receiver<bool>;

/// Why a task failed.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A vital task that ended without being asked to.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the task {task:?}, which must not end, has ended: {why}")]
pub struct Lost {
    /// Its name.
    pub task: &'static str,
    /// What is known about its end.
    pub why: String,
}

/// The tasks of a process. Cheap to clone; all clones are the same set.
#[derive(Clone)]
pub struct Tasks(Arc<Set>);

struct Set {
    home: Handle,
    stop: watch::Sender<bool>,
    lost: watch::Sender<Option<Lost>>,
    vital: TaskTracker,
    background: TaskTracker,
    /// The names of the running vital tasks.
    running: Mutex<BTreeSet<&'static str>>,
}

impl Tasks {
    /// Creates an empty set. Call it within the runtime that lives as long as the process,
    /// because its tasks run there.
    ///
    /// # Panics
    /// Outside of a runtime.
    #[must_use]
    pub fn here() -> Self {
        Self(Arc::new(Set {
            home: Handle::current(),
            stop: watch::Sender::new(false),
            lost: watch::Sender::new(None),
            vital: TaskTracker::new(),
            background: TaskTracker::new(),
            running: Mutex::default(),
        }))
    }

    /// Returns the runtime that the tasks run on.
    #[must_use]
    pub fn runtime(&self) -> &Handle {
        &self.0.home
    }

    /// Runs a task that must not end before [`Tasks::stop`] is called. It receives the
    /// signal to stop; if it ends earlier, [`Tasks::lost`] reports it.
    pub fn vital<F>(&self, name: &'static str, work: impl FnOnce(Stop) -> F)
    where
        F: Future<Output = Result<(), Cause>> + Send + 'static,
    {
        let work = work(self.stopped());
        let set = self.0.clone();
        set.running().insert(name);
        let watched = async move {
            let end = AssertUnwindSafe(work).catch_unwind().await;
            set.running().remove(name);
            let why = match end {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(panic) => Some(format!("it panicked: {}", panic_message(&*panic))),
            };
            if *set.stop.borrow() {
                if let Some(why) = why {
                    tracing::warn!(task = name, why, "a task failed while the process stops");
                }
                return;
            }
            let lost = Lost {
                task: name,
                why: why.unwrap_or_else(|| "it returned".to_owned()),
            };
            tracing::error!(
                task = name,
                why = lost.why,
                "a task that must not end has ended"
            );
            set.lost.send_if_modified(|first| {
                let is_first = first.is_none();
                first.get_or_insert(lost);
                is_first
            });
        };
        self.0.vital.spawn_on(watched, &self.0.home);
    }

    /// Runs work that a response leaves behind: no caller needs to wait for it, it
    /// continues when the caller is dropped, and [`Tasks::finish`] waits for it.
    pub fn background<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0.background.spawn_on(work, &self.0.home)
    }

    /// Waits for the first vital task that ends without being asked to.
    pub async fn lost(&self) -> Lost {
        let mut lost = self.0.lost.subscribe();
        match lost.wait_for(Option::is_some).await {
            Ok(lost) => lost.clone(),
            // The sender lives in `self`.
            Err(_) => None,
        }
        .unwrap_or_else(|| Lost {
            task: "tasks",
            why: "the set of tasks is gone".to_owned(),
        })
    }

    /// Returns the signal that asks a task to end.
    #[must_use]
    pub fn stopped(&self) -> Stop {
        self.0.stop.subscribe()
    }

    /// Asks every vital task to end.
    pub fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    /// Waits until every vital task has ended, at most for `patience`; returns the names of
    /// those that still run.
    pub async fn vital_ended(&self, timeout: Duration) -> Vec<&'static str> {
        self.0.vital.close();
        // After a timeout the remaining tasks are named below.
        drop(tokio::time::timeout(timeout, self.0.vital.wait()).await);
        self.0.running().iter().copied().collect()
    }

    /// Waits until no background work is left, at most for `patience`; returns how much
    /// still runs.
    pub async fn finish(&self, timeout: Duration) -> usize {
        self.0.background.close();
        drop(tokio::time::timeout(timeout, self.0.background.wait()).await);
        self.0.background.len()
    }
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tasks")
            .field("vital", &self.0.running())
            .field("background", &self.0.background.len())
            .finish_non_exhaustive()
    }
}

impl Set {
    fn running(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        // No holder of the lock can leave the names in an inconsistent state.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the message of a panic.
fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(30);

    async fn until_stopped(mut stop: Stop) -> Result<(), Cause> {
        let _ = stop.wait_for(|stop| *stop).await;
        Ok(())
    }

    #[tokio::test]
    async fn end_of_a_vital_task_is_reported_with_its_reason() {
        let tasks = Tasks::here();
        tasks.vital("steady", until_stopped);
        tasks.vital("returns", |_| async { Ok(()) });
        assert_eq!(tasks.lost().await.task, "returns");

        let tasks = Tasks::here();
        tasks.vital("fails", |_| async { Err("no more".into()) });
        assert_eq!(tasks.lost().await.why, "no more");

        let tasks = Tasks::here();
        tasks.vital("panics", |_| async { panic!("number {}", 7) });
        let lost = tasks.lost().await;
        assert_eq!((lost.task, &*lost.why), ("panics", "it panicked: number 7"));
    }

    #[tokio::test]
    async fn vital_task_that_ends_on_stop_is_not_reported_as_lost() {
        let tasks = Tasks::here();
        tasks.vital("steady", until_stopped);
        tasks.stop();
        assert!(tasks.vital_ended(TIMEOUT).await.is_empty());
        assert!(tasks.lost().now_or_never().is_none());
    }

    #[tokio::test]
    async fn vital_task_that_ignores_stop_is_named() {
        let tasks = Tasks::here();
        tasks.vital("stuck", |_| std::future::pending());
        tasks.stop();
        assert_eq!(tasks.vital_ended(Duration::ZERO).await, ["stuck"]);
    }

    #[tokio::test]
    async fn background_work_is_awaited_even_if_its_caller_was_dropped() {
        let tasks = Tasks::here();
        let (done, mut seen) = watch::channel(false);
        let (go, mut gone) = watch::channel(false);
        drop(tasks.background(async move {
            let _ = gone.changed().await;
            done.send_replace(true);
        }));
        assert_eq!(tasks.finish(Duration::ZERO).await, 1);
        go.send_replace(true);
        assert_eq!(tasks.finish(TIMEOUT).await, 0);
        assert!(*seen.borrow_and_update());
    }
}
