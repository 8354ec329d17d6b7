//! Rescorings: stored predictions, scored by another model.

use accunode_domain::{
    Timestamp,
    access::Grant,
    audit::RequestContext,
    fault::Fault,
    id::{CompanyId, PredictionId},
    job::{Checkpoint, Position, Rescoring},
    prediction::{Kind, Outcome, Period, StoredRatios},
    risk::ModelRef,
};

use crate::budgets::RowBudget;

/// Which predictions a rescoring concerns.
#[derive(Clone, Debug, PartialEq)]
pub struct ToRescore {
    /// The owner of the predictions.
    pub grant: Grant,
    /// Their kind.
    pub kind: Kind,
    /// Selects the predictions that the model has not scored and that the rescoring asks
    /// for.
    pub rescoring: Rescoring,
    /// The latest time at which they were stored: later predictions are ignored.
    pub until: Timestamp,
}

/// A prediction to be scored again, as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Rescorable {
    /// Its id.
    pub id: PredictionId,
    /// The version that was read.
    pub version: i64,
    /// Its company.
    pub company: CompanyId,
    /// The sector of the company at the time of scoring.
    pub sector: String,
    /// Its period.
    pub period: Period,
    /// Its ratios.
    pub ratios: StoredRatios,
    /// Its position in the order of the rescoring.
    pub position: Position,
}

/// A prediction and its result by another model.
#[derive(Clone, Debug, PartialEq)]
pub struct RescoredRow {
    /// Its row number in the job, from 1.
    pub row: u32,
    /// The prediction as it was read.
    pub read: Rescorable,
    /// The result of the model, with the ratios under the current rules; or why it cannot
    /// score them.
    pub scored: Result<(StoredRatios, Outcome), Vec<Fault>>,
}

/// Some thousand predictions of a rescoring, stored in one transaction with their
/// outcomes, the counters, the checkpoint and one audit row.
#[derive(Clone, Debug)]
pub struct RescoredChunk {
    /// The owner of the predictions, and the user on whose behalf they are scored.
    pub grant: Grant,
    /// Their kind.
    pub kind: Kind,
    /// The model.
    pub model: ModelRef,
    /// The predictions.
    pub rows: Vec<RescoredRow>,
    /// The position of the job after them.
    pub checkpoint: Checkpoint,
    /// The number of predictions of the job.
    pub total_rows: u32,
    /// The limits on failed and skipped rows that are stored.
    pub row_budget: RowBudget,
    /// The origin of the request, for the audit row.
    pub context: RequestContext,
    /// When they were scored.
    pub predicted_at: Timestamp,
}
