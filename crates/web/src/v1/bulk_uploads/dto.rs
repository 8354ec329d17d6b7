//! DTOs of bulk uploads.

use accunode_domain::{
    intake::DecimalMark,
    job::{
        Job, JobEvent, JobLogLine, JobOptions, JobStatus, JobType, JobWarning, OtherCompany,
        Rescoring, RowOutcome, RowStatus, Task,
    },
    owner::AccessLevel,
    prediction::OnConflict,
    ratio::RatioUnit,
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    http::{
        enums::{
            AccessLevelName, DecimalMarkName, JobEventName, JobStatusName, JobTypeName,
            OnConflictName, OtherCompanyName, RatioUnitName, RowStatusName,
        },
        problem::{Problem, ProblemDto},
    },
    v1::predictions::outcome::ModelDto,
};

/// An upload.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkUpload)]
pub(crate) struct JobDto {
    pub(crate) id: Uuid,
    #[schema(value_type = JobTypeName)]
    job_type: JobType,
    #[schema(value_type = JobStatusName)]
    status: JobStatus,
    #[schema(example = "portfolio-2024.csv")]
    original_filename: String,
    /// In bytes.
    file_size: i64,
    /// The SHA-256 of the file; null for a rescoring, which has none.
    file_sha256: Option<String>,
    options: OptionsDto,
    /// Of a rescoring: which predictions, and by which model; null for an upload.
    rescoring: Option<RescoringDto>,
    /// Of a back-test: its report; null for an upload.
    validation_id: Option<Uuid>,
    /// Rows of data in the file; null until known.
    total_rows: Option<u32>,
    /// The sum of the four counts.
    processed_rows: u32,
    success_count: u32,
    updated_count: u32,
    skipped_count: u32,
    error_count: u32,
    /// How many of the skipped and failed rows are kept for listing: fewer than there are if the
    /// budget for them was used up.
    rows_kept: u32,
    /// What should be known of the whole file.
    warnings: Vec<WarningDto>,
    /// The columns of the file, once it was opened.
    columns: Vec<String>,
    /// Why it failed: a stable code, and words for readers.
    error_code: Option<String>,
    error_message: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    cancel_requested_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    started_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    completed_at: Option<OffsetDateTime>,
    rows_per_second: Option<f64>,
    eta_seconds: Option<f64>,
    /// The access level of its predictions.
    #[schema(value_type = AccessLevelName)]
    access_level: AccessLevel,
    organization_id: Option<Uuid>,
    created_by: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// What happened to it, oldest first; the last 100 lines. In lists: absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 100)]
    log: Option<Vec<LogLineDto>>,
}

/// Something that happened to an upload, rescoring or back-test.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkUploadLogLine)]
pub(crate) struct LogLineDto {
    /// When it happened.
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    #[schema(value_type = JobEventName)]
    event: JobEvent,
    /// The number of the attempt since rows were last stored, from 1; null if the event is not
    /// about an attempt.
    attempt: Option<u32>,
    /// The last row that was stored by then; null before the first.
    row: Option<u32>,
    /// Why, for programs; null where there is nothing to say.
    code: Option<String>,
    /// Why, for readers; null where there is nothing to say.
    detail: Option<String>,
}

impl From<JobLogLine> for LogLineDto {
    fn from(line: JobLogLine) -> Self {
        Self {
            at: line.at,
            event: line.event,
            attempt: line.attempt,
            row: line.row,
            code: line.code,
            detail: line.detail,
        }
    }
}

/// What an upload is asked to do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkUploadOptions)]
pub(crate) struct OptionsDto {
    #[schema(value_type = RatioUnitName)]
    ratio_unit: RatioUnit,
    #[schema(value_type = OnConflictName)]
    on_conflict: OnConflict,
    /// Everything but storing.
    dry_run: bool,
    /// The numbers are right although they look wrong.
    confirm_units: bool,
    /// The units of single columns, such as `net_income_margin:percent`; null if none were given.
    units: Option<String>,
    /// The decimal mark that was stated; null if none was.
    #[schema(value_type = Option<DecimalMarkName>)]
    decimal: Option<DecimalMark>,
    /// The sheet that was asked for.
    sheet: Option<String>,
    #[schema(value_type = OtherCompanyName)]
    other_company: OtherCompany,
}

impl From<JobOptions> for OptionsDto {
    fn from(options: JobOptions) -> Self {
        Self {
            ratio_unit: options.ratio_unit,
            on_conflict: options.on_conflict,
            dry_run: options.dry_run,
            confirm_units: options.confirm_units,
            units: (!options.units.is_empty()).then(|| options.units.to_string()),
            decimal: options.decimal,
            sheet: options.sheet,
            other_company: options.other_company,
        }
    }
}

