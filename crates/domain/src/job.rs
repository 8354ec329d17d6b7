//! Bulk uploads: what they are asked to do, where they stand, what became of each row.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::{
    Timestamp,
    fault::{Fault, text_enum},
    id::{JobId, PredictionId, UserId},
    intake::ColumnUnits,
    owner::Owner,
    prediction::{Kind, OnConflict},
    ratio::RatioUnit,
    risk::ModelRef,
};

/// Where a job stands.
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
    /// Waits for a worker.
    Pending,
    /// A worker has it, or had it when it died.
    Processing,
    /// Every row is accounted for.
    Completed,
    /// It stopped; what was stored until then stays, with its checkpoint. It may be continued.
    Failed,
    /// Its creator stopped it. It may be continued.
    Cancelled,
}

impl JobStatus {
    /// Whether nothing will change any more, except that one that was not read to its end is
    /// continued.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether a job may go from here to `next`.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Pending => matches!(next, Self::Processing | Self::Cancelled | Self::Failed),
            // Processing again: another worker takes over a lease that has run out.
            Self::Processing => !matches!(next, Self::Pending),
            Self::Completed => false,
            // Pending again: it is continued from its checkpoint. There is no way from here to
            // completed but by reading the rest.
            Self::Failed | Self::Cancelled => matches!(next, Self::Pending),
        }
    }
}

text_enum!(JobStatus);

/// What an upload is asked to do. Part of what makes two uploads the same.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobOptions {
    /// The unit of the shares.
    pub ratio_unit: RatioUnit,
    /// What happens to companies and periods that are already there.
    pub on_conflict: OnConflict,
    /// Everything but storing.
    pub dry_run: bool,
    /// The numbers are right although they look wrong.
    pub confirm_units: bool,
    /// The units of single columns.
    #[serde(skip_serializing_if = "ColumnUnits::is_empty")]
    pub units: ColumnUnits,
    /// The sheet of a workbook; without it the only one that has the columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// What happens to rows that name another company than their symbol found.
    pub other_company: OtherCompany,
}

/// What happens to a row whose name, exchange or country says that its symbol is another
/// company's.
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
    /// It is stored for the company that the symbol found, and the upload warns of it.
    #[default]
    Warn,
    /// It is not stored.
    Error,
}

text_enum!(OtherCompany);

/// What the rows of an upload are about: the name in the API and the database.
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
    /// What happened to companies.
    Outcomes,
}

text_enum!(JobType);

impl JobType {
    /// The kind of predictions; none for outcomes.
    #[must_use]
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Self::Annual => Some(Kind::Annual),
            Self::Quarterly => Some(Kind::Quarterly),
            Self::Outcomes => None,
        }
    }

    /// What an upload of such rows does.
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

/// What a job does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Task {
    /// It makes predictions of the rows of a file.
    #[default]
    Upload,
    /// It records outcomes of the rows of a file.
    Outcomes,
    /// It scores predictions that are there by another model.
    Rescore(Rescoring),
    /// It makes the report of a back-test, which has the job's id.
    Validate,
}

/// Which predictions of an owner are scored anew, and by which model. Those that it
/// scored already are left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rescoring {
    /// By which model.
    pub model: ModelRef,
    /// Only those that this version scored, whatever the model's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_from: Option<String>,
}

/// How many rows had which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct JobCounts {
    pub success: u32,
    pub updated: u32,
    pub skipped: u32,
    pub error: u32,
}

impl JobCounts {
    /// Rows that are accounted for.
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

/// How far a job has come: enough for another worker to go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Checkpoint {
    /// The last row accounted for; 0 before the first, and the header is row 1.
    pub row: u32,
    /// How many bytes of the (inflated) input have been read.
    pub bytes: u64,
    /// The last prediction that a rescoring has accounted for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Position>,
}

/// Where a prediction stands among its owner's, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// When it was stored, in microseconds since 1970.
    pub created_at_micros: i64,
    /// Its id, for those of one moment.
    pub id: PredictionId,
}

/// Something about a whole file that an analyst should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobWarning {
    /// A stable code, like `unknown_columns`.
    pub code: String,
    /// A message for users.
    pub detail: String,
    /// The columns it is about.
    pub columns: Vec<String>,
}

