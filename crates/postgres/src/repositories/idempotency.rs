//! Outcomes of requests that may be repeated.

use accunode_domain::{
    id::UserId,
    idempotency::{IdempotentRequest, KEPT_HOURS, StoredOutcome},
};
use accunode_ports::{Conflict, RepositoryError, repositories::IdempotencyRepository};
use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryTrait,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use serde_json::Value;

use crate::{
    db::{Executor, Tx, build, raw},
    entities::idempotency_keys::{self, Column, Entity},
    errors::{defect, from_orm, is_lock_timeout},
    scalar::scalar,
};

/// How long to wait for a key that another unit of work holds. An abandoned unit of work
/// rolls back after its response, and a request that is repeated at once gets its outcome.
const LOCK_TIMEOUT: &str = "100ms";

/// Takes the lock of the key `$1` if it is free, until the transaction ends.
const TRY_LOCK: &str = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 1))";
/// Waits for the lock of the key `$1`.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 1))";
/// Limits how long the transaction waits for locks.
const SET_LOCK_TIMEOUT: &str = "SELECT set_config('lock_timeout', $1, true)";

/// Stored outcomes, in a unit of work.
#[derive(Debug)]
pub(crate) struct StoredOutcomes {
    db: Tx,
}

impl StoredOutcomes {
    pub(crate) const fn new(db: Tx) -> Self {
        Self { db }
    }

    /// Takes the key's lock, which the unit of work then holds until its end.
    async fn lock(&self, principal: UserId, key: &str) -> Result<(), RepositoryError> {
        let name = format!("{principal}:{key}");
        let taken = scalar(&self.db, raw(TRY_LOCK, [name.as_str().into()])).await?;
        if taken.unwrap_or(false) {
            return Ok(());
        }
        self.lock_timeout(LOCK_TIMEOUT).await?;
        let waited = self.db.row(raw(LOCK, [name.into()])).await;
        waited.map_err(|error| {
            if is_lock_timeout(&error) {
                Conflict::RequestInFlight.into()
            } else {
                error
            }
        })?;
        self.lock_timeout("0").await
    }

    async fn lock_timeout(&self, value: &str) -> Result<(), RepositoryError> {
        let statement = raw(SET_LOCK_TIMEOUT, [value.into()]);
        self.db.row(statement).await.map(|_| ())
    }
}

fn is(principal: UserId, key: &str) -> Condition {
    Condition::all()
        .add(Column::Principal.eq(principal.0))
        .add(Column::Key.eq(key))
}

/// A key that is too old, or whose first unit of work stored no outcome, is replaced.
fn taken_over() -> OnConflict {
    let is_old = Expr::col((Entity, Column::CreatedAt)).lt(Expr::cust_with_values(
        "CURRENT_TIMESTAMP - make_interval(hours => $1)",
        [i32::try_from(KEPT_HOURS).unwrap_or(24)],
    ));
    let has_no_outcome = Expr::col((Entity, Column::Outcome)).is_null();
    OnConflict::columns([Column::Principal, Column::Key])
        .update_columns([Column::Fingerprint, Column::CreatedAt])
        .value(Column::Outcome, Option::<Value>::None)
        .action_cond_where(Condition::any().add(has_no_outcome).add(is_old))
        .to_owned()
}

#[async_trait]
impl IdempotencyRepository for StoredOutcomes {
    /// An advisory lock holds the key until the unit of work ends, so that a second request
    /// gets an error soon instead of waiting for the first one's commit.
    #[tracing::instrument(name = "IdempotencyRepository::claim", level = "debug", skip_all)]
    async fn claim(
        &self,
        principal: UserId,
        request: &IdempotentRequest,
    ) -> Result<Option<StoredOutcome>, RepositoryError> {
        self.lock(principal, &request.key).await?;
        let row = idempotency_keys::ActiveModel {
            principal: Set(principal.0),
            key: Set(request.key.clone()),
            fingerprint: Set(request.fingerprint.clone()),
            ..Default::default()
        };
        let take = Entity::insert(row).on_conflict(taken_over()).into_query();
        let taken = self.db.execute_raw(build(take)).await.map_err(from_orm)?;
        if taken.rows_affected() == 1 {
            return Ok(None);
        }
        let select = Entity::find().filter(is(principal, &request.key));
        let stored: Option<idempotency_keys::Model> =
            self.db.model(build(select.into_query())).await?;
        let Some(stored) = stored else {
            return Err(defect("a key with an outcome vanished while it was locked"));
        };
        let outcome = stored.outcome;
        Ok(Some(StoredOutcome {
            fingerprint: stored.fingerprint,
            outcome: outcome.ok_or_else(|| defect("a key that is taken has no outcome"))?,
        }))
    }

    #[tracing::instrument(name = "IdempotencyRepository::store", level = "debug", skip_all)]
    async fn store(
        &self,
        principal: UserId,
        key: &str,
        outcome: &StoredOutcome,
    ) -> Result<(), RepositoryError> {
        if outcome.outcome == Value::Null {
            return Err(defect("an outcome of null cannot be told from none"));
        }
        let stored = Entity::update_many()
            .set(idempotency_keys::ActiveModel {
                outcome: Set(Some(outcome.outcome.clone())),
                fingerprint: Set(outcome.fingerprint.clone()),
                ..Default::default()
            })
            .filter(is(principal, key))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        if stored.rows_affected == 0 {
            return Err(defect("an outcome was kept for a key that was not taken"));
        }
        Ok(())
    }
}
