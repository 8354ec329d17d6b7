//! The queue of bulk uploads: claims, leases, wake-ups.
//!
//! The table holds the state; a notification only wakes a worker. Every statement runs in its own
//! transaction as the worker, which can read the job rows of all owners and nothing else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use accunode_domain::{
    fault::Fault,
    id::JobId,
    job::{Job, JobStatus, JobWarning},
};
use accunode_ports::{
    RepositoryError,
    repositories::{JOBS_AT_ONCE, JobQueue, Lease, OpenJobs, Renewal},
};
use async_trait::async_trait;
use sea_orm::{QueryResult, Statement};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    actor::ActorSettings,
    db::{Executor, model, raw},
    entities::bulk_upload_jobs::{self, RESCORE},
    errors::{defect, from_orm},
    listener::Listener,
    row::storable,
    unit_of_work::PgTx,
};

/// Claims the next job under a new lease.
const CLAIM: &str = "
    SELECT p.*
      FROM claim_bulk_job(gen_random_uuid(), make_interval(secs => $1), $2, $3) p";

/// Renews a lease, and returns whether the job is to stop.
const RENEW: &str = "
    UPDATE bulk_upload_jobs
       SET lease_expires_at = clock_timestamp() + make_interval(secs => $3)
     WHERE status = 'processing' AND id = $1 AND lease_token = $2
    RETURNING cancel_requested_at IS NOT NULL";

/// Renews a lease and returns the current job.
const RESUME: &str = "
    UPDATE bulk_upload_jobs AS p
       SET lease_expires_at = clock_timestamp() + make_interval(secs => $3)
     WHERE p.status = 'processing' AND p.id = $1 AND p.lease_token = $2
    RETURNING p.*";

/// Stores facts about the whole file. Facts and counts from stored chunks stay.
const DESCRIBE: &str = "
    UPDATE bulk_upload_jobs
       SET file_columns = $3,
           warnings = $4::jsonb || jsonb_path_query_array(warnings, '$[*] ? (exists(@.rows))')
     WHERE status = 'processing' AND id = $1 AND lease_token = $2
    RETURNING id";

/// Ends a job. The dedup key of a rescoring is removed, since predictions may be scored again.
const FINISH: &str = "
    UPDATE bulk_upload_jobs
       SET status = $3,
           error = $4,
           error_message = $5,
           total_rows = coalesce($6, total_rows),
           completed_at = clock_timestamp(),
           lease_token = NULL,
           lease_expires_at = NULL,
           dedup_key = CASE WHEN NOT jsonb_exists(options, $7) THEN dedup_key END
     WHERE status = 'processing' AND id = $1 AND lease_token = $2
    RETURNING id";

/// Frees all leases without waiting for their expiry; also under new tokens.
const FREE_ALL: &str = "
    WITH freed AS (
      UPDATE bulk_upload_jobs
         SET lease_token = gen_random_uuid(),
             lease_expires_at = clock_timestamp() - interval '1 second'
       WHERE status = 'processing'
      RETURNING id
    )
    SELECT count(*) FROM freed";

/// Ends an attempt under a new token; the job can be claimed after a pause.
const INTERRUPT: &str = "
    UPDATE bulk_upload_jobs
       SET lease_token = gen_random_uuid(),
           lease_expires_at = clock_timestamp() + make_interval(secs => $3),
           processing_logs = bulk_job_log(processing_logs, 'attempt_failed', attempts, checkpoint,
                                          $4::text, $5::text)
     WHERE status = 'processing' AND id = $1 AND lease_token = $2
    RETURNING id";

/// Takes one attempt back.
const FORGIVE: &str = "
    UPDATE bulk_upload_jobs
       SET attempts = greatest(attempts - 1, 0)
     WHERE status = 'processing' AND id = $1
    RETURNING id";

/// Gives a job back under a new token and wakes another worker.
const RELEASE: &str = "
    WITH released AS (
      UPDATE bulk_upload_jobs
         SET lease_token = gen_random_uuid(),
             lease_expires_at = clock_timestamp() - interval '1 second',
             attempts = greatest(attempts - 1, 0)
       WHERE status = 'processing' AND id = $1 AND lease_token = $2
      RETURNING id
    )
    SELECT pg_notify('accunode_jobs', id::text)::text FROM released";

