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
pub struct Idempotency<'a, T> {
    /// The request.
    pub request: IdempotentRequest,
    /// Serializes the outcome in a form that the caller can read again; never `null`.
    pub serialize: Box<dyn Fn(&T) -> serde_json::Value + Send + Sync + 'a>,
}

impl<T> std::fmt::Debug for Idempotency<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Idempotency")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// The result of a request that may be repeated.
#[derive(Clone, Debug, PartialEq)]
pub enum Replayable<T> {
    /// The request was carried out.
    Fresh(T),
    /// The request had been carried out before, with this outcome.
    Replayed(StoredOutcome),
}

impl<T> Idempotency<'_, T> {
    /// Claims the key within the unit of work; returns the outcome of the first request if
    /// there is one.
    ///
    /// # Errors
    /// `idempotency_mismatch` (422) if the key was used with another request,
    /// `idempotency_in_flight` (409) while that request is in progress.
    pub async fn claim(
        idempotency: Option<&Self>,
        unit: &dyn UnitOfWork,
        actor: &Actor,
    ) -> Result<Option<StoredOutcome>, Error> {
        let Some(idempotency) = idempotency else {
            return Ok(None);
        };
        match unit
            .idempotency()
            .claim(actor.user(), &idempotency.request)
            .await?
        {
            Some(stored) if stored.fingerprint != idempotency.request.fingerprint => {
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
    pub async fn store(
        idempotency: Option<&Self>,
        unit: &dyn UnitOfWork,
        actor: &Actor,
        result: &T,
    ) -> Result<(), Error> {
        let Some(idempotency) = idempotency else {
            return Ok(());
        };
        let outcome = StoredOutcome {
            fingerprint: idempotency.request.fingerprint.clone(),
            outcome: (idempotency.serialize)(result),
        };
        Ok(unit
            .idempotency()
            .store(actor.user(), &idempotency.request.key, &outcome)
            .await?)
    }
}
