//! Jobs: what bulk uploads and rescorings are asked to do, their state, and the outcome of each
//! row.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::{
    Timestamp,
    fault::{Fault, text_enum},
    id::{ApiKeyId, JobId, PredictionId, UserId},
    intake::{ColumnUnits, DecimalMark},
    owner::Owner,
    prediction::{Kind, OnConflict},
    ratio::RatioUnit,
    risk::ModelRef,
};

/// The state of a job.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum JobStatus {
    /// The job waits for a worker.
    Pending,
    /// A worker has taken the job, and may have died since.
    Processing,
    /// Every row is accounted for.
    Completed,
    /// The job stopped. What was stored until then stays, with its checkpoint. It may be continued.
    Failed,
    /// The creator of the job stopped it. It may be continued.
    Cancelled,
}

impl JobStatus {
    /// Whether the state is final, except that a job that was not read to its end can be continued.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether a job may go from here to `next`.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Pending => matches!(next, Self::Processing | Self::Cancelled | Self::Failed),
            // To `Processing` again: another worker takes over an expired lease.
            Self::Processing => !matches!(next, Self::Pending),
            Self::Completed => false,
            // To `Pending` again: the job continues from its checkpoint. It can be completed only
            // by reading the rest.
            Self::Failed | Self::Cancelled => matches!(next, Self::Pending),
        }
    }
}

text_enum!(JobStatus);

/// The options of an upload. They are part of what makes two uploads the same.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobOptions {
    /// The unit of the shares.
    pub ratio_unit: RatioUnit,
    /// What happens to companies and periods that exist already.
    pub on_conflict: OnConflict,
    /// Does everything except storing predictions.
    pub dry_run: bool,
    /// The numbers are right although their units look wrong.
    pub confirm_units: bool,
    /// The units of single columns.
    #[serde(skip_serializing_if = "ColumnUnits::is_empty")]
    pub units: ColumnUnits,
    /// The decimal mark of numbers that are texts. `None`: the file must show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<DecimalMark>,
    /// The sheet of a workbook. `None`: the only sheet that has the columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// What happens to rows that name another company than the one found by their symbol.
    pub other_company: OtherCompany,
}

/// What happens to a row whose name, exchange or country suggests that its symbol belongs to
/// another company.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum OtherCompany {
    /// The row is stored for the company that has the symbol, and the upload gets a warning.
    #[default]
    Warn,
    /// The row is not stored.
    Error,
}

text_enum!(OtherCompany);

/// The content of an upload's rows: the name in the API and the database.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum JobType {
    /// Annual predictions.
    Annual,
    /// Quarterly predictions.
    Quarterly,
    /// Outcomes of companies.
    Outcomes,
}

text_enum!(JobType);

impl JobType {
    /// The kind of the predictions; `None` for outcomes.
    #[must_use]
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Self::Annual => Some(Kind::Annual),
            Self::Quarterly => Some(Kind::Quarterly),
            Self::Outcomes => None,
        }
    }

    /// The task of an upload of such rows.
    #[must_use]
    pub const fn task(self) -> Task {
        match self {
            Self::Annual | Self::Quarterly => Task::Upload,
            Self::Outcomes => Task::Outcomes,
        }
    }
}

impl From<Kind> for JobType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Annual => Self::Annual,
            Kind::Quarterly => Self::Quarterly,
        }
    }
}

/// The kinds of work that lists of jobs tell apart.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum JobWork {
    /// A file of statements or outcomes.
    Upload,
    /// Predictions that are scored anew.
    Rescoring,
    /// A back-test.
    BackTest,
}

text_enum!(JobWork);

/// The task of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Task {
    /// Makes predictions from the rows of a file.
    #[default]
    Upload,
    /// Records outcomes from the rows of a file.
    Outcomes,
    /// Scores existing predictions by another model.
    Rescore(Rescoring),
    /// Makes the report of a back-test, which has the same id as the job.
    Validate,
}

/// Which predictions of an owner are scored again, and by which model. Predictions that this model
/// has already scored are skipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rescoring {
    /// The model that scores them.
    pub model: ModelRef,
    /// Only predictions that this version scored, whatever the model's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_from: Option<String>,
}

/// The numbers of rows by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct JobCounts {
    pub success: u32,
    pub updated: u32,
    pub skipped: u32,
    pub error: u32,
}

