//! Bulk uploads and what became of their rows; storing a chunk is [`crate::bulk`].

use accunode_domain::{
    access::{Grant, Scope},
    fault::Fault,
    id::{JobId, PredictionId},
    job::{
        Checkpoint, Job, JobCounts, JobOptions, JobStatus, JobWarning, Position, RowOutcome,
        RowStatus, Task,
    },
    page::{Cursor, Limit, Page, Sort},
    prediction::Kind,
};
use accunode_ports::{
    RepositoryError,
    jobs::Lease,
    repositories::{
        JobChunk, JobFilter, JobRepository, NewJob, Rescorable, RescoredChunk, RowFilter, ToRescore,
    },
};
use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::{QueryBuilder, postgres::PgRow};
use uuid::Uuid;

use crate::{
    bulk::{self, budget},
    db::Db,
    errors::defect,
    keyset::{Keyset, page},
    kinds::KindNames,
    repositories::rescoring,
    row::{RowRef, get, storable, time_key},
    scope::Reach,
};

#[async_trait]
impl JobRepository for Db {
    async fn add(&self, grant: Grant, job: &NewJob) -> Result<Job, RepositoryError> {
        budget::admit(self.transaction()?, grant, job).await?;
        let options = options_json(job.options, &job.task)?;
        let mut sql = QueryBuilder::new(
            "INSERT INTO bulk_upload_jobs AS p (id, filename, original_filename, file_size, file_hash, \
             job_type, options, dedup_key, organization_id, access_level, created_by) VALUES (",
        );
        sql.separated(", ")
            .push_bind(job.id.0)
            .push_bind(storable(&job.file_key))
            .push_bind(storable(&job.original_filename))
            .push_bind(job.file_size)
            .push_bind(Some(job.file_hash.clone()).filter(|hash| !hash.is_empty()))
            .push_bind(job.kind.as_str())
            .push_bind(options)
            .push_bind(job.dedup_key.clone())
            .push_bind(grant.owner().organization().map(|id| id.0))
            .push_bind(grant.owner().level().as_str())
            .push_bind(grant.by().0);
        sql.push(format_args!(") RETURNING {JOB}"));
        let row = self.one(sql).await?;
        read_job(&row.ok_or_else(|| defect("an insert returned no row"))?)
    }

    async fn same_upload(
        &self,
        grant: Grant,
        dedup_key: &str,
    ) -> Result<Option<JobId>, RepositoryError> {
        let reach = Reach::owner(grant.owner().key());
        let mut sql = reach.statement(&self.actor_of_grant(grant));
        sql.push(
            "SELECT x.id FROM a CROSS JOIN LATERAL (SELECT j.id FROM bulk_upload_jobs j WHERE ",
        )
        .push(reach.condition("j"))
        .push(" AND j.dedup_key = ")
        .push_bind(dedup_key)
        .push(" LIMIT 1) x");
        self.one(sql)
            .await?
            .map(|row| get(&row, "id").map(JobId))
            .transpose()
    }

    async fn find(&self, scope: &Scope, id: JobId) -> Result<Option<Job>, RepositoryError> {
        let reach = Reach::of(scope);
        let mut sql = reach.statement(&self.actor(scope));
        sql.push(format_args!(
            "SELECT x.* FROM a CROSS JOIN LATERAL (SELECT {JOB} FROM bulk_upload_jobs p WHERE {} AND p.id = ",
            reach.condition_of_one("p", "id"),
        ));
        sql.push_bind(id.0).push(" LIMIT 1) x");
        self.one(sql).await?.as_ref().map(read_job).transpose()
    }

