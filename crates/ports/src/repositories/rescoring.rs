//! Rescorings: predictions that are there, scored by another model.

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

/// Which predictions a rescoring is about.
#[derive(Clone, Debug, PartialEq)]
pub struct ToRescore {
    /// Whose they are.
    pub grant: Grant,
    /// Their kind.
    pub kind: Kind,
    /// Those that its model has not scored, and of those the ones that it asks for.
    pub rescoring: Rescoring,
    /// Stored no later than this: what comes in meanwhile is left alone.
    pub until: Timestamp,
}

/// A prediction to be scored anew, as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Rescorable {
    /// Its id.
    pub id: PredictionId,
    /// The version that was read.
    pub version: i64,
    /// Its company.
    pub company: CompanyId,
    /// The sector of that as of scoring.
    pub sector: String,
    /// Its period.
    pub period: Period,
    /// Its ratios.
    pub ratios: StoredRatios,
    /// Where it stands.
    pub position: Position,
}

/// A prediction and what another model says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RescoredRow {
    /// Its number in the job, from 1.
    pub row: u32,
    /// The prediction as it was read.
    pub read: Rescorable,
    /// What the model says, with the ratios as the rules have them now; or why they
    /// cannot be scored by it.
    pub scored: Result<(StoredRatios, Outcome), Vec<Fault>>,
}

/// Some thousand predictions of a rescoring, stored in one transaction with their
/// outcomes, the counters, the checkpoint and one audit row.
#[derive(Clone, Debug)]
pub struct RescoredChunk {
    /// Whose predictions they are, and who has them scored.
    pub grant: Grant,
    /// Their kind.
    pub kind: Kind,
    /// By which model.
    pub model: ModelRef,
    /// The predictions.
    pub rows: Vec<RescoredRow>,
    /// Where the job stands after them.
    pub checkpoint: Checkpoint,
    /// How many predictions the job is about.
    pub total_rows: u32,
    /// How many failed and skipped rows are kept.
    pub row_budget: RowBudget,
    /// For the audit row.
    pub context: RequestContext,
    /// When they were scored.
    pub predicted_at: Timestamp,
}
