//! Answers to requests that may be sent again.

use accunode_domain::{
    id::UserId,
    idempotency::{IdempotentRequest, KEPT_HOURS, StoredAnswer},
};
use accunode_ports::{RepositoryError, repositories::IdempotencyRepository};
use async_trait::async_trait;
use serde_json::Value;
use sqlx::QueryBuilder;

use crate::{
    db::Db,
    errors::{defect, is_lock_timeout},
    row::get,
};

/// How long a key that somebody holds is waited for: a unit of work that was given up
/// rolls back behind its answer, and whoever asks again at once is told what became of it.
const PATIENCE: &str = "100ms";

impl Db {
    /// Takes the key's lock, which the unit of work then holds to its end.
    async fn hold(&self, principal: UserId, key: &str) -> Result<(), RepositoryError> {
        let name = format!("{principal}:{key}");
        let mut at_once = QueryBuilder::new("SELECT pg_try_advisory_xact_lock(hashtextextended(");
        at_once.push_bind(&name).push(", 1)) AS held");
        let row = self.one(at_once).await?;
        if row.map_or(Ok(false), |row| get(&row, "held"))? {
            return Ok(());
        }
        self.lock_timeout(PATIENCE).await?;
        let mut wait = QueryBuilder::new("SELECT pg_advisory_xact_lock(hashtextextended(");
        wait.push_bind(&name).push(", 1))");
        self.run(wait).await.map_err(|error| {
            if is_lock_timeout(&error) {
                RepositoryError::Conflict {
                    constraint: "idempotency_in_flight".to_owned(),
                }
            } else {
                error
            }
        })?;
        self.lock_timeout("0").await
    }

    async fn lock_timeout(&self, value: &str) -> Result<(), RepositoryError> {
        let mut sql = QueryBuilder::new("SELECT set_config('lock_timeout', ");
        sql.push_bind(value).push(", true)");
        self.run(sql).await.map(|_| ())
    }
}

#[async_trait]
impl IdempotencyRepository for Db {
    /// The key is held by an advisory lock until the unit of work ends, so that a
    /// second one is told soon instead of waiting for the first's commit.
    async fn take(
        &self,
        principal: UserId,
        request: &IdempotentRequest,
    ) -> Result<Option<StoredAnswer>, RepositoryError> {
        self.transaction()?;
        self.hold(principal, &request.key).await?;
        // One that is too old, or whose first unit of work kept no answer, is taken over.
        let mut take = QueryBuilder::new(
            "INSERT INTO idempotency_keys AS k (principal, key, fingerprint) VALUES (",
        );
        take.push_bind(principal.0)
            .push(", ")
            .push_bind(&request.key)
            .push(", ")
            .push_bind(&request.fingerprint)
            .push(
                ") ON CONFLICT (principal, key) DO UPDATE SET fingerprint = excluded.fingerprint, \
                 status = NULL, response = NULL, created_at = excluded.created_at \
                 WHERE k.status IS NULL OR k.created_at < CURRENT_TIMESTAMP - make_interval(hours => ",
            )
            .push_bind(i32::try_from(KEPT_HOURS).unwrap_or(24))
            .push(")");
        if self.run(take).await? == 1 {
            return Ok(None);
        }
        let mut answer = QueryBuilder::new(
            "SELECT fingerprint::text AS fingerprint, status, response FROM idempotency_keys \
             WHERE principal = ",
        );
        answer
            .push_bind(principal.0)
            .push(" AND key = ")
            .push_bind(&request.key);
        let Some(row) = self.one(answer).await? else {
            return Err(defect("an answered key vanished while it was locked"));
        };
        let status = u16::try_from(get::<i16>(&row, "status")?)
            .map_err(|_| defect("a stored answer's status is negative"))?;
        Ok(Some(StoredAnswer {
            fingerprint: get(&row, "fingerprint")?,
            status,
            body: get::<Option<Value>>(&row, "response")?.unwrap_or(Value::Null),
        }))
    }

    async fn keep(
        &self,
        principal: UserId,
        key: &str,
        answer: &StoredAnswer,
    ) -> Result<(), RepositoryError> {
        self.transaction()?;
        let status = i16::try_from(answer.status).map_err(|_| defect("a status above 32767"))?;
        let body = (answer.body != Value::Null).then_some(&answer.body);
        let mut sql = QueryBuilder::new("UPDATE idempotency_keys SET status = ");
        sql.push_bind(status)
            .push(", response = ")
            .push_bind(body)
            .push(", fingerprint = ")
            .push_bind(&answer.fingerprint)
            .push(" WHERE principal = ")
            .push_bind(principal.0)
            .push(" AND key = ")
            .push_bind(key);
        if self.run(sql).await? == 0 {
            return Err(defect("an answer was kept for a key that was not taken"));
        }
        Ok(())
    }
}
