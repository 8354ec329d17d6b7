//! Bulk uploads, rescorings and the outcomes of their rows; storing a chunk is [`crate::bulk`].

use accunode_domain::{
    access::{Grant, Scope},
    id::{JobId, PredictionId},
    job::{Job, JobCounts, JobStatus, JobType, JobWork, Position, RowOutcome, RowStatus, Task},
    page::{Cursor, Limit, Page, Sort},
};
use accunode_ports::{
    RepositoryError,
    budgets::JobBudget,
    repositories::{
        JobChunk, JobFilter, JobRepository, JobWriter, Lease, NewJob, OutcomeChunk, Rescorable,
        RescoredChunk, RowFilter, ToRescore, Undone,
    },
};
use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{CaseStatement, Expr, ExprTrait, Func, LockType, Order},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    bulk::{self, budget},
    db::{Executor, Tx, build, raw},
    entities::{
        Named,
        bulk_upload_jobs::{self, Column, Entity, RESCORE, VALIDATE, options_json},
    },
    errors::from_orm,
    keyset::page,
    page::Keyset,
    repositories::rescoring,
    row::{RowRef, storable, time_key},
    tenant::{ScopeSql, TenantEntity, VisibleTo, one_of_names},
};

/// Bulk uploads and rescorings, through an executor.
#[derive(Debug)]
pub(crate) struct Jobs<E> {
    db: E,
}

impl<E> Jobs<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

/// Returns the condition for jobs of these kinds of work; all jobs if there are none. What a
/// job is about that has no file is in its options.
fn one_of_works(works: &[JobWork]) -> Condition {
    let is = |name: &str| {
        Expr::cust(format!(
            "\"bulk_upload_jobs\".\"options\" -> '{name}' IS NOT NULL"
        ))
    };
    let is_no = |name: &str| {
        Expr::cust(format!(
            "\"bulk_upload_jobs\".\"options\" -> '{name}' IS NULL"
        ))
    };
    if works.is_empty() || JobWork::ALL.iter().all(|work| works.contains(work)) {
        return Condition::all();
    }
    let of = works.iter().map(|work| match work {
        JobWork::Upload => Condition::all().add(is_no(RESCORE)).add(is_no(VALIDATE)),
        JobWork::Rescoring => Condition::all().add(is(RESCORE)),
        JobWork::BackTest => Condition::all().add(is(VALIDATE)),
    });
    of.fold(Condition::any(), Condition::add)
}

/// Returns the job, or the error that its state does not (or no longer) allow the change.
fn changed(rows: Vec<bulk_upload_jobs::Model>) -> Result<Job, RepositoryError> {
    match rows.into_iter().next() {
        Some(row) => row.into_job(),
        None => Err(stale()),
    }
}

const fn stale() -> RepositoryError {
    RepositoryError::Stale {
        what: "bulk upload",
    }
}

/// The number of jobs with a status.
#[derive(Debug, FromQueryResult)]
struct Counted {
    status: Named<JobStatus>,
    n: i64,
}

#[async_trait]
impl<E: Executor> JobRepository for Jobs<E> {
    async fn same_upload(
        &self,
        grant: Grant,
        dedup_key: &str,
    ) -> Result<Option<JobId>, RepositoryError> {
        let found = Entity::find()
            .filter(Column::DedupKey.eq(dedup_key))
            .visible_to(&ScopeSql::of_grant(grant))
            .only(&self.db)
            .await?;
        Ok(found.map(|job| JobId(job.id)))
    }

    async fn find(&self, scope: &Scope, id: JobId) -> Result<Option<Job>, RepositoryError> {
        let found = Entity::find_by_id(id.0)
            .visible_to(&ScopeSql::of(scope))
            .one(&self.db)
            .await?;
        found.map(bulk_upload_jobs::Model::into_job).transpose()
    }

