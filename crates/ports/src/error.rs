//! Errors of ports.

use crate::budgets::Exceeded;

/// The cause of an error, kept for the log and never shown to a client.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Two units of work conflicted (a deadlock or a serialization failure); the same unit of work
/// may succeed when it is tried again at once. Wrapped in [`RepositoryError::Unavailable`].
#[derive(Debug, thiserror::Error)]
#[error("two units of work stood in each other's way")]
pub struct Contention(#[source] pub Cause);

/// The storage is unavailable: it cannot be reached, is starting or stopping, or has no space
/// left. The request itself is valid, but it is unknown whether a change that was being
/// committed is stored. Wrapped in [`RepositoryError::Unavailable`].
#[derive(Debug, thiserror::Error)]
#[error("the storage is away")]
pub struct Outage(#[source] pub Cause);

/// The stored data that a change conflicts with. An adapter maps what its storage reports,
/// such as the name of a constraint, to one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Conflict {
    /// Another account has this e-mail address.
    EmailTaken,
    /// The owner has another company with this symbol.
    SymbolTaken,
    /// Another company of the owner has this identifier.
    IdentifierTaken,
    /// This owner already has a prediction for the company and period.
    PredictionExists,
    /// The owner already has this outcome for the company and day, or an outcome with this
    /// external id.
    OutcomeExists,
    /// The owner already has a definition of default with this code and version.
    DefinitionExists,
    /// The owner already has a master scale with this name and version.
    ScaleExists,
    /// The owner of a prediction does not fit the owner of its company.
    LevelMismatch,
    /// The owner of a company cannot change while the company has predictions.
    CompanyInUse,
    /// Sharing can neither be narrowed nor moved to another organization.
    LevelChange,
    /// Another organization has this domain.
    DomainTaken,
    /// Another organization of the tenant has this name, or a name that looks like it.
    NameTaken,
    /// The parent of an organization is not a root, or an organization with children would get
    /// a parent.
    NotARoot,
    /// The organization has the largest allowed number of members.
    OrganizationFull,
    /// The address is already on the organization's list.
    AlreadyAllowed,
    /// No active super_admin would remain.
    LastSuperAdmin,
    /// The owner already has the same upload, and it has not ended.
    SameUpload,
    /// A job would be completed although some of its rows have no outcome.
    RowsUnaccounted,
    /// Another unit of work holds this idempotency key.
    RequestInFlight,
    /// The company of a prediction was deleted in the meantime.
    CompanyGone,
    /// Anything else that the storage refuses; the source has the details.
    Other,
}

/// The reason why a repository operation failed. All repositories share this type.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// The change conflicts with stored data.
    #[error("conflict: {conflict:?}")]
    Conflict {
        /// The kind of conflict.
        conflict: Conflict,
        /// The error that the storage reported, for the log; `None` if the repository itself
        /// found the conflict.
        #[source]
        cause: Option<Cause>,
    },
    /// The row changed since it was read, or another worker holds the lease now.
    #[error("stale: {what} was changed by someone else")]
    Stale {
        /// What was changed.
        what: &'static str,
    },
    /// A stored row is not a valid value of the domain.
    #[error("{table}.{column} of {id} is not a value of the domain")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The id of the row.
        id: String,
        /// Why the value cannot be read.
        #[source]
        cause: Cause,
    },
    /// The change would exceed a budget of its owner; nothing was changed.
    #[error("over the owner's budget: {0:?}")]
    OverBudget(Exceeded),
    /// A statement took longer than its time limit and was ended.
    #[error("{what} took longer than {} s", limit.as_secs())]
    TimedOut {
        /// What was requested, in the words of users.
        what: &'static str,
        /// The time limit.
        limit: std::time::Duration,
    },
    /// The storage cannot be reached, or is overloaded.
    #[error("storage unavailable")]
    Unavailable(#[source] Cause),
    /// Any other error: a defect.
    #[error("storage failed")]
    Internal(#[source] Cause),
}

impl From<Conflict> for RepositoryError {
    /// Makes the error for a conflict that the repository itself has found.
    fn from(conflict: Conflict) -> Self {
        Self::Conflict {
            conflict,
            cause: None,
        }
    }
}

impl RepositoryError {
    /// Returns the kind of conflict, if a conflict is the reason.
    #[must_use]
    pub const fn conflict(&self) -> Option<Conflict> {
        match self {
            Self::Conflict { conflict, .. } => Some(*conflict),
            _ => None,
        }
    }

    /// Whether the same unit of work may be tried again at once.
    #[must_use]
    pub fn is_contention(&self) -> bool {
        matches!(self, Self::Unavailable(cause) if cause.is::<Contention>())
    }
}

/// The reason why an operation of another port failed.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// The port cannot be reached, or is overloaded. The operation can be tried again later.
    #[error("{what} unavailable")]
    Unavailable {
        /// The name of the port.
        what: &'static str,
        /// The cause.
        #[source]
        cause: Cause,
    },
    /// Any other error: a defect.
    #[error("{what} failed")]
    Internal {
        /// The name of the port.
        what: &'static str,
        /// The cause.
        #[source]
        cause: Cause,
    },
}