impl JobCounts {
    /// The number of rows that are accounted for.
    #[must_use]
    pub const fn processed(self) -> u32 {
        self.success + self.updated + self.skipped + self.error
    }
}

impl std::ops::AddAssign for JobCounts {
    fn add_assign(&mut self, other: Self) {
        self.success += other.success;
        self.updated += other.updated;
        self.skipped += other.skipped;
        self.error += other.error;
    }
}

/// The progress of a job: enough for another worker to continue it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Checkpoint {
    /// The last row that is accounted for; 0 before the first. The header is row 1.
    pub row: u32,
    /// How many bytes of the (inflated) input have been read.
    pub bytes: u64,
    /// The last prediction that a rescoring has accounted for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Position>,
}

/// The position of a prediction among those of its owner, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// When it was stored, in microseconds since 1970.
    pub created_at_micros: i64,
    /// Its id, which orders predictions of the same microsecond.
    pub id: PredictionId,
}

/// A warning about a whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobWarning {
    /// A stable code, such as `unknown_columns`.
    pub code: String,
    /// A message for users.
    pub detail: String,
    /// The columns that the warning is about.
    pub columns: Vec<String>,
}

/// A job as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The id of the job.
    pub id: JobId,
    /// The kind of its predictions; annual if it has none (see [`Job::job_type`]).
    pub kind: Kind,
    /// The state of the job.
    pub status: JobStatus,
    /// The original name of the file.
    pub original_filename: String,
    /// The key of the file in the file store.
    pub file_key: String,
    /// The size of the file, in bytes.
    pub file_size: i64,
    /// The SHA-256 of the file, in hexadecimal.
    pub file_hash: String,
    /// The options of the upload.
    pub options: JobOptions,
    /// Whether the job reads a file or scores existing predictions. A rescoring has no file: no
    /// key, no hash and no bytes, and none of the options applies to it.
    pub task: Task,
    /// The number of data rows in the file; `None` until known.
    pub total_rows: Option<u32>,
    /// The outcomes of the rows so far.
    pub counts: JobCounts,
    /// How many failed and skipped rows are kept for listing. Fewer than `counts.error +
    /// counts.skipped` if the budget for kept rows was used up.
    pub rows_kept: u32,
    /// The progress of the job.
    pub checkpoint: Checkpoint,
    /// Warnings about the whole file.
    pub warnings: Vec<JobWarning>,
    /// The columns of the file, once it has been opened: the header of the file of failed rows.
    pub columns: Vec<String>,
    /// Why the job failed.
    pub error: Option<Fault>,
    /// When the creator asked for the job to stop.
    pub cancel_requested_at: Option<Timestamp>,
    /// When a worker first took the job.
    pub started_at: Option<Timestamp>,
    /// When the job ended.
    pub completed_at: Option<Timestamp>,
    /// How often a worker has taken the job since its last checkpoint. Outages of the database and
    /// orderly shutdowns are not counted.
    pub attempts: u32,
    /// The id of the request that created the job; `None` for jobs of versions that did not keep
    /// it.
    pub request_id: Option<String>,
    /// The API key that created the job, which the job does not outlive; `None` for a session.
    pub api_key: Option<ApiKeyId>,
    /// The owner of the job and of its predictions.
    pub owner: Owner,
    /// The user who sent it.
    pub created_by: UserId,
    /// When it was sent.
    pub created_at: Timestamp,
    /// When it was last updated.
    pub updated_at: Timestamp,
    /// The row version, shown as the ETag.
    pub row_version: i64,
    /// The events of the job, oldest first; the last [`MAX_LOG_LINES`].
    pub log: Vec<JobLogLine>,
}

/// The most lines of a job's log. Older lines are dropped.
pub const MAX_LOG_LINES: usize = 100;

/// An event of a job.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum JobEvent {
    /// A worker took the job.
    Taken,
    /// The attempt of a worker failed, and another one follows.
    AttemptFailed,
    /// A process that shuts down gave the job back.
    Released,
    /// A user asked for the job to stop.
    CancelRequested,
    /// A user continued the job after it had stopped.
    Continued,
    /// Every row is accounted for.
    Completed,
    /// The job failed.
    Failed,
    /// The job stopped because a user asked for it.
    Cancelled,
}

text_enum!(JobEvent);

