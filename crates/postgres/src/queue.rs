//! The queue of bulk uploads: claims, leases, wake-ups.
//!
//! What is true stands in the table; a notification only wakes. Every statement runs in
//! a transaction of its own as the worker, who sees job rows of everyone and nothing else.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use accunode_domain::{
    fault::Fault,
    id::JobId,
    job::{Job, JobStatus, JobWarning},
};
use accunode_ports::{
    RepositoryError,
    jobs::{JobQueue, Lease, Renewal},
};
use async_trait::async_trait;
use serde_json::{Value, json};
use sqlx::{PgPool, Postgres, QueryBuilder, postgres::PgRow};

use crate::{
    actor::ActorSettings,
    errors::{defect, from_sqlx},
    listener::Listener,
    repositories::job::{JOB, RESCORE, read_job},
    row::{get, storable},
    unit_of_work::PgTx,
};

/// How jobs are handed out.
#[derive(Clone, Copy, Debug)]
pub struct QueueSettings {
    /// How long a lease lasts; it is renewed several times within.
    pub lease: Duration,
    /// How long a hint is waited for before the table is looked at anyway.
    pub poll: Duration,
    /// How many jobs of one owner run at once.
    pub per_owner: i32,
    /// How often a job is taken without getting any further before it has failed.
    pub max_attempts: i32,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            poll: Duration::from_secs(2),
            per_owner: 2,
            max_attempts: 5,
        }
    }
}

/// The queue on PostgreSQL.
#[derive(Debug)]
pub struct PgJobQueue {
    pool: PgPool,
    settings: QueueSettings,
    listener: Listener,
    /// The listener's count of notifications when the last claim began.
    seen: AtomicU64,
}

impl PgJobQueue {
    /// How many connections it has of its own: two for claims and renewals, one that listens.
    pub const CONNECTIONS: u32 = 3;

    pub(crate) fn start(pool: PgPool, settings: QueueSettings) -> Self {
        let listener = Listener::start(pool.clone());
        Self {
            pool,
            settings,
            listener,
            seen: AtomicU64::new(0),
        }
    }

    /// Returns when nobody listens for jobs any more, which until the end of the process
    /// happens only by a defect: polling goes on, but every job waits longer.
    pub fn listening_ended(&self) -> impl Future<Output = ()> + Send + use<> {
        self.listener.ended()
    }

    async fn as_worker(
        &self,
        mut sql: QueryBuilder<Postgres>,
    ) -> Result<Option<PgRow>, RepositoryError> {
        let tx = PgTx::begin(&self.pool, ActorSettings::worker()).await?;
        let row = sql
            .build()
            .fetch_optional(&mut **tx.connection().await)
            .await
            .map_err(from_sqlx)?;
        tx.commit().await?;
        Ok(row)
    }

    /// A change under the lease.
    async fn held(&self, sql: QueryBuilder<Postgres>) -> Result<PgRow, RepositoryError> {
        let row = self.as_worker(sql).await?;
        row.ok_or(RepositoryError::Stale { what: "lease" })
    }
}

/// `WHERE` the lease is ours.
fn push_held(sql: &mut QueryBuilder<Postgres>, lease: &Lease) {
    sql.push(" WHERE status = 'processing' AND id = ")
        .push_bind(lease.job.0)
        .push(" AND lease_token = ")
        .push_bind(lease.token);
}

#[async_trait]
impl JobQueue for PgJobQueue {
    async fn claim(&self) -> Result<Option<(Job, Lease)>, RepositoryError> {
        self.seen.store(self.listener.count(), Ordering::Relaxed);
        let mut sql = QueryBuilder::new(format!(
            "SELECT {JOB}, p.lease_token FROM claim_bulk_job(gen_random_uuid(), make_interval(secs => "
        ));
        sql.push_bind(self.settings.lease.as_secs_f64())
            .push("), ")
            .push_bind(self.settings.per_owner)
            .push(", ")
            .push_bind(self.settings.max_attempts)
            .push(") p");
        let Some(row) = self.as_worker(sql).await? else {
            return Ok(None);
        };
        let job = read_job(&row)?;
        let lease = Lease {
            job: job.id,
            token: get(&row, "lease_token")?,
        };
        Ok(Some((job, lease)))
    }