/// A bulk upload as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The kind of predictions that it is about; annual where it is about none (see
    /// [`Job::job_type`]).
    pub kind: Kind,
    /// Where it stands.
    pub status: JobStatus,
    /// The name the file had.
    pub original_filename: String,
    /// Where the file store keeps it.
    pub file_key: String,
    /// In bytes.
    pub file_size: i64,
    /// SHA-256 in hexadecimal.
    pub file_hash: String,
    /// What it is asked to do.
    pub options: JobOptions,
    /// Whether it reads a file or scores what is there. A rescoring has no file: no
    /// key, no hash, no bytes, and none of the options is for it.
    pub task: Task,
    /// Rows of data in the file; `None` until known.
    pub total_rows: Option<u32>,
    /// What became of the rows so far.
    pub counts: JobCounts,
    /// How many failed and skipped rows are kept to be listed. Fewer than
    /// `counts.error + counts.skipped` where the budget for kept rows was used up.
    pub rows_kept: u32,
    /// How far it has come.
    pub checkpoint: Checkpoint,
    /// What an analyst should know of the whole file.
    pub warnings: Vec<JobWarning>,
    /// The columns of the file, once it was opened: the header of its corrected rows.
    pub columns: Vec<String>,
    /// Why it failed.
    pub error: Option<Fault>,
    /// When its creator asked for it to stop.
    pub cancel_requested_at: Option<Timestamp>,
    /// When a worker first took it.
    pub started_at: Option<Timestamp>,
    /// When it came to an end.
    pub completed_at: Option<Timestamp>,
    /// How often a worker took it since its last checkpoint. Outages of the database and
    /// orderly shutdowns are not counted.
    pub attempts: u32,
    /// The id of the request that made it; `None` for jobs of versions that did not keep it.
    pub request_id: Option<String>,
    /// Whose it is, and whose its predictions are.
    pub owner: Owner,
    /// Who sent it.
    pub created_by: UserId,
    /// When it was sent.
    pub created_at: Timestamp,
    /// When it last moved.
    pub updated_at: Timestamp,
    /// Counts the changes; the ETag.
    pub row_version: i64,
    /// What happened to it, oldest first; the last [`MAX_LOG_LINES`].
    pub log: Vec<JobLogLine>,
}

/// The most lines of a job's log. Older ones are dropped.
pub const MAX_LOG_LINES: usize = 100;

/// What happened to a job.
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
    /// A worker took it.
    Taken,
    /// The attempt of a worker ended by a failure; another one is made.
    AttemptFailed,
    /// A process that shuts down gave it back.
    Released,
    /// A user wants it to stop.
    CancelRequested,
    /// A user lets it go on after it had stopped.
    Continued,
    /// Every row is accounted for.
    Completed,
    /// It failed.
    Failed,
    /// It stopped because a user wanted it to.
    Cancelled,
}

text_enum!(JobEvent);

/// A line of a job's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLogLine {
    /// When it happened.
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
    /// What happened.
    pub event: JobEvent,
    /// Which attempt since the last checkpoint it was about, from 1.
    #[serde(default)]
    pub attempt: Option<u32>,
    /// The last row that was stored by then; `None` before the first.
    #[serde(default)]
    pub row: Option<u32>,
    /// Why, for programs.
    #[serde(default)]
    pub code: Option<String>,
    /// Why, for readers.
    #[serde(default)]
    pub detail: Option<String>,
}

/// The codes of failures after which a job may be continued from its checkpoint: their cause
/// may be gone. All others are faults of the file or of the request, and would come again.
const MAY_BE_GONE: [&str; 3] = ["too_many_attempts", "rights_lost", "model_unavailable"];

impl Job {
    /// What its rows are about.
    #[must_use]
    pub fn job_type(&self) -> JobType {
        match self.task {
            Task::Outcomes => JobType::Outcomes,
            _ => self.kind.into(),
        }
    }

    /// Whether it reads a file.
    #[must_use]
    pub const fn has_file(&self) -> bool {
        matches!(self.task, Task::Upload | Task::Outcomes)
    }

    /// How many failed and skipped rows were counted and not kept.
    #[must_use]
    pub const fn rows_not_kept(&self) -> u32 {
        (self.counts.error + self.counts.skipped).saturating_sub(self.rows_kept)
    }

    /// Whether it stopped before its end in a way that does not keep it from going on: rows
    /// after its checkpoint have not been read.
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

    /// Rows a second since a worker took it.
    #[must_use]
    pub fn rows_per_second(&self, now: Timestamp) -> Option<f64> {
        let seconds = (self.completed_at.unwrap_or(now) - self.started_at?).as_seconds_f64();
        (seconds > 0.0).then(|| f64::from(self.counts.processed()) / seconds)
    }

    /// Seconds until it ends at the present speed: by rows where their number is
    /// known, else by bytes. `None` where it has ended or not begun.
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

/// What became of one row.
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
    /// A prediction was stored.
    Ok,
    /// A prediction took the place of another.
    Updated,
    /// The one that was there stayed.
    Skipped,
    /// It could not be used; the fault says why.
    Error,
}

text_enum!(RowStatus);

/// What became of one row, as it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct RowOutcome {
    /// The row in its file; the header is row 1.
    pub row: u32,
    /// What became of it.
    pub status: RowStatus,
    /// Why it was not stored, or what else is to be known of it.
    pub faults: Vec<Fault>,
    /// The prediction that it made or met.
    pub prediction: Option<PredictionId>,
    /// The row as it came, a CSV record; only for rows that are not ok.
    pub source: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_ended_is_continued_or_stays_as_it_is() {
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