/// A line of a job's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLogLine {
    /// When the event happened.
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
    /// The event.
    pub event: JobEvent,
    /// The number of the attempt since the last checkpoint, from 1.
    #[serde(default)]
    pub attempt: Option<u32>,
    /// The last row that was stored by then; `None` before the first.
    #[serde(default)]
    pub row: Option<u32>,
    /// The reason, for programs.
    #[serde(default)]
    pub code: Option<String>,
    /// The reason, for readers.
    #[serde(default)]
    pub detail: Option<String>,
}

/// The codes of failures after which a job may be continued from its checkpoint, since their cause
/// may be gone. All others are faults of the file or of the request and would occur again.
const MAY_BE_GONE: [&str; 3] = ["too_many_attempts", "rights_lost", "model_unavailable"];

impl Job {
    /// The content of its rows.
    #[must_use]
    pub fn job_type(&self) -> JobType {
        match self.task {
            Task::Outcomes => JobType::Outcomes,
            _ => self.kind.into(),
        }
    }

    /// Whether the job reads a file.
    #[must_use]
    pub const fn has_file(&self) -> bool {
        matches!(self.task, Task::Upload | Task::Outcomes)
    }

    /// How many failed and skipped rows were counted but not kept.
    #[must_use]
    pub const fn rows_not_kept(&self) -> u32 {
        (self.counts.error + self.counts.skipped).saturating_sub(self.rows_kept)
    }

    /// Whether the job stopped before its end and can be continued: rows after its checkpoint have
    /// not been read.
    #[must_use]
    pub fn may_be_continued(&self) -> bool {
        match self.status {
            JobStatus::Cancelled => true,
            JobStatus::Failed => self
                .error
                .as_ref()
                .is_none_or(|fault| MAY_BE_GONE.contains(&fault.code.as_ref())),
            JobStatus::Pending | JobStatus::Processing | JobStatus::Completed => false,
        }
    }

    /// Rows per second since a worker took the job.
    #[must_use]
    pub fn rows_per_second(&self, now: Timestamp) -> Option<f64> {
        let seconds = (self.completed_at.unwrap_or(now) - self.started_at?).as_seconds_f64();
        (seconds > 0.0).then(|| f64::from(self.counts.processed()) / seconds)
    }

    /// Seconds until the job ends at the present speed: by rows if their number is known, otherwise
    /// by bytes. `None` for a job that has ended or not begun.
    #[must_use]
    pub fn eta_seconds(&self, now: Timestamp) -> Option<f64> {
        if self.status != JobStatus::Processing {
            return None;
        }
        let elapsed = (now - self.started_at?).as_seconds_f64();
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let done = match self.total_rows {
            Some(total) if total > 0 => f64::from(self.counts.processed()) / f64::from(total),
            _ if self.file_size > 0 => self.checkpoint.bytes as f64 / self.file_size as f64,
            _ => return None,
        };
        (done > 0.0 && done <= 1.0).then(|| elapsed / done * (1.0 - done))
    }
}

/// The outcome of a row.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum RowStatus {
    /// A prediction was created.
    Ok,
    /// A prediction replaced an existing one.
    Updated,
    /// The existing prediction stayed.
    Skipped,
    /// The row could not be used; its faults say why.
    Error,
}

text_enum!(RowStatus);

/// The outcome of a row, as it is listed.
#[derive(Clone, Debug, PartialEq)]
pub struct RowOutcome {
    /// The number of the row in its file; the header is row 1.
    pub row: u32,
    /// The outcome of the row.
    pub status: RowStatus,
    /// Why the row was not stored, or warnings about it.
    pub faults: Vec<Fault>,
    /// The prediction that the row created, updated or matched.
    pub prediction: Option<PredictionId>,
    /// The row as it was sent, as a CSV record; only for rows that are not `Ok`.
    pub source: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ended_job_can_only_be_continued() {
        for from in JobStatus::ALL.into_iter().filter(|s| s.is_final()) {
            for to in JobStatus::ALL {
                let is_continued = from != JobStatus::Completed && to == JobStatus::Pending;
                assert_eq!(from.may_become(to), is_continued, "{from} → {to}");
            }
        }
        assert!(
            JobStatus::Processing.may_become(JobStatus::Processing),
            "a lease may be taken over"
        );
        assert!(!JobStatus::Processing.may_become(JobStatus::Pending));
        assert!(!JobStatus::Pending.may_become(JobStatus::Completed));
    }
}