    async fn renew(&self, lease: &Lease) -> Result<Renewal, RepositoryError> {
        let mut sql = QueryBuilder::new(
            "UPDATE bulk_upload_jobs SET lease_expires_at = clock_timestamp() + make_interval(secs => ",
        );
        sql.push_bind(self.settings.lease.as_secs_f64()).push(")");
        push_held(&mut sql, lease);
        sql.push(" RETURNING cancel_requested_at IS NOT NULL AS cancel");
        Ok(match self.as_worker(sql).await? {
            None => Renewal::Lost,
            Some(row) if get(&row, "cancel")? => Renewal::CancelRequested,
            Some(_) => Renewal::Continue,
        })
    }

    async fn describe(
        &self,
        lease: &Lease,
        columns: &[String],
        warnings: &[JobWarning],
    ) -> Result<(), RepositoryError> {
        let columns: Vec<_> = columns.iter().map(|column| storable(column)).collect();
        let warnings: Vec<Value> = warnings
            .iter()
            .map(|warning| {
                let columns: Vec<_> = warning.columns.iter().map(|c| storable(c)).collect();
                json!({ "code": warning.code, "detail": storable(&warning.detail), "columns": columns })
            })
            .collect();
        let mut sql = QueryBuilder::new("UPDATE bulk_upload_jobs SET file_columns = ");
        // What chunks have found out, and count, stays.
        sql.push_bind(columns)
            .push(", warnings = ")
            .push_bind(Value::Array(warnings))
            .push(" || jsonb_path_query_array(warnings, ")
            .push_bind("$[*] ? (exists(@.rows))")
            .push("::text::jsonpath)");
        push_held(&mut sql, lease);
        sql.push(" RETURNING id");
        self.held(sql).await.map(|_| ())
    }

    async fn finish(
        &self,
        lease: &Lease,
        status: JobStatus,
        error: Option<Fault>,
        total_rows: Option<u32>,
    ) -> Result<(), RepositoryError> {
        if !status.is_final() || !JobStatus::Processing.may_become(status) {
            return Err(defect(format!("a running job does not end as {status}")));
        }
        let fault = error.as_ref().map(|fault| {
            json!({
                "pointer": storable(&fault.pointer),
                "code": storable(&fault.code),
                "detail": storable(&fault.detail),
            })
        });
        let total = total_rows.map(i32::try_from).transpose();
        let mut sql = QueryBuilder::new("UPDATE bulk_upload_jobs SET status = ");
        sql.push_bind(status.as_str())
            .push(", error = ")
            .push_bind(fault)
            .push(", error_message = ")
            .push_bind(error.as_ref().map(|fault| storable(&fault.detail)))
            .push(", total_rows = coalesce(")
            .push_bind(total.map_err(|_| defect("more rows than an integer holds"))?)
            .push(
                ", total_rows), completed_at = clock_timestamp(), lease_token = NULL, \
                 lease_expires_at = NULL, dedup_key = CASE WHEN NOT options ? ",
            )
            // What was scored may be scored again.
            .push_bind(RESCORE)
            .push(" THEN dedup_key END");
        push_held(&mut sql, lease);
        sql.push(" RETURNING id");
        self.held(sql).await.map(|_| ())
    }

    /// The same as a lease that has run out, without the waiting; also under new tokens.
    async fn free_all(&self) -> Result<u64, RepositoryError> {
        let sql = QueryBuilder::new(
            "WITH freed AS (UPDATE bulk_upload_jobs SET lease_token = gen_random_uuid(), \
             lease_expires_at = clock_timestamp() - interval '1 second' \
             WHERE status = 'processing' RETURNING id) \
             SELECT count(*) AS freed FROM freed",
        );
        let row = self.as_worker(sql).await?;
        let freed: i64 = row.map_or(Ok(0), |row| get(&row, "freed"))?;
        Ok(freed.unsigned_abs())
    }

