//! What can go wrong outside.

use crate::budgets::Exceeded;

/// The cause of an error, kept for the log and never shown to a client.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Two units of work stood in each other's way (a deadlock, a serialization
/// failure): the same one may succeed when it is tried again at once. Travels
/// inside [`RepositoryError::Unavailable`].
#[derive(Debug, thiserror::Error)]
#[error("two units of work stood in each other's way")]
pub struct Contention(#[source] pub Cause);

/// The storage is away: it cannot be reached, starts or stops, or has no room left. Nothing is
/// wrong with the request, but whether a change that was being committed is stored is not
/// known. Travels inside [`RepositoryError::Unavailable`].
#[derive(Debug, thiserror::Error)]
#[error("the storage is away")]
pub struct Outage(#[source] pub Cause);

/// Why a repository could not do what it was asked. One type for all of them.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// A constraint of the schema refused it; the name says which.
    #[error("conflict on {constraint}")]
    Conflict {
        /// The constraint's name, like `unique_company_symbol_per_org`.
        constraint: String,
    },
    /// The row changed since it was read, or the lease is somebody else's by now.
    #[error("stale: {what} was changed by somebody else")]
    Stale {
        /// What was changed.
        what: &'static str,
    },
    /// A stored row is no value of the domain.
    #[error("{table}.{column} of {id} is not a value of the domain")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        id: String,
        /// Why the value cannot be read.
        #[source]
        cause: Cause,
    },
    /// It would exceed a budget of its owner; nothing was changed.
    #[error("over the owner's budget: {0:?}")]
    OverBudget(Exceeded),
    /// One statement took longer than it may, and was ended.
    #[error("{what} took longer than {} s", limit.as_secs())]
    TimedOut {
        /// What was asked for, as people say it.
        what: &'static str,
        /// How long it may take.
        limit: std::time::Duration,
    },
    /// The storage cannot be reached, or has no time.
    #[error("storage unavailable")]
    Unavailable(#[source] Cause),
    /// Anything else: a defect.
    #[error("storage failed")]
    Internal(#[source] Cause),
}

impl RepositoryError {
    /// Whether the same unit of work may be tried again at once.
    #[must_use]
    pub fn is_contention(&self) -> bool {
        matches!(self, Self::Unavailable(cause) if cause.is::<Contention>())
    }
}

/// Why another port could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// It cannot be reached, or has no time: try again later.
    #[error("{what} unavailable")]
    Unavailable {
        /// Which port.
        what: &'static str,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// Anything else: a defect.
    #[error("{what} failed")]
    Internal {
        /// Which port.
        what: &'static str,
        /// Why.
        #[source]
        cause: Cause,
    },
}