/// Counts open jobs, by the partial index of claimable jobs, so that no other rows are read.
const OPEN_JOBS: &str = "
    SELECT (count(*) FILTER (WHERE status = 'pending')),
           (count(*) FILTER (WHERE status = 'processing')),
           coalesce(extract(epoch FROM clock_timestamp()
                    - min(created_at) FILTER (WHERE status = 'pending')), 0)::float8,
           coalesce(extract(epoch FROM clock_timestamp()
                    - min(started_at) FILTER (WHERE status = 'processing')), 0)::float8
      FROM bulk_upload_jobs
     WHERE status IN ('pending', 'processing')";

/// Returns those of the files `$1` that belong to no job; no row if there are no jobs at all.
const FILES_WITHOUT_JOB: &str = "
    SELECT ARRAY(SELECT k
                   FROM unnest($1::text[]) k
                  WHERE NOT EXISTS (SELECT FROM bulk_upload_jobs j WHERE j.filename = k))
     WHERE EXISTS (SELECT FROM bulk_upload_jobs)";

/// The settings of the queue.
#[derive(Clone, Copy, Debug)]
pub struct QueueSettings {
    /// The duration of a lease; it is renewed several times within it.
    pub lease: Duration,
    /// The longest wait for a notification before the table is read anyway.
    pub poll: Duration,
    /// The most jobs of one owner that run at the same time. It must be smaller than the number of
    /// jobs that a worker processes, or one owner could use all of it.
    pub per_owner: i32,
    /// The number of attempts without progress after which a job fails.
    pub max_attempts: i32,
}

/// One owner gets one job at a time, so there is room for another owner's job.
const _: () = assert!(JOBS_AT_ONCE > 1);

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            poll: Duration::from_secs(2),
            per_owner: 1,
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
    /// The number of its own connections: two for claims and renewals, one that listens.
    pub const CONNECTIONS: u32 = 3;

    /// Starts it on two connections of one pool, and one of a pool whose sessions are not shared.
    pub(crate) fn start(pool: PgPool, listening: PgPool, settings: QueueSettings) -> Self {
        let listener = Listener::start(listening);
        Self {
            pool,
            settings,
            listener,
            seen: AtomicU64::new(0),
        }
    }

    /// Returns when the listener for jobs has ended. Before the end of the process this is a
    /// defect: polling continues, but every job waits longer.
    pub fn listening_ended(&self) -> impl Future<Output = ()> + Send + use<> {
        self.listener.ended()
    }

    /// Returns the only row of a statement, which runs in its own transaction as the worker.
    async fn as_worker(
        &self,
        statement: Statement,
    ) -> Result<Option<QueryResult>, RepositoryError> {
        let tx = Arc::new(PgTx::begin(&self.pool, ActorSettings::worker()).await?);
        let row = tx.row(statement).await?;
        if let Some(tx) = Arc::into_inner(tx) {
            tx.commit().await?;
        }
        Ok(row)
    }

    /// Makes a change under the lease.
    async fn held(&self, statement: Statement) -> Result<(), RepositoryError> {
        let row = self.as_worker(statement).await?;
        row.map(|_| ())
            .ok_or(RepositoryError::Stale { what: "lease" })
    }

    /// The duration of a lease, in seconds.
    fn lease_seconds(&self) -> f64 {
        self.settings.lease.as_secs_f64()
    }
}

/// Returns the only column of a row.
fn value<T: sea_orm::TryGetable>(row: &QueryResult) -> Result<T, RepositoryError> {
    row.try_get_by_index(0).map_err(from_orm)
}

#[async_trait]
impl JobQueue for PgJobQueue {
    async fn claim(&self) -> Result<Option<(Job, Lease)>, RepositoryError> {
        self.seen.store(self.listener.count(), Ordering::Relaxed);
        let statement = raw(
            CLAIM,
            [
                self.lease_seconds().into(),
                self.settings.per_owner.into(),
                self.settings.max_attempts.into(),
            ],
        );
        let Some(row) = self.as_worker(statement).await? else {
            return Ok(None);
        };
        let row: bulk_upload_jobs::Model = model(&row)?;
        let lease = Lease {
            job: JobId(row.id),
            token: row
                .lease_token
                .ok_or_else(|| defect("a job was claimed without a lease"))?,
        };
        Ok(Some((row.into_job()?, lease)))
    }

