//! `bulk_upload_jobs`: bulk uploads and rescorings. The table is also the queue.

use accunode_domain::{
    Timestamp,
    fault::Fault,
    id::{ApiKeyId, JobId, OrganizationId, UserId},
    job::{Job, JobCounts, JobLogLine, JobOptions, JobStatus, JobType, Task},
    owner::{AccessLevel, Owner},
    prediction::Kind,
};
use accunode_ports::RepositoryError;
use sea_orm::entity::prelude::*;
use serde_json::Value;

use super::Named;
use crate::{errors::defect, row::RowRef, tenant::TenantEntity};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bulk_upload_jobs")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) filename: String,
    pub(crate) original_filename: String,
    pub(crate) file_size: i64,
    pub(crate) file_hash: Option<String>,
    pub(crate) status: Named<JobStatus>,
    pub(crate) job_type: Named<JobType>,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) options: Json,
    pub(crate) dedup_key: Option<String>,
    pub(crate) file_columns: Vec<String>,
    pub(crate) total_rows: Option<i32>,
    pub(crate) processed_rows: i32,
    pub(crate) success_count: i32,
    pub(crate) updated_count: i32,
    pub(crate) skipped_count: i32,
    pub(crate) error_count: i32,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) warnings: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) checkpoint: Json,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) completed_at: Option<Timestamp>,
    pub(crate) cancel_requested_at: Option<Timestamp>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub(crate) error: Option<Json>,
    pub(crate) error_message: Option<String>,
    /// The last lines of the job's log, which a trigger writes.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) processing_logs: Json,
    pub(crate) lease_token: Option<Uuid>,
    pub(crate) lease_expires_at: Option<Timestamp>,
    pub(crate) attempts: i32,
    pub(crate) access_level: Named<AccessLevel>,
    pub(crate) organization_id: Option<Uuid>,
    pub(crate) created_by: Uuid,
    pub(crate) row_version: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Generated from the three columns of the owner.
    pub(crate) owner_key: Uuid,
    pub(crate) rows_kept: i32,
    pub(crate) request_id: Option<String>,
    pub(crate) api_key_id: Option<Uuid>,
}

impl ActiveModelBehavior for ActiveModel {}

impl TenantEntity for Entity {
    const ID: Column = Column::Id;
    const OWNER_KEY: Column = Column::OwnerKey;
    const ACCESS_LEVEL: Column = Column::AccessLevel;
    const ORGANIZATION_ID: Column = Column::OrganizationId;
    const CREATED_BY: Column = Column::CreatedBy;
    const ROW_VERSION: Column = Column::RowVersion;
}

impl Model {
    pub(crate) fn into_job(self) -> Result<Job, RepositoryError> {
        let row = RowRef {
            table: "bulk_upload_jobs",
            id: self.id,
        };
        let job_type = row.known("job_type", self.job_type)?;
        let (options, task) = read_options(self.options, job_type)
            .map_err(|error| row.corrupt_by("options", error))?;
        let total_rows = self.total_rows.map(|total| row.count("total_rows", total));
        let error = self.error.map(|error| row.json::<Fault>("error", error));
        let level = row.known("access_level", self.access_level)?;
        let created_by = UserId(self.created_by);
        let organization = self.organization_id.map(OrganizationId);
        Ok(Job {
            id: JobId(self.id),
            kind: job_type.kind().unwrap_or(Kind::Annual),
            status: row.known("status", self.status)?,
            original_filename: self.original_filename,
            file_key: self.filename,
            file_size: self.file_size,
            file_hash: self.file_hash.unwrap_or_default(),
            options,
            task,
            total_rows: total_rows.transpose()?,
            counts: JobCounts {
                success: row.count("success_count", self.success_count)?,
                updated: row.count("updated_count", self.updated_count)?,
                skipped: row.count("skipped_count", self.skipped_count)?,
                error: row.count("error_count", self.error_count)?,
            },
            rows_kept: row.count("rows_kept", self.rows_kept)?,
            checkpoint: row.json("checkpoint", self.checkpoint)?,
            warnings: row.json("warnings", self.warnings)?,
            columns: self.file_columns,
            error: error.transpose()?,
            cancel_requested_at: self.cancel_requested_at,
            started_at: self.started_at,
            completed_at: self.completed_at,
            attempts: row.count("attempts", self.attempts)?,
            request_id: self.request_id,
            api_key: self.api_key_id.map(ApiKeyId),
            owner: Owner::of_row(level, organization, created_by)
                .ok_or_else(|| row.corrupt("organization_id"))?,
            created_by,
            created_at: self.created_at,
            updated_at: self.updated_at,
            row_version: self.row_version,
            log: read_log(self.processing_logs),
        })
    }
}

/// Reads the lines of a log. A program of the previous version, running at the same time, may have
/// written a line without a time; such a line is skipped.
fn read_log(lines: Value) -> Vec<JobLogLine> {
    let Value::Array(lines) = lines else {
        return Vec::new();
    };
    let lines = lines.into_iter();
    lines
        .filter_map(|line| serde_json::from_value(line).ok())
        .collect()
}

/// The key of a rescoring's parameters in the options.
pub(crate) const RESCORE: &str = "rescore";
/// The key that marks a back-test in the options.
pub(crate) const VALIDATE: &str = "validate";

/// The options, with the parameters of a job that has no file.
pub(crate) fn options_json(options: JobOptions, task: &Task) -> Result<Value, RepositoryError> {
    let json = |error: serde_json::Error| defect(error.to_string());
    let mut value = serde_json::to_value(options).map_err(json)?;
    match task {
        Task::Upload | Task::Outcomes => {}
        Task::Rescore(rescoring) => {
            value[RESCORE] = serde_json::to_value(rescoring).map_err(json)?;
        }
        Task::Validate => value[VALIDATE] = true.into(),
    }
    Ok(value)
}

fn read_options(
    mut value: Value,
    job_type: JobType,
) -> Result<(JobOptions, Task), serde_json::Error> {
    let mut take = |name| {
        value
            .as_object_mut()
            .and_then(|options| options.remove(name))
    };
    let task = match (take(RESCORE), take(VALIDATE)) {
        (Some(rescoring), _) => Task::Rescore(serde_json::from_value(rescoring)?),
        (None, Some(_)) => Task::Validate,
        (None, None) => job_type.task(),
    };
    Ok((serde_json::from_value(value)?, task))
}
