//! Requests that may be sent again: the change is made once, its answer given again.

use accunode_domain::{
    access::Actor,
    fault::Fault,
    idempotency::{IdempotentRequest, StoredAnswer},
};
use accunode_ports::UnitOfWork;

use crate::Error;

/// An `Idempotency-Key` and how the answer to its request is written. The answer
/// is kept in the unit of work of the change, so that neither is there alone.
pub struct Once<'a, T> {
    /// The request.
    pub request: IdempotentRequest,
    /// Status and body of the answer.
    pub render: &'a (dyn Fn(&T) -> (u16, serde_json::Value) + Send + Sync),
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
    /// It had been carried out before; this was the answer.
    Replayed(StoredAnswer),
}

impl<T> Once<'_, T> {
    /// Takes the key within the unit of work; gives back the first answer where
    /// there is one.
    ///
    /// # Errors
    /// `idempotency_mismatch` (422) where the key came with another request,
    /// `idempotency_in_flight` (409) while that is being worked on.
    pub async fn take(
        once: Option<&Self>,
        unit: &dyn UnitOfWork,
        actor: &Actor,
    ) -> Result<Option<StoredAnswer>, Error> {
        let Some(once) = once else { return Ok(None) };
        match unit.idempotency().take(actor.user(), &once.request).await? {
            Some(answer) if answer.fingerprint != once.request.fingerprint => {
                Err(Error::invalid(Fault::new(
                    "Idempotency-Key",
                    "idempotency_mismatch",
                    "this key came with another request before; use a new one",
                )))
            }
            answer => Ok(answer),
        }
    }

    /// Keeps the answer within the unit of work.
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
        let (status, body) = (once.render)(result);
        let answer = StoredAnswer {
            fingerprint: once.request.fingerprint.clone(),
            status,
            body,
        };
        Ok(unit
            .idempotency()
            .keep(actor.user(), &once.request.key, &answer)
            .await?)
    }
}