    async fn renew(&self, lease: &Lease) -> Result<Renewal, RepositoryError> {
        let statement = under(lease, RENEW, [self.lease_seconds().into()]);
        Ok(match self.as_worker(statement).await? {
            None => Renewal::Lost,
            Some(row) if value(&row)? => Renewal::CancelRequested,
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
        let values = [columns.into(), Value::Array(warnings).into()];
        self.held(under(lease, DESCRIBE, values)).await
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
        let total = total.map_err(|_| defect("more rows than an integer holds"))?;
        let values = [
            status.as_str().into(),
            fault.into(),
            error.as_ref().map(|fault| storable(&fault.detail)).into(),
            total.into(),
            RESCORE.into(),
        ];
        self.held(under(lease, FINISH, values)).await
    }

    async fn free_all(&self) -> Result<u64, RepositoryError> {
        let row = self.as_worker(raw(FREE_ALL, [])).await?;
        let freed: i64 = row.as_ref().map_or(Ok(0), value)?;
        Ok(freed.unsigned_abs())
    }

    async fn resume(&self, lease: &Lease) -> Result<Option<Job>, RepositoryError> {
        let statement = under(lease, RESUME, [self.lease_seconds().into()]);
        let row = self.as_worker(statement).await?;
        row.as_ref()
            .map(|row| model::<bulk_upload_jobs::Model>(row)?.into_job())
            .transpose()
    }

    /// Uses a new token, as for an orderly shutdown.
    async fn interrupt(
        &self,
        lease: &Lease,
        cause: &Fault,
        pause: Duration,
    ) -> Result<(), RepositoryError> {
        let values = [
            pause.as_secs_f64().into(),
            storable(&cause.code).into(),
            storable(&cause.detail).into(),
        ];
        self.held(under(lease, INTERRUPT, values)).await
    }

    async fn refund_attempt(&self, job: JobId) -> Result<(), RepositoryError> {
        self.as_worker(raw(FORGIVE, [job.0.into()]))
            .await
            .map(|_| ())
    }

    /// An orderly shutdown is not a failed attempt. The token is new, so that work of this worker
    /// that is still in progress cannot be stored. If the lease is lost, there is nothing to give
    /// back.
    async fn release(&self, lease: &Lease) -> Result<(), RepositoryError> {
        self.as_worker(under(lease, RELEASE, [])).await.map(|_| ())
    }

    async fn open_jobs(&self) -> Result<Vec<OpenJobs>, RepositoryError> {
        let Some(row) = self.as_worker(raw(OPEN_JOBS, [])).await? else {
            return Ok(Vec::new());
        };
        let of = |status, at: usize| -> Result<OpenJobs, RepositoryError> {
            let jobs: i64 = row.try_get_by_index(at).map_err(from_orm)?;
            let oldest: f64 = row.try_get_by_index(at + 2).map_err(from_orm)?;
            Ok(OpenJobs {
                status,
                jobs: jobs.unsigned_abs(),
                // Clocks of two machines may differ slightly.
                oldest_seconds: oldest.max(0.0),
            })
        };
        Ok(vec![
            of(JobStatus::Pending, 0)?,
            of(JobStatus::Processing, 1)?,
        ])
    }

    async fn files_without_job(&self, keys: &[String]) -> Result<Vec<String>, RepositoryError> {
        let row = self
            .as_worker(raw(FILES_WITHOUT_JOB, [keys.to_vec().into()]))
            .await?;
        row.as_ref().map_or_else(|| Ok(Vec::new()), value)
    }

    async fn wait(&self) {
        let seen = self.seen.load(Ordering::Relaxed);
        // A timeout means that the interval has ended and the table is to be read again.
        let _ = tokio::time::timeout(self.settings.poll, self.listener.past(seen)).await;
    }

    async fn wait_for_change(&self, job: JobId) {
        let _ = tokio::time::timeout(self.settings.poll, self.listener.about(job)).await;
    }
}

/// A statement about the job of a lease: `$1` is the job, `$2` its token.
fn under<const N: usize>(lease: &Lease, sql: &str, values: [sea_orm::Value; N]) -> Statement {
    let of_lease = [lease.job.0.into(), lease.token.into()];
    raw(sql, of_lease.into_iter().chain(values))
}
