//! Futures that belong to another runtime than the one that polls them.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tokio::runtime::Handle;

pin_project! {
    /// A future whose connections, timers and tasks belong to one runtime, whichever
    /// thread polls or drops it.
    ///
    /// Each worker of the web server has a runtime of its own, which ends with it. A
    /// database connection that a request opens there would break with the worker, while
    /// another task uses it. So requests, and the streams of their responses, are polled
    /// within the runtime that lives as long as the process. They are dropped within it,
    /// too: a transaction that is dropped is rolled back by a task.
    pub struct RuntimeBound<F> {
        #[pin]
        inner: Option<F>,
        home: Handle,
    }

    impl<F> PinnedDrop for RuntimeBound<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _within = this.home.enter();
            this.inner.set(None);
        }
    }
}

impl<F> RuntimeBound<F> {
    /// Makes `inner` belong to the runtime `home`.
    pub fn new(inner: F, home: Handle) -> Self {
        Self {
            inner: Some(inner),
            home,
        }
    }

    /// Polls the inner value with the given function. `None` after it was dropped.
    pub fn poll_within<T>(self: Pin<&mut Self>, poll: impl FnOnce(Pin<&mut F>) -> T) -> Option<T> {
        let this = self.project();
        let _within = this.home.enter();
        this.inner.as_pin_mut().map(poll)
    }

    /// Returns the inner value.
    pub fn get_ref(&self) -> Option<&F> {
        self.inner.as_ref()
    }
}

impl<F> std::fmt::Debug for RuntimeBound<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuntimeBound").finish_non_exhaustive()
    }
}

impl<F: Future> Future for RuntimeBound<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.poll_within(|inner| inner.poll(context))
            .unwrap_or(Poll::Pending)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::runtime::{Builder, Id};

    use super::*;

    struct Spy(Arc<Mutex<Vec<Id>>>);

    impl Spy {
        fn note(&self) {
            let here = Handle::current().id();
            self.0.lock().unwrap().push(here);
        }
    }

    impl Future for Spy {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            self.note();
            Poll::Ready(())
        }
    }

    impl Drop for Spy {
        fn drop(&mut self) {
            self.note();
        }
    }

    #[test]
    fn future_polled_by_another_runtime_runs_and_drops_in_its_own() {
        let home = Builder::new_multi_thread().enable_all().build().unwrap();
        let other = Builder::new_current_thread().enable_all().build().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let spy = RuntimeBound::new(Spy(seen.clone()), home.handle().clone());
        other.block_on(async {
            tokio::pin!(spy);
            spy.await;
        });
        assert_eq!(*seen.lock().unwrap(), [home.handle().id(); 2]);
    }

    #[test]
    fn timer_works_on_a_runtime_without_time() {
        let home = Builder::new_multi_thread().enable_all().build().unwrap();
        let without_time = Builder::new_current_thread().build().unwrap();
        let nap = tokio::time::Duration::from_millis(1);
        let sleep = async move { tokio::time::sleep(nap).await };
        without_time.block_on(RuntimeBound::new(sleep, home.handle().clone()));
    }
}