    async fn by_status(&self, scope: &Scope) -> Result<Vec<(JobStatus, u64)>, RepositoryError> {
        let reach = Reach::of(scope);
        let mut sql = reach.statement(&self.actor(scope));
        sql.push(format_args!(
            "SELECT x.* FROM a CROSS JOIN LATERAL (SELECT p.status, count(*) AS n \
             FROM bulk_upload_jobs p WHERE {} GROUP BY p.status OFFSET 0) x ORDER BY x.status",
            reach.condition("p")
        ));
        let rows = self.all(sql).await?;
        let counted = rows.iter().map(|row| {
            let status: String = get(row, "status")?;
            let status = status
                .parse()
                .map_err(|_| defect("a job's status is none of the domain's"))?;
            let n = u64::try_from(get::<i64>(row, "n")?).map_err(|_| defect("a negative count"))?;
            Ok((status, n))
        });
        counted.collect()
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &JobFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Job>, RepositoryError> {
        let keyset = Keyset {
            columns: JOB,
            table: "bulk_upload_jobs",
            sort: Sort::CreatedAt,
            over_organizations: false,
        };
        let actor = self.actor(scope);
        let sql = keyset.statement(&Reach::of(scope), &actor, limit, after.as_ref(), |sql| {
            if let Some(status) = filter.status {
                sql.push(" AND p.status = ").push_bind(status.as_str());
            }
            if let Some(kind) = filter.kind {
                sql.push(" AND p.job_type = ").push_bind(kind.as_str());
            }
        })?;
        let rows = self.all(sql).await?;
        let rows = rows.iter().map(read_job).collect::<Result<Vec<_>, _>>()?;
        Ok(page(rows, limit, |last| Cursor {
            sort: Sort::CreatedAt,
            key: time_key(last.created_at),
            id: last.id.0,
        }))
    }

    async fn rows(
        &self,
        scope: &Scope,
        job: &Job,
        filter: RowFilter,
        limit: u32,
    ) -> Result<Vec<RowOutcome>, RepositoryError> {
        if !scope.contains(job.owner) && scope.break_glass() != Some(job.id.0) {
            return Ok(Vec::new());
        }
        let reach = Reach::of(scope);
        let after = i32::try_from(filter.after).unwrap_or(i32::MAX);
        let limit = i64::from(limit);
        let mut sql = reach.statement(&self.actor(scope));
        sql.push("SELECT x.* FROM a CROSS JOIN LATERAL (SELECT y.* FROM (");
        // A dry run makes no predictions: its ok rows are kept like the others.
        let kept = filter.status != Some(RowStatus::Ok) || job.options.dry_run;
        if kept {
            sql.push(
                "(SELECT r.row_number, r.status, r.problem, r.prediction_id, \
                 CASE WHEN r.status <> 'ok' THEN r.source END AS source \
                 FROM bulk_upload_rows r WHERE a.actor IS NOT NULL AND r.job_id = ",
            )
            .push_bind(job.id.0)
            .push(" AND r.owner_key = ")
            .push_bind(job.owner.key())
            .push(" AND r.row_number > ")
            .push_bind(after);
            if let Some(status) = filter.status {
                sql.push(" AND r.status = ").push_bind(status.as_str());
            }
            sql.push(" ORDER BY r.row_number LIMIT ")
                .push_bind(limit)
                .push(")");
        }
        if filter.status.is_none_or(|status| status == RowStatus::Ok) {
            sql.push(if kept { " UNION ALL " } else { "" });
            sql.push(format_args!(
                "(SELECT p.bulk_row AS row_number, 'ok' AS status, NULL::jsonb AS problem, \
                 p.id AS prediction_id, NULL::text AS source FROM {} p WHERE {} AND p.bulk_job_id = ",
                job.kind.table(),
                reach.condition_of_one("p", "bulk_job_id"),
            ))
            .push_bind(job.id.0)
            .push(" AND p.bulk_row > ")
            .push_bind(after)
            .push(" ORDER BY p.bulk_row LIMIT ")
            .push_bind(limit)
            .push(")");
        }
        sql.push(") y ORDER BY row_number LIMIT ")
            .push_bind(limit)
            .push(") x ORDER BY row_number");
        let place = RowRef {
            table: "bulk_upload_rows",
            id: job.id.0,
        };
        self.all(sql)
            .await?
            .iter()
            .map(|row| read_outcome(place, row))
            .collect()
    }

    async fn store_chunk(
        &self,
        scope: &Scope,
        lease: &Lease,
        chunk: &JobChunk,
    ) -> Result<JobCounts, RepositoryError> {
        bulk::store(self.transaction()?, scope, lease, chunk).await
    }

    async fn count_to_rescore(&self, wanted: &ToRescore) -> Result<u32, RepositoryError> {
        rescoring::count(self, wanted).await
    }

    async fn to_rescore(
        &self,
        wanted: &ToRescore,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<Rescorable>, RepositoryError> {
        rescoring::read(self, wanted, after, limit).await
    }

    async fn store_rescored(
        &self,
        lease: &Lease,
        chunk: &RescoredChunk,
    ) -> Result<JobCounts, RepositoryError> {
        bulk::rescore(self.transaction()?, lease, chunk).await
    }

    async fn request_cancel(&self, _grant: Grant, id: JobId) -> Result<Job, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new(
            "UPDATE bulk_upload_jobs AS p SET \
             cancel_requested_at = coalesce(p.cancel_requested_at, clock_timestamp()), \
             completed_at = CASE WHEN p.status = 'pending' THEN clock_timestamp() END, \
             status = CASE WHEN p.status = 'pending' THEN 'cancelled' ELSE p.status END \
             WHERE p.status IN ('pending', 'processing') AND p.id = ",
        );
        sql.push_bind(id.0).push(format_args!(" RETURNING {JOB}"));
        match self.one(sql).await? {
            Some(row) => read_job(&row),
            None => Err(RepositoryError::Stale {
                what: "bulk upload",
            }),
        }
    }

    async fn resume<'a>(
        &self,
        _grant: Grant,
        id: JobId,
        dedup_key: Option<&'a str>,
    ) -> Result<Job, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new(
            "UPDATE bulk_upload_jobs AS p SET status = 'pending', attempts = 0, processing_logs = '[]', \
             error = NULL, error_message = NULL, completed_at = NULL, cancel_requested_at = NULL, dedup_key = ",
        );
        sql.push_bind(dedup_key.map(str::to_owned))
            .push(" WHERE p.status IN ('failed', 'cancelled') AND p.id = ")
            .push_bind(id.0)
            .push(format_args!(" RETURNING {JOB}"));
        match self.one(sql).await? {
            Some(row) => read_job(&row),
            None => Err(RepositoryError::Stale {
                what: "bulk upload",
            }),
        }
    }

    /// The predictions first: deleting the job is what makes a second call find nothing.
    async fn remove(
        &self,
        _grant: Grant,
        id: JobId,
        predictions: bool,
    ) -> Result<u64, RepositoryError> {
        self.transaction()?;
        let mut lock =
            QueryBuilder::new("SELECT job_type, status FROM bulk_upload_jobs WHERE id = ");
        lock.push_bind(id.0).push(" FOR UPDATE");
        let stale = || RepositoryError::Stale {
            what: "bulk upload",
        };
        let row = self.one(lock).await?.ok_or_else(stale)?;
        let place = RowRef {
            table: "bulk_upload_jobs",
            id: id.0,
        };
        if !place.named::<JobStatus>(&row, "status")?.is_final() {
            return Err(stale());
        }
        let mut removed = 0;
        if predictions {
            let kind: Kind = place.named(&row, "job_type")?;
            bulk::lock_predictions_of(self.transaction()?, kind, id).await?;
            let mut sql =
                QueryBuilder::new(format!("DELETE FROM {} WHERE bulk_job_id = ", kind.table()));
            sql.push_bind(id.0);
            removed = self.run(sql).await?;
        }
        let mut sql = QueryBuilder::new("DELETE FROM bulk_upload_jobs WHERE id = ");
        sql.push_bind(id.0);
        match self.run(sql).await? {
            0 => Err(stale()),
            _ => Ok(removed),
        }
    }
}