    async fn resume(&self, lease: &Lease) -> Result<Option<Job>, RepositoryError> {
        let mut sql = QueryBuilder::new(
            "UPDATE bulk_upload_jobs AS p SET lease_expires_at = clock_timestamp() + make_interval(secs => ",
        );
        sql.push_bind(self.settings.lease.as_secs_f64()).push(")");
        push_held(&mut sql, lease);
        sql.push(format_args!(" RETURNING {JOB}"));
        self.as_worker(sql)
            .await?
            .as_ref()
            .map(read_job)
            .transpose()
    }

    /// Under a new token, as with an orderly shutdown.
    async fn interrupt(
        &self,
        lease: &Lease,
        cause: &Fault,
        pause: Duration,
    ) -> Result<(), RepositoryError> {
        let mut sql = QueryBuilder::new(
            "UPDATE bulk_upload_jobs SET lease_token = gen_random_uuid(), \
             lease_expires_at = clock_timestamp() + make_interval(secs => ",
        );
        sql.push_bind(pause.as_secs_f64())
            .push(
                "), processing_logs = processing_logs || jsonb_build_array(jsonb_build_object(\
                 'attempt', attempts, 'code', ",
            )
            .push_bind(storable(&cause.code))
            .push("::text, 'detail', ")
            .push_bind(storable(&cause.detail))
            .push("::text))");
        push_held(&mut sql, lease);
        sql.push(" RETURNING id");
        self.held(sql).await.map(|_| ())
    }

    async fn forgive(&self, job: JobId) -> Result<(), RepositoryError> {
        let mut sql = QueryBuilder::new(
            "UPDATE bulk_upload_jobs SET attempts = greatest(attempts - 1, 0) \
             WHERE status = 'processing' AND id = ",
        );
        sql.push_bind(job.0).push(" RETURNING id");
        self.as_worker(sql).await.map(|_| ())
    }

    /// An orderly shutdown is no failed attempt. Under a new token, so that what this
    /// worker may still have under way stores nothing. One whose lease is lost has
    /// nothing to give back.
    async fn release(&self, lease: &Lease) -> Result<(), RepositoryError> {
        let mut sql = QueryBuilder::new(
            "WITH given AS (UPDATE bulk_upload_jobs SET lease_token = gen_random_uuid(), \
             lease_expires_at = clock_timestamp() - interval '1 second', attempts = greatest(attempts - 1, 0)",
        );
        push_held(&mut sql, lease);
        sql.push(
            " RETURNING id) SELECT pg_notify('accunode_jobs', id::text)::text AS told FROM given",
        );
        self.as_worker(sql).await.map(|_| ())
    }

    async fn files_without_job(&self, keys: &[String]) -> Result<Vec<String>, RepositoryError> {
        let mut sql = QueryBuilder::new("SELECT ARRAY(SELECT k FROM unnest(");
        sql.push_bind(keys.to_vec()).push(
            "::text[]) k WHERE NOT EXISTS (SELECT FROM bulk_upload_jobs j WHERE j.filename = k)) \
             AS keys WHERE EXISTS (SELECT FROM bulk_upload_jobs)",
        );
        match self.as_worker(sql).await? {
            Some(row) => get(&row, "keys"),
            None => Ok(Vec::new()),
        }
    }

    async fn wait(&self) {
        let seen = self.seen.load(Ordering::Relaxed);
        // An error is the interval's end: then it is time to look anyway.
        let _ = tokio::time::timeout(self.settings.poll, self.listener.past(seen)).await;
    }

    async fn moved(&self, job: JobId) {
        let _ = tokio::time::timeout(self.settings.poll, self.listener.about(job)).await;
    }
}