/// The predictions that are scored again, and the model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rescoring)]
pub(crate) struct RescoringDto {
    model: ModelDto,
    /// Only predictions that this version made; null for all that another one made.
    only_from_model_version: Option<String>,
}

impl From<Rescoring> for RescoringDto {
    fn from(rescoring: Rescoring) -> Self {
        Self {
            model: (&rescoring.model).into(),
            only_from_model_version: rescoring.only_from,
        }
    }
}

/// What should be known of a whole file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkUploadWarning)]
pub(crate) struct WarningDto {
    #[schema(example = "unknown_columns")]
    code: String,
    detail: String,
    columns: Vec<String>,
}

impl From<JobWarning> for WarningDto {
    fn from(warning: JobWarning) -> Self {
        Self {
            code: warning.code,
            detail: warning.detail,
            columns: warning.columns,
        }
    }
}

impl JobDto {
    /// The columns of an export.
    pub(crate) const COLUMNS: &'static [&'static str] = &[
        "id",
        "job_type",
        "status",
        "original_filename",
        "file_size",
        "file_sha256",
        "total_rows",
        "processed_rows",
        "success_count",
        "updated_count",
        "skipped_count",
        "error_count",
        "rows_kept",
        "error_code",
        "error_message",
        "cancel_requested_at",
        "started_at",
        "completed_at",
        "access_level",
        "organization_id",
        "created_by",
        "created_at",
        "updated_at",
    ];

    /// The present state of an upload.
    pub(crate) fn of(job: Job, now: OffsetDateTime) -> Self {
        let job_type = job.job_type();
        let (rows_per_second, eta_seconds) = (job.rows_per_second(now), job.eta_seconds(now));
        let (error_code, error_message) = job.error.map(|e| (e.code, e.detail)).unzip();
        Self {
            id: job.id.0,
            job_type,
            status: job.status,
            original_filename: job.original_filename,
            file_size: job.file_size,
            file_sha256: Some(job.file_hash).filter(|hash| !hash.is_empty()),
            options: job.options.into(),
            validation_id: (job.task == Task::Validate).then_some(job.id.0),
            rescoring: match job.task {
                Task::Upload | Task::Outcomes | Task::Validate => None,
                Task::Rescore(rescoring) => Some(rescoring.into()),
            },
            total_rows: job.total_rows,
            processed_rows: job.counts.processed(),
            success_count: job.counts.success,
            updated_count: job.counts.updated,
            skipped_count: job.counts.skipped,
            error_count: job.counts.error,
            rows_kept: job.rows_kept,
            warnings: job.warnings.into_iter().map(WarningDto::from).collect(),
            columns: job.columns,
            error_code,
            error_message,
            cancel_requested_at: job.cancel_requested_at,
            started_at: job.started_at,
            completed_at: job.completed_at,
            rows_per_second,
            eta_seconds,
            access_level: job.owner.level(),
            organization_id: job.owner.organization().map(|id| id.0),
            created_by: job.created_by.0,
            created_at: job.created_at,
            updated_at: job.updated_at,
            log: Some(job.log.into_iter().map(LogLineDto::from).collect()),
        }
    }

    /// The same, for a list.
    pub(crate) fn in_list(job: Job, now: OffsetDateTime) -> Self {
        Self {
            log: None,
            ..Self::of(job, now)
        }
    }
}

/// The outcome of a row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkUploadRow)]
pub(crate) struct RowDto {
    /// The row in its file; the header is row 1. Of a rescoring: the prediction's number.
    row: u32,
    #[schema(value_type = RowStatusName)]
    status: RowStatus,
    /// Why it was not stored, or what else should be known of it.
    problem: Option<ProblemDto>,
    /// The prediction that it made or met.
    prediction_id: Option<Uuid>,
    /// Of a file of outcomes: the one that it recorded.
    outcome_id: Option<Uuid>,
}

impl RowDto {
    /// The outcome of a row of a job of this type.
    pub(super) fn of(job_type: JobType, outcome: &RowOutcome) -> Self {
        let made = outcome.prediction.map(|id| id.0);
        let is_outcome = job_type == JobType::Outcomes;
        let problem = (!outcome.faults.is_empty())
            .then(|| Problem::faults(outcome.faults.clone()).document(None));
        Self {
            row: outcome.row,
            status: outcome.status,
            problem,
            prediction_id: made.filter(|_| !is_outcome),
            outcome_id: made.filter(|_| is_outcome),
        }
    }
}
