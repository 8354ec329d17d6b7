//! Answers to requests that may be sent again.

use std::time::Duration;

use accunode_domain::{
    id::UserId,
    idempotency::{IdempotentRequest, KEPT_HOURS, StoredAnswer},
};
use accunode_ports::{RepositoryError, repositories::IdempotencyRepository};
use async_trait::async_trait;
use serde_json::Value;
use sqlx::QueryBuilder;

use crate::{db::Db, errors::defect, row::get};

/// How often a key is tried that somebody holds, and the pause between.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

impl Db {
    async fn hold(&self, principal: UserId, key: &str) -> Result<bool, RepositoryError> {
        let mut lock = QueryBuilder::new("SELECT pg_try_advisory_xact_lock(hashtextextended(");
        lock.push_bind(format!("{principal}:{key}"))
            .push(", 1)) AS held");
        self.one(lock)
            .await?
            .map_or(Ok(false), |row| get(&row, "held"))
    }
}

#[async_trait]
impl IdempotencyRepository for Db {
    /// The key is held by an advisory lock until the unit of work ends, so that a
    /// second one is told soon instead of waiting for the first's commit. It is tried a
    /// few times: a unit of work that was given up rolls back behind its answer.
    async fn take(
        &self,
        principal: UserId,
        request: &IdempotentRequest,
    ) -> Result<Option<StoredAnswer>, RepositoryError> {
        self.transaction()?;
        let mut tries = 1;
        while !self.hold(principal, &request.key).await? {
            if tries < TRIES {
                tokio::time::sleep(PAUSE).await;
                tries += 1;
                continue;
            }
            return Err(RepositoryError::Conflict {
                constraint: "idempotency_in_flight".to_owned(),
            });
        }
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
