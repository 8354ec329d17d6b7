//! Requests that may be sent again: the change is made once, its outcome kept.

use accunode_domain::{
    access::Actor,
    fault::Fault,
    idempotency::{IdempotentRequest, StoredOutcome},
};
use accunode_ports::UnitOfWork;

use crate::Error;

/// An `Idempotency-Key` and how the outcome of its request is serialized. The outcome
/// is kept in the unit of work of the change, so that neither is there alone.
pub struct Once<'a, T> {
    /// The request.
    pub request: IdempotentRequest,
    /// The outcome in a form that the caller reads again; never `null`.
    pub serialize: Box<dyn Fn(&T) -> serde_json::Value + Send + Sync + 'a>,
}

impl<T> std::fmt::Debug for Once<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Once")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// What became of a request that may be sent again.
#[derive(Clone, Debug, PartialEq)]
pub enum Done<T> {
    /// It was carried out.
    Fresh(T),
    /// It had been carried out before, with this outcome.
    Replayed(StoredOutcome),
}

impl<T> Once<'_, T> {
    /// Takes the key within the unit of work; gives back the first outcome where
    /// there is one.
    ///
    /// # Errors
    /// `idempotency_mismatch` (422) where the key came with another request,
    /// `idempotency_in_flight` (409) while that is being worked on.
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

    /// Keeps the outcome within the unit of work.
    ///
    /// # Errors
    /// As the repository has them.
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