    async fn by_status(&self, scope: &Scope) -> Result<Vec<(JobStatus, u64)>, RepositoryError> {
        let scope = ScopeSql::of(scope);
        let mut select = Entity::find()
            .select_only()
            .column(Column::Status)
            .column_as(Column::Id.count(), "n")
            .filter(scope.condition::<Entity>())
            .group_by(Column::Status)
            .into_query();
        // The offset prevents the planner from flattening the subquery.
        select.offset(0);
        let statement = scope.ordered(&self.db, select, |outer| {
            outer.order_by(("x", Column::Status), Order::Asc);
        });
        let found: Vec<Counted> = self.db.models(statement).await?;
        let row = RowRef {
            table: "bulk_upload_jobs",
            id: Uuid::nil(),
        };
        let counted = found.into_iter().map(|counted| {
            let n = u64::try_from(counted.n).map_err(|error| row.corrupt_by("status", error))?;
            Ok((row.known("status", counted.status)?, n))
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
        let status = one_of_names(Column::Status, &filter.statuses);
        let kind = filter
            .job_type
            .map(|job_type| Column::JobType.eq(Named::from(job_type)));
        let keyset = Keyset {
            sort: Sort::CreatedAt,
            column: Column::CreatedAt,
            over_organizations: false,
        };
        let rows = Entity::find()
            .filter(Condition::all().add_option(status).add_option(kind))
            .filter(one_of_works(&filter.work))
            .visible_to(&ScopeSql::of(scope))
            .page(&self.db, keyset, limit, after.as_ref())
            .await?;
        let rows = rows.into_iter().map(bulk_upload_jobs::Model::into_job);
        Ok(page(rows.collect::<Result<_, _>>()?, limit, |last| {
            Cursor {
                sort: Sort::CreatedAt,
                key: time_key(last.created_at),
                id: last.id.0,
            }
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
        let reached = ScopeSql::of(scope);
        let sql = match job.job_type() {
            JobType::Annual => ANNUAL_ROWS,
            JobType::Quarterly => QUARTERLY_ROWS,
            JobType::Outcomes => OUTCOME_ROWS,
        };
        // A dry run creates no predictions, so its ok rows are kept like the others.
        let kept = filter.status != Some(RowStatus::Ok) || job.options.dry_run;
        let made = filter.status.is_none_or(|status| status == RowStatus::Ok);
        let actor = self.db.actor(reached.reader()).reading_values();
        let values: [sea_orm::Value; 10] = [
            reached.keys().into(),
            reached.every_organization().into(),
            scope.break_glass().into(),
            job.id.0.into(),
            job.owner.key().into(),
            i32::try_from(filter.after).unwrap_or(i32::MAX).into(),
            filter.status.map(RowStatus::as_str).into(),
            kept.into(),
            made.into(),
            i64::from(limit).into(),
        ];
        let statement = raw(sql, actor.into_iter().chain(values));
        let found: Vec<OutcomeRow> = self.db.models(statement).await?;
        let outcomes = found.into_iter().map(|row| row.into_outcome(job.id));
        outcomes.collect()
    }

    async fn count_to_rescore(&self, wanted: &ToRescore) -> Result<u32, RepositoryError> {
        rescoring::count(&self.db, wanted).await
    }

    async fn to_rescore(
        &self,
        wanted: &ToRescore,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<Rescorable>, RepositoryError> {
        rescoring::read(&self.db, wanted, after, limit).await
    }
}

/// The outcomes of a job's rows: those kept with the job, and those that became predictions.
const ANNUAL_ROWS: &str = include_str!("job/annual_rows.sql");
/// The same for a job that creates quarterly predictions.
const QUARTERLY_ROWS: &str = include_str!("job/quarterly_rows.sql");
/// The same for a job that records outcomes of companies.
const OUTCOME_ROWS: &str = include_str!("job/outcome_rows.sql");

/// A row of [`ANNUAL_ROWS`] and [`QUARTERLY_ROWS`].
#[derive(Debug, FromQueryResult)]
struct OutcomeRow {
    row_number: i32,
    status: Named<RowStatus>,
    problem: Option<Value>,
    prediction_id: Option<Uuid>,
    source: Option<String>,
}

impl OutcomeRow {
    fn into_outcome(self, job: JobId) -> Result<RowOutcome, RepositoryError> {
        let row = RowRef {
            table: "bulk_upload_rows",
            id: job.0,
        };
        let faults = self.problem.map(|problem| row.json("problem", problem));
        Ok(RowOutcome {
            row: row.count("row_number", self.row_number)?,
            status: row.known("status", self.status)?,
            faults: faults.transpose()?.unwrap_or_default(),
            prediction: self.prediction_id.map(PredictionId),
            source: self.source,
        })
    }
}

#[async_trait]
impl JobWriter for Jobs<Tx> {
    #[tracing::instrument(name = "JobWriter::add", level = "debug", skip_all)]
    async fn add(&self, grant: Grant, job: &NewJob) -> Result<Job, RepositoryError> {
        budget::admit(&self.db, grant, job.budget, job.file_size.unsigned_abs()).await?;
        let row = bulk_upload_jobs::ActiveModel {
            id: Set(job.id.0),
            filename: Set(storable(&job.file_key)),
            original_filename: Set(storable(&job.original_filename)),
            file_size: Set(job.file_size),
            file_hash: Set(Some(job.file_hash.clone()).filter(|hash| !hash.is_empty())),
            job_type: Set(match job.task {
                Task::Outcomes => JobType::Outcomes,
                _ => job.kind.into(),
            }
            .into()),
            options: Set(options_json(job.options.clone(), &job.task)?),
            dedup_key: Set(job.dedup_key.clone()),
            request_id: Set(job.request_id.as_deref().map(storable)),
            api_key_id: Set(job.api_key.map(|key| key.0)),
            ..Default::default()
        };
        let stored = Entity::insert(Entity::owned_by(grant).row(row))
            .exec_with_returning(&*self.db)
            .await;
        stored.map_err(from_orm)?.into_job()
    }

    #[tracing::instrument(name = "JobWriter::store_chunk", level = "debug", skip_all)]
    async fn store_chunk(
        &self,
        scope: &Scope,
        lease: &Lease,
        chunk: &JobChunk,
    ) -> Result<JobCounts, RepositoryError> {
        bulk::store(&self.db, scope, lease, chunk).await
    }

    #[tracing::instrument(name = "JobWriter::store_rescored", level = "debug", skip_all)]
    async fn store_rescored(
        &self,
        lease: &Lease,
        chunk: &RescoredChunk,
    ) -> Result<JobCounts, RepositoryError> {
        bulk::rescore(&self.db, lease, chunk).await
    }

    #[tracing::instrument(name = "JobWriter::store_outcomes", level = "debug", skip_all)]
    async fn store_outcomes(
        &self,
        scope: &Scope,
        lease: &Lease,
        chunk: &OutcomeChunk,
    ) -> Result<JobCounts, RepositoryError> {
        bulk::record(&self.db, scope, lease, chunk).await
    }

    #[tracing::instrument(name = "JobWriter::request_cancel", level = "debug", skip_all)]
    async fn request_cancel(&self, grant: Grant, id: JobId) -> Result<Job, RepositoryError> {
        let now = || Expr::from(Func::cust("clock_timestamp"));
        let requested = Func::coalesce([Expr::col(Column::CancelRequestedAt), now()]);
        let is_pending = || Expr::col(Column::Status).eq(JobStatus::Pending.as_str());
        let completed = CaseStatement::new().case(is_pending(), now());
        let status = CaseStatement::new()
            .case(is_pending(), JobStatus::Cancelled.as_str())
            .finally(Expr::col(Column::Status));
        let open = [JobStatus::Pending, JobStatus::Processing].map(Named::from);
        let cancelled = Entity::owned_by(grant)
            .update(bulk_upload_jobs::ActiveModel::default())
            .col_expr(Column::CancelRequestedAt, requested.into())
            .col_expr(Column::CompletedAt, completed.into())
            .col_expr(Column::Status, status.into())
            .filter(Column::Id.eq(id.0))
            .filter(Column::Status.is_in(open))
            .exec_with_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        changed(cancelled)
    }

    #[tracing::instrument(name = "JobWriter::resume", level = "debug", skip_all)]
    async fn resume<'a>(
        &self,
        grant: Grant,
        id: JobId,
        dedup_key: Option<&'a str>,
        open_jobs: u32,
    ) -> Result<Job, RepositoryError> {
        let open = JobBudget {
            open_jobs,
            ..JobBudget::default()
        };
        budget::admit(&self.db, grant, open, 0).await?;
        let ended = [JobStatus::Failed, JobStatus::Cancelled].map(Named::from);
        let resumed = Entity::owned_by(grant)
            .update(bulk_upload_jobs::ActiveModel {
                status: Set(JobStatus::Pending.into()),
                attempts: Set(0),
                error: Set(None),
                error_message: Set(None),
                completed_at: Set(None),
                cancel_requested_at: Set(None),
                dedup_key: Set(dedup_key.map(str::to_owned)),
                ..Default::default()
            })
            .filter(Column::Id.eq(id.0))
            .filter(Column::Status.is_in(ended))
            .exec_with_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        changed(resumed)
    }

    /// Predictions are removed first: once the job is deleted, a second call finds nothing.
    #[tracing::instrument(name = "JobWriter::remove", level = "debug", skip_all)]
    async fn remove(
        &self,
        grant: Grant,
        id: JobId,
        predictions: bool,
    ) -> Result<Undone, RepositoryError> {
        let mut lock = Entity::find_by_id(id.0)
            .filter(Column::OwnerKey.eq(grant.owner().key()))
            .into_query();
        lock.lock(LockType::Update);
        let job: Option<bulk_upload_jobs::Model> = self.db.model(build(lock)).await?;
        let job = job.ok_or_else(stale)?.into_job()?;
        if !job.status.is_final() {
            return Err(stale());
        }
        let mut undone = Undone::default();
        if predictions {
            undone = bulk::undo(&self.db, grant, &job).await?;
        }
        let gone = Entity::owned_by(grant)
            .delete()
            .filter(Column::Id.eq(id.0))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        match gone.rows_affected {
            0 => Err(stale()),
            _ => Ok(undone),
        }
    }
}