/// Under which name the options of a rescoring say what it is about.
pub(crate) const RESCORE: &str = "rescore";

/// The columns of a job, of the alias `p`.
pub(crate) const JOB: &str = "p.id, p.job_type, p.status, p.original_filename, p.filename, \
     p.file_size, p.file_hash, p.options, p.total_rows, p.success_count, p.updated_count, \
     p.skipped_count, p.error_count, p.rows_kept, p.checkpoint, p.warnings, p.file_columns, p.error, \
     p.cancel_requested_at, p.started_at, p.completed_at, p.attempts, p.access_level, \
     p.organization_id, p.created_by, p.created_at, p.updated_at, p.row_version";

/// A job from [`JOB`].
pub(crate) fn read_job(row: &PgRow) -> Result<Job, RepositoryError> {
    let id: Uuid = get(row, "id")?;
    let place = RowRef {
        table: "bulk_upload_jobs",
        id,
    };
    let (owner, created_by) = place.owner(row)?;
    let (options, task) =
        read_options(get(row, "options")?).ok_or_else(|| place.corrupt("options"))?;
    let total_rows = match get::<Option<i32>>(row, "total_rows")? {
        Some(total) => Some(u32::try_from(total).map_err(|_| place.corrupt("total_rows"))?),
        None => None,
    };
    Ok(Job {
        id: JobId(id),
        kind: place.named(row, "job_type")?,
        status: place.named(row, "status")?,
        original_filename: get(row, "original_filename")?,
        file_key: get(row, "filename")?,
        file_size: get(row, "file_size")?,
        file_hash: get::<Option<String>>(row, "file_hash")?.unwrap_or_default(),
        options,
        task,
        total_rows,
        counts: JobCounts {
            success: place.unsigned(row, "success_count")?,
            updated: place.unsigned(row, "updated_count")?,
            skipped: place.unsigned(row, "skipped_count")?,
            error: place.unsigned(row, "error_count")?,
        },
        rows_kept: place.unsigned(row, "rows_kept")?,
        checkpoint: json_column::<Checkpoint>(place, row, "checkpoint")?,
        warnings: json_column::<Vec<JobWarning>>(place, row, "warnings")?,
        columns: get(row, "file_columns")?,
        error: match get::<Option<Value>>(row, "error")? {
            Some(error) => {
                let fault: Result<Fault, _> = serde_json::from_value(error);
                Some(fault.map_err(|_| place.corrupt("error"))?)
            }
            None => None,
        },
        cancel_requested_at: get(row, "cancel_requested_at")?,
        started_at: get(row, "started_at")?,
        completed_at: get(row, "completed_at")?,
        attempts: place.unsigned(row, "attempts")?,
        owner,
        created_by,
        created_at: get(row, "created_at")?,
        updated_at: get(row, "updated_at")?,
        row_version: get(row, "row_version")?,
    })
}

