//! Uploads of outcomes: rows of a file that say what happened to companies.

use accunode_domain::{
    access::Grant, audit::RequestContext, company::Symbol, fault::Fault, id::OutcomeId,
    job::Checkpoint, outcome::OutcomeFacts,
};

use crate::budgets::RowBudget;

/// A row of a file of outcomes.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeRow {
    /// The row in its file; the header is row 1.
    pub row: u32,
    /// The row as it came, a CSV record.
    pub source: String,
    /// What it says, or why it cannot be used.
    pub read: Result<NewOutcome, Vec<Fault>>,
}

/// An outcome that a row is to record.
#[derive(Clone, Debug, PartialEq)]
pub struct NewOutcome {
    /// The id that it gets where it is stored.
    pub id: OutcomeId,
    /// A company of the owner, else of the system.
    pub symbol: Symbol,
    /// What happened.
    pub facts: OutcomeFacts,
}

/// Some thousand rows of an upload of outcomes, stored in one transaction with what became of
/// each, the counters, the checkpoint and one audit row.
#[derive(Clone, Debug)]
pub struct OutcomeChunk {
    /// Whose outcomes they become.
    pub grant: Grant,
    /// Whether everything but storing is done. What would have been stored is kept with the job.
    pub dry_run: bool,
    /// The rows, in the file's order.
    pub rows: Vec<OutcomeRow>,
    /// Where the job stands after them.
    pub checkpoint: Checkpoint,
    /// Rows of data in the file.
    pub total_rows: u32,
    /// How many failed and skipped rows are kept.
    pub row_budget: RowBudget,
    /// For the audit row.
    pub context: RequestContext,
}
