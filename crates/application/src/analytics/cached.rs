//! Cached figures. They are kept until something is written that they count, and for half an hour
//! at the most. A caller who requests a figure that is being computed waits for that result, so
//! that an empty cache costs the database one statement and not one for every caller.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use accunode_domain::access::Scope;
use accunode_ports::workload::Workload;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::Analytics;
use crate::{Error, ports::EVERY_ORGANIZATION};

/// How long figures are kept if nothing is written.
const KEEP: Duration = Duration::from_secs(30 * 60);

/// The result of one figure, computed once for all callers; `None` if it failed.
type Answer = Arc<OnceCell<Option<Vec<u8>>>>;

/// The figures that are being computed in this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flights(Arc<Mutex<HashMap<String, Answer>>>);

/// A caller who waits for a figure. The last one removes it from the list, also if all of them are
/// dropped before the result exists.
struct Waiting<'f> {
    flights: &'f Flights,
    key: &'f str,
    answer: Answer,
}

impl Flights {
    fn join<'f>(&'f self, key: &'f str) -> Waiting<'f> {
        let answer = self.lock().entry(key.to_owned()).or_default().clone();
        Waiting {
            flights: self,
            key,
            answer,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Answer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut open = self.flights.lock();
        // One reference is in the list, one is this.
        if Arc::strong_count(&self.answer) <= 2 {
            open.remove(self.key);
        }
    }
}

impl Analytics {
    /// Returns a figure from the cache, from a caller who is computing it, or computes it.
    pub(super) async fn cached<T, F>(
        &self,
        what: &str,
        reader: &Scope,
        scope: &Scope,
        work_out: impl Fn() -> F,
    ) -> Result<T, Error>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, Error>>,
    {
        // The key contains the generations as they were before the read: a write in between makes
        // it unreachable. A replica may lack a write that is counted in them already, and what it
        // answered would be kept as if it had it.
        Workload::read_current();
        let Some(key) = self.key(what, reader, scope).await else {
            return work_out().await;
        };
        if let Ok(Some(bytes)) = self.ports.cache.get(&key).await
            && let Ok(figure) = serde_json::from_slice(&bytes)
        {
            return Ok(figure);
        }
        let waiting = self.flights.join(&key);
        let mut own = None;
        let answer = waiting
            .answer
            .get_or_init(|| async {
                let figure = work_out().await;
                let bytes = figure
                    .as_ref()
                    .ok()
                    .and_then(|f| serde_json::to_vec(f).ok());
                own = Some(figure);
                if let Some(bytes) = &bytes {
                    self.keep(&key, bytes.clone()).await;
                }
                bytes
            })
            .await;
        if let Some(figure) = own {
            return figure;
        }
        let parsed = answer.as_deref().map(serde_json::from_slice);
        match parsed {
            Some(Ok(figure)) => Ok(figure),
            // It failed for another caller. This caller computes it to get its own error.
            _ => work_out().await,
        }
    }

    async fn keep(&self, key: &str, bytes: Vec<u8>) {
        if let Err(error) = self.ports.cache.put(key, bytes, KEEP).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "figures could not be cached"
            );
        }
    }

    /// Returns the key of a figure: the owners that it covers, its reader (who may read more
    /// companies sees more of their names), and the generations of all of these. `None` if the
    /// cache does not answer.
    async fn key(&self, what: &str, reader: &Scope, scope: &Scope) -> Option<String> {
        let mut text = what.to_owned();
        let mut owners = BTreeSet::new();
        for scope in [reader, scope] {
            let keys: BTreeSet<Uuid> = scope.owners().iter().map(|owner| owner.key()).collect();
            let every = scope.every_organization();
            let _ = write!(text, "/{every}/{}", scope.super_admin());
            for key in &keys {
                let _ = write!(text, ",{key}");
            }
            owners.extend(keys);
            if every {
                owners.insert(EVERY_ORGANIZATION);
            }
        }
        let owners: Vec<_> = owners.into_iter().collect();
        let generations = self.ports.cache.generations(&owners).await.ok()?;
        for generation in generations {
            let _ = write!(text, ":{generation}");
        }
        // The text is hashed, because a tenant may have a thousand owners.
        Some(format!("figures/{}", hex::encode(Sha256::digest(&text))))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn concurrent_requests_for_a_figure_share_one_computation() {
        let flights = Flights::default();
        let worked_out = AtomicUsize::new(0);
        let ask = || async {
            let waiting = flights.join("figure");
            let answer = waiting.answer.get_or_init(|| async {
                worked_out.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Some(b"7".to_vec())
            });
            answer.await.clone()
        };
        let answers = futures::future::join_all((0..50).map(|_| ask())).await;
        assert!(answers.iter().all(|answer| answer.as_deref() == Some(b"7")));
        assert_eq!(worked_out.load(Ordering::Relaxed), 1);
        assert!(flights.lock().is_empty(), "nothing is left behind");
    }

    #[tokio::test]
    async fn cancelled_requests_remove_the_shared_computation() {
        let flights = Flights::default();
        let first = flights.join("figure");
        let second = flights.join("figure");
        drop(first);
        assert_eq!(flights.lock().len(), 1);
        drop(second);
        assert!(flights.lock().is_empty());
    }
}
