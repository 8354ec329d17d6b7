//! Begins and repeats units of work, in one place.

use std::{ops::Deref, sync::Arc, time::Duration};

use accunode_domain::{
    access::Scope,
    audit::{AuditEvent, RequestContext},
};
use accunode_ports::UnitOfWork;

use crate::{Error, Ports};

/// How often a unit of work is repeated that conflicted with another one. With their pauses, five
/// repetitions take about as long as two further transactions in the way.
const REPEATS: u32 = 5;
/// The longest pause before the first repetition; it doubles with each further one.
const PAUSE: Duration = Duration::from_millis(20);

/// The open unit of work of [`Ports::transaction`]. The closure must drop it before it
/// returns: otherwise it is not committed.
pub struct Transaction(Arc<Box<dyn UnitOfWork>>);

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Transaction").finish_non_exhaustive()
    }
}

impl Deref for Transaction {
    type Target = dyn UnitOfWork;

    fn deref(&self) -> &Self::Target {
        &**self.0
    }
}

impl Ports {
    /// Runs `work` in a unit of work as this actor. It is committed if `work` succeeds and
    /// rolled back if it fails.
    ///
    /// If PostgreSQL ends the unit of work because of a deadlock or a serialization failure,
    /// nothing of it was stored, and all of it is repeated, up to five times. So `work` must
    /// be repeatable: it reads the data for its decisions through the transaction, does
    /// nothing slow, and has no effect outside of the database that must not happen twice.
    /// Because it is `Fn` and not `FnOnce`, the compiler refuses closures that consume
    /// something.
    ///
    /// # Errors
    /// Those of `work`; `Unavailable` if the unit of work cannot be begun or committed.
    pub async fn transaction<T, F>(
        &self,
        scope: &Scope,
        work: impl Fn(Transaction) -> F + Send,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>> + Send,
    {
        let mut repeats = 0;
        loop {
            match self.attempt(scope, &work).await {
                Err(error) if error.is_contention() && repeats < REPEATS => {
                    tracing::info!(
                        error = &error as &dyn std::error::Error,
                        repeats,
                        "a unit of work stood in another one's way and is repeated"
                    );
                    tokio::time::sleep(self.pause(repeats)).await;
                    repeats += 1;
                }
                done => return done,
            }
        }
    }

    /// Writes one audit event in a unit of work of its own.
    ///
    /// # Errors
    /// `Unavailable` if the log cannot be written.
    pub(crate) async fn record(
        &self,
        scope: &Scope,
        context: &RequestContext,
        event: AuditEvent,
    ) -> Result<(), Error> {
        let event = &event;
        self.transaction(scope, |unit| async move {
            Ok(unit.audit_log().record(context, event.clone()).await?)
        })
        .await
    }

    async fn attempt<T, F>(
        &self,
        scope: &Scope,
        work: &(impl Fn(Transaction) -> F + Send),
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>> + Send,
    {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that begins a unit of work"
        )]
        let unit = Arc::new(self.store.begin(scope).await?);
        let value = work(Transaction(unit.clone())).await?;
        let unit = Arc::into_inner(unit)
            .ok_or_else(|| Error::Internal("a unit of work was kept beyond its closure".into()))?;
        unit.commit().await?;
        Ok(value)
    }

    /// Returns a random part of a pause that doubles, so that two conflicting units do not
    /// meet again.
    fn pause(&self, repeats: u32) -> Duration {
        let [random, ..] = self.randomness.bits();
        PAUSE * 2_u32.pow(repeats) * u32::from(random) / 256
    }
}
