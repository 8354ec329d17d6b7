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

/// What a change contradicts that is stored already. An adapter maps what its storage reports,
/// such as the name of a constraint, to one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Conflict {
    /// Another account has this e-mail address.
    EmailTaken,
    /// The owner has another company with this symbol.
    SymbolTaken,
    /// Another company of the owner has this identifier.
    IdentifierTaken,
    /// The company and period have a prediction of this owner.
    PredictionExists,
    /// The owner has this outcome of the company and day, or one with this external id.
    OutcomeExists,
    /// The owner has a master scale of this name and version.
    ScaleExists,
    /// The owner of a prediction does not fit the owner of its company.
    LevelMismatch,
    /// The owner of a company cannot change while there are predictions on it.
    CompanyInUse,
    /// Sharing is never narrowed and never moved to another organization.
    LevelChange,
    /// Another organization has this domain.
    DomainTaken,
    /// Another organization of the tenant has this name, or one that looks like it.
    NameTaken,
    /// The parent of an organization is not a root, or an organization with children would
    /// get a parent.
    NotARoot,
    /// The organization has as many members as it may have.
    OrganizationFull,
    /// The address is on the organization's list already.
    AlreadyAllowed,
    /// No active super_admin would remain.
    LastSuperAdmin,
    /// The owner has the same upload already, and it has not ended.
    SameUpload,
    /// A job would be completed of which not every row has an outcome.
    RowsUnaccounted,
    /// Another unit of work holds this idempotency key.
    RequestInFlight,
    /// The company of a prediction was deleted meanwhile.
    CompanyGone,
    /// Anything else that the storage refuses; the source says what.
    Other,
}

/// Why a repository could not do what it was asked. One type for all of them.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// It contradicts what is stored already.
    #[error("conflict: {conflict:?}")]
    Conflict {
        /// What it contradicts.
        conflict: Conflict,
        /// What the storage reported, for the log; `None` where the repository itself found
        /// the conflict.
        #[source]
        cause: Option<Cause>,
    },
    /// The row changed since it was read, or the lease is someone else's by now.
    #[error("stale: {what} was changed by someone else")]
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
        /// What was asked for, as users say it.
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

impl From<Conflict> for RepositoryError {
    /// A conflict that the repository itself has found.
    fn from(conflict: Conflict) -> Self {
        Self::Conflict {
            conflict,
            cause: None,
        }
    }
}

impl RepositoryError {
    /// What the change contradicts, if that is why it failed.
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