/// The options, and beside them what a rescoring is about.
fn options_json(options: JobOptions, task: &Task) -> Result<Value, RepositoryError> {
    let json = |error: serde_json::Error| defect(error.to_string());
    let mut value = serde_json::to_value(options).map_err(json)?;
    if let Task::Rescore(rescoring) = task {
        value[RESCORE] = serde_json::to_value(rescoring).map_err(json)?;
    }
    Ok(value)
}

fn read_options(mut value: Value) -> Option<(JobOptions, Task)> {
    let task = match value.as_object_mut()?.remove(RESCORE) {
        Some(rescoring) => Task::Rescore(serde_json::from_value(rescoring).ok()?),
        None => Task::Upload,
    };
    Some((serde_json::from_value(value).ok()?, task))
}

fn json_column<T: DeserializeOwned>(
    place: RowRef,
    row: &PgRow,
    column: &'static str,
) -> Result<T, RepositoryError> {
    serde_json::from_value(get(row, column)?).map_err(|_| place.corrupt(column))
}

fn read_outcome(place: RowRef, row: &PgRow) -> Result<RowOutcome, RepositoryError> {
    let faults = match get::<Option<Value>>(row, "problem")? {
        Some(problem) => serde_json::from_value(problem).map_err(|_| place.corrupt("problem"))?,
        None => Vec::new(),
    };
    Ok(RowOutcome {
        row: place.unsigned(row, "row_number")?,
        status: place.named(row, "status")?,
        faults,
        prediction: get::<Option<Uuid>>(row, "prediction_id")?.map(PredictionId),
        source: get(row, "source")?,
    })
}
