//! A value that many requests need at the same moment, read once for all of them.

use std::sync::atomic::{AtomicU64, Ordering};

use accunode_ports::RepositoryError;
use tokio::sync::Mutex;

/// Reads of one value. A caller gets the result of a read that began after it asked, so it sees
/// every change that was committed before. Callers that ask while a read is in progress share the
/// next one.
#[derive(Debug)]
pub(crate) struct SharedRead<T> {
    /// The number of reads that have begun.
    begun: AtomicU64,
    last: Mutex<Last<T>>,
}

/// The newest finished read.
#[derive(Debug)]
struct Last<T> {
    number: u64,
    /// The value, or why the database is unavailable. Without either, everyone reads for
    /// themselves.
    result: Option<Result<T, String>>,
}

impl<T> Default for SharedRead<T> {
    fn default() -> Self {
        Self {
            begun: AtomicU64::new(0),
            last: Mutex::new(Last {
                number: 0,
                result: None,
            }),
        }
    }
}

impl<T: Copy> SharedRead<T> {
    /// Returns the value as `read` finds it, or as another caller's read found it that began
    /// after this call.
    ///
    /// # Errors
    /// Those of `read`. An outage is shared as well: otherwise all callers would wait for the
    /// database one after the other.
    pub(crate) async fn get(
        &self,
        read: impl AsyncFnOnce() -> Result<T, RepositoryError>,
    ) -> Result<T, RepositoryError> {
        let begun = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if last.number > begun {
            match &last.result {
                Some(Ok(value)) => return Ok(*value),
                Some(Err(outage)) => {
                    return Err(RepositoryError::Unavailable(outage.clone().into()));
                }
                None => {}
            }
        }
        // If this caller gives up during the read, nothing is noted and the next one reads.
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let result = read().await;
        last.number = number;
        last.result = match &result {
            Ok(value) => Some(Ok(*value)),
            Err(RepositoryError::Unavailable(cause)) => Some(Err(cause.to_string())),
            Err(_) => None,
        };
        result
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, future::poll_fn, task::Poll};

    use futures::{future::join_all, poll};

    use super::*;

    /// Returns after `turns` polls.
    async fn pause(turns: u32) {
        let mut left = turns;
        poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    #[tokio::test]
    async fn callers_during_a_read_share_the_next_one() {
        let shared = SharedRead::default();
        let reads = Cell::new(0);
        let read = async || {
            reads.set(reads.get() + 1);
            let value = reads.get();
            pause(3).await;
            Ok(value)
        };
        let mut first = Box::pin(shared.get(&read));
        assert!(poll!(&mut first).is_pending());
        // What these ask for may have changed since the first read began.
        let (first, others) = futures::join!(first, join_all((0..5).map(|_| shared.get(&read))));
        assert_eq!(first.unwrap(), 1);
        for other in others {
            assert_eq!(other.unwrap(), 2);
        }
        assert_eq!(shared.get(&read).await.unwrap(), 3);
        assert_eq!(reads.get(), 3);
    }

    #[tokio::test]
    async fn cancelled_read_is_repeated_and_an_outage_is_shared() {
        let shared = SharedRead::<u32>::default();
        let reads = Cell::new(0);
        let fail = async || {
            reads.set(reads.get() + 1);
            pause(3).await;
            Err(RepositoryError::Unavailable("no connection".into()))
        };
        let mut cancelled = Box::pin(shared.get(&fail));
        assert!(poll!(&mut cancelled).is_pending());
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(shared.get(&fail))).collect();
        for waiting in &mut waiting {
            assert!(poll!(waiting).is_pending());
        }
        drop(cancelled);
        for outage in join_all(waiting).await {
            assert_eq!(
                outage.unwrap_err().to_string(),
                RepositoryError::Unavailable("no connection".into()).to_string()
            );
        }
        assert_eq!(reads.get(), 2);
        assert_eq!(shared.get(async || Ok(7)).await.unwrap(), 7);
    }
}
