//! Uploads of company outcomes.

use accunode_domain::{
    access::Grant, audit::RequestContext, company::Symbol, fault::Fault, id::OutcomeId,
    job::Checkpoint, outcome::OutcomeFacts,
};

use crate::budgets::RowBudget;

/// A row of a file of company outcomes.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeRow {
    /// The row in its file; the header is row 1.
    pub row: u32,
    /// The row as it was sent, as a CSV record.
    pub source: String,
    /// The outcome that was read, or the faults of the row.
    pub read: Result<NewOutcome, Vec<Fault>>,
}

/// An outcome that a row is to record.
#[derive(Clone, Debug, PartialEq)]
pub struct NewOutcome {
    /// The id under which it is stored.
    pub id: OutcomeId,
    /// The symbol of a company of the owner, or else of the system.
    pub symbol: Symbol,
    /// What happened.
    pub facts: OutcomeFacts,
}

/// Some thousand rows of an upload of company outcomes, stored in one transaction with the
/// outcome of each row, the counters, the checkpoint and one audit row.
#[derive(Clone, Debug)]
pub struct OutcomeChunk {
    /// The owner of the outcomes.
    pub grant: Grant,
    /// Whether nothing is stored. What would have been stored is kept with the job.
    pub dry_run: bool,
    /// The rows, in the file's order.
    pub rows: Vec<OutcomeRow>,
    /// The position of the job after them.
    pub checkpoint: Checkpoint,
    /// The number of data rows in the file.
    pub total_rows: u32,
    /// The limits on failed and skipped rows that are stored.
    pub row_budget: RowBudget,
    /// The origin of the request, for the audit row.
    pub context: RequestContext,
}
