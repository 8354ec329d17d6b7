//! Repeatable requests: the change is made once, and its outcome stored.

use accunode_domain::{
    access::Actor,
    fault::Fault,
    idempotency::{IdempotentRequest, StoredOutcome},
};
use accunode_ports::UnitOfWork;

use crate::Error;

/// An `Idempotency-Key` and how the outcome of its request is serialized. The outcome is
/// stored in the unit of work of the change, so that either both exist or neither.
pub struct Once<'a, T> {
    /// The request.
    pub request: IdempotentRequest,
    /// Serializes the outcome in a form that the caller can read again; never `null`.
    pub serialize: Box<dyn Fn(&T) -> serde_json::Value + Send + Sync + 'a>,
}

impl<T> std::fmt::Debug for Once<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Once")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// The result of a request that may be repeated.
#[derive(Clone, Debug, PartialEq)]
pub enum Done<T> {
    /// The request was carried out.
    Fresh(T),
    /// The request had been carried out before, with this outcome.
    Replayed(StoredOutcome),
}

impl<T> Once<'_, T> {
    /// Claims the key within the unit of work; returns the outcome of the first request if
    /// there is one.
    ///
    /// # Errors
    /// `idempotency_mismatch` (422) if the key was used with another request,
    /// `idempotency_in_flight` (409) while that request is in progress.
    pub async fn take(
        once: Option<&Self>,
        unit: &dyn UnitOfWork,
        actor: &Actor,
    ) -> Result<Option<StoredOutcome>, Error> {
        let Some(once) = once else { return Ok(None) };
        match unit.idempotency().take(actor.user(), &once.request).await? {
            Some(stored) if stored.fingerprint != once.request.fingerprint => {
                Err(Error::invalid(Fault::new(
                    "Idempotency-Key",
                    "idempotency_mismatch",
                    "this key came with another request before; use a new one",
                )))
            }
            stored => Ok(stored),
        }
    }

    /// Stores the outcome within the unit of work.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn keep(
        once: Option<&Self>,
        unit: &dyn UnitOfWork,
        actor: &Actor,
        result: &T,
    ) -> Result<(), Error> {
        let Some(once) = once else { return Ok(()) };
        let outcome = StoredOutcome {
            fingerprint: once.request.fingerprint.clone(),
            outcome: (once.serialize)(result),
        };
        Ok(unit
            .idempotency()
            .keep(actor.user(), &once.request.key, &outcome)
            .await?)
    }
}
