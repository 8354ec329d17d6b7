//! The error type of all use cases. Each error has a stable code.

use accunode_domain::{
    access::{Contradiction, Denial, Forbidden, Inconsistency},
    fault::Fault,
};
use accunode_ports::{
    Conflict, Contention, Outage, PortError, RepositoryError,
    budgets::{BudgetKind, Exceeded},
    error::Cause,
    files::{OpenError, ReceiveError},
    scoring::ScoringError,
};
use uuid::Uuid;

use crate::ErrorCode;

/// The reason why a use case failed. The client receives `code` and `detail`; a cause is only
/// logged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller is not signed in, or the sign-in is not strong enough.
    #[error("{detail}")]
    Unauthenticated {
        /// A stable code.
        code: ErrorCode,
        /// A message for users.
        detail: String,
    },
    /// The object does not exist, or the caller may not see it.
    #[error("there is no such {what}, or it is not shared with you")]
    NotFound {
        /// What was looked up.
        what: &'static str,
    },
    /// The object is known to exist, but the caller may not do this.
    #[error("{detail}")]
    Denied {
        /// A stable code.
        code: ErrorCode,
        /// A message for users.
        detail: String,
    },
    /// The request conflicts with stored data.
    #[error("{detail}")]
    Conflict {
        /// A stable code.
        code: ErrorCode,
        /// A message for users.
        detail: String,
        /// The id of the existing object that the request conflicts with.
        existing: Option<Uuid>,
    },
    /// The request conflicts with an operation in progress and may succeed when it ends.
    #[error("{detail}")]
    Busy {
        /// A stable code.
        code: ErrorCode,
        /// A message for users.
        detail: String,
        /// The number of seconds after which to try again; at least one.
        seconds: u32,
    },
    /// The object existed and is no longer valid.
    #[error("{detail}")]
    Gone {
        /// A stable code.
        code: ErrorCode,
        /// A message for users.
        detail: String,
    },
    /// The object was changed since the caller read it.
    #[error("it was changed since you read it; read it again and repeat the change")]
    Stale,
    /// A part of the request is too large.
    #[error("{detail}")]
    TooLarge {
        /// A message for users.
        detail: String,
    },
    /// The request is invalid. Contains all faults at once.
    #[error("{} faults", .0.len())]
    Invalid(Vec<Fault>),
    /// Too many failed attempts to prove an identity. Further attempts are refused for a
    /// number of seconds.
    #[error("too many failed attempts; try again in {seconds} s")]
    LockedOut {
        /// The number of seconds; at least one.
        seconds: u32,
    },
    /// No space is left to store the data.
    #[error("{detail}")]
    Full {
        /// A stable code.
        code: ErrorCode,
        /// A message for users: the limit, how much of it is used, and how to free space.
        detail: String,
        /// The number of seconds after which space may be free without anyone freeing it.
        retry_after: Option<u32>,
    },
    /// A limit on concurrent operations, or on operations per time, is reached. The request
    /// can be tried again.
    #[error("{detail}")]
    TooMany {
        /// A stable code.
        code: ErrorCode,
        /// A message for users: the limit, how much of it is used, and what to wait for.
        detail: String,
        /// The number of seconds to wait; at least one.
        seconds: u32,
    },
    /// The operation was ended because it took too long.
    #[error("{what} took longer than {} s and was ended; narrow it, for example by a filter", limit.as_secs())]
    TimedOut {
        /// What was requested.
        what: &'static str,
        /// The longest time that the operation may take.
        limit: std::time::Duration,
    },
    /// A required feature is not configured; the operator of the service can configure it.
    #[error("{detail}")]
    NotEquipped {
        /// A stable code.
        code: ErrorCode,
        /// A message for users: what is missing, and how to obtain it.
        detail: String,
    },
    /// An external system cannot be reached. The request can be tried again later.
    #[error("temporarily unavailable")]
    Unavailable(#[source] Cause),
    /// A defect.
    #[error("internal error")]
    Internal(#[source] Cause),
}

impl Error {
    /// A shorter way to make a `NotFound`.
    #[must_use]
    pub const fn not_found(what: &'static str) -> Self {
        Self::NotFound { what }
    }

    /// Makes an `Invalid` with one fault.
    #[must_use]
    pub fn invalid(fault: Fault) -> Self {
        Self::Invalid(vec![fault])
    }

    /// Whether the unit of work was rolled back because it conflicted with a concurrent one,
    /// so that the same unit of work may succeed when it is repeated.
    #[must_use]
    pub fn is_contention(&self) -> bool {
        matches!(self, Self::Unavailable(cause) if cause.is::<Contention>())
    }

    /// Whether the database is unavailable, so that it is worth waiting for.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable(cause) if cause.is::<Outage>())
    }

    /// Returns the error for a denied operation on an object that was named by its id. If the
    /// request contradicts itself, the fault is at `/access_level`.
    #[must_use]
    pub fn denied(denial: Denial, what: &'static str) -> Self {
        Self::denied_at(denial, what, "/access_level")
    }

    /// Like [`Self::denied`], but a contradiction within the request is reported at `pointer`.
    #[must_use]
    pub fn denied_at(denial: Denial, what: &'static str, pointer: &str) -> Self {
        match denial {
            Denial::NotFound => Self::NotFound { what },
            Denial::Forbidden(reason) => reason.into(),
            Denial::Conflict(reason) => reason.into(),
            Denial::Unprocessable(reason) => {
                Self::invalid(Fault::new(pointer, reason.code(), reason.message()))
            }
        }
    }
}

/// The number of seconds after which a job may have ended.
const A_JOB_SECONDS: u32 = 30;

/// Returns the error for an operation that would exceed a budget of an owner.
fn over_budget(exceeded: Exceeded) -> Error {
    let Exceeded {
        budget,
        limit,
        used,
        wanted,
    } = exceeded;
    match budget {
        BudgetKind::OpenJobs => Error::TooMany {
            code: ErrorCode::TooManyOpenJobs,
            detail: format!(
                "{used} uploads and rescorings of this account or organization have not ended, and \
                 at most {limit} may be open; wait until one has ended, or cancel one"
            ),
            seconds: A_JOB_SECONDS,
        },
        BudgetKind::Jobs => Error::Full {
            code: ErrorCode::JobBudgetExhausted,
            detail: format!(
                "this account or organization keeps {used} uploads and rescorings, and at most \
                 {limit} are kept; delete some that are no longer needed"
            ),
            retry_after: None,
        },
        BudgetKind::FileBytes => Error::Full {
            code: ErrorCode::FileBudgetExhausted,
            detail: format!(
                "the files of this account or organization have {used} bytes, this one has {wanted}, \
                 and at most {limit} are kept; delete uploads that are no longer needed"
            ),
            retry_after: None,
        },
    }
}

impl From<Forbidden> for Error {
    fn from(reason: Forbidden) -> Self {
        Self::Denied {
            code: ErrorCode::Forbidden(reason),
            detail: reason.message().to_owned(),
        }
    }
}

impl From<Contradiction> for Error {
    fn from(reason: Contradiction) -> Self {
        Self::Conflict {
            code: ErrorCode::Contradiction(reason),
            detail: reason.message().to_owned(),
            existing: None,
        }
    }
}

impl From<RepositoryError> for Error {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Stale { .. } => Self::Stale,
            RepositoryError::Conflict { conflict, .. } => conflict.into(),
            RepositoryError::OverBudget(exceeded) => over_budget(exceeded),
            RepositoryError::TimedOut { what, limit } => Self::TimedOut { what, limit },
            RepositoryError::Unavailable(cause) => Self::Unavailable(cause),
            other => Self::Internal(Box::new(other)),
        }
    }
}

impl From<Conflict> for Error {
    fn from(conflict: Conflict) -> Self {
        let (code, detail) = match conflict {
            Conflict::RequestInFlight => {
                return Self::Busy {
                    code: ErrorCode::IdempotencyInFlight,
                    detail: "a request with this Idempotency-Key is being worked on; \
                             send this one again in a moment"
                        .to_owned(),
                    seconds: 1,
                };
            }
            Conflict::EmailTaken => (
                ErrorCode::EmailTaken,
                "this e-mail address has an account already",
            ),
            Conflict::SymbolTaken => (
                ErrorCode::SymbolTaken,
                "a company with this symbol is there already",
            ),
            Conflict::IdentifierTaken => (
                ErrorCode::IdentifierTaken,
                "another company has this ISIN, LEI, FIGI or national number already; look for \
                 it with q=",
            ),
            Conflict::PredictionExists => (
                ErrorCode::PredictionExists,
                "this company and period have a prediction already",
            ),
            Conflict::OutcomeExists => (
                ErrorCode::OutcomeExists,
                "this outcome of the company and day, or one with this external_id, is recorded already",
            ),
            Conflict::DefinitionExists => (
                ErrorCode::DefinitionExists,
                "this owner has a definition of this code and version, which is never changed; \
                 make another version",
            ),
            Conflict::ScaleExists => (
                ErrorCode::ScaleExists,
                "this owner has a scale of this name and version, which is never changed; make \
                 another version",
            ),
            Conflict::DomainTaken => (
                ErrorCode::DomainTaken,
                "another organization has this domain",
            ),
            Conflict::NameTaken => (
                ErrorCode::NameTaken,
                "another organization of this tenant has this name, or one that looks like it",
            ),
            Conflict::AlreadyAllowed => (
                ErrorCode::AlreadyAllowed,
                "this e-mail address is listed already",
            ),
            Conflict::LevelMismatch => (
                ErrorCode::LevelMismatch,
                Inconsistency::LevelMismatch.message(),
            ),
            Conflict::CompanyInUse => (
                ErrorCode::CompanyInUse,
                "there are predictions or outcomes on this company",
            ),
            Conflict::LevelChange => return Contradiction::LevelChange.into(),
            Conflict::NotARoot => (ErrorCode::NotARoot, Inconsistency::NotARoot.message()),
            Conflict::OrganizationFull => (
                ErrorCode::OrganizationFull,
                "the organization has no seat left",
            ),
            Conflict::LastSuperAdmin => return Contradiction::LastSuperAdmin.into(),
            Conflict::SameUpload
            | Conflict::RowsUnaccounted
            | Conflict::CompanyGone
            | Conflict::Other => (ErrorCode::Conflict, "it contradicts what is stored already"),
        };
        Self::Conflict {
            code,
            detail: detail.to_owned(),
            existing: None,
        }
    }
}

impl From<PortError> for Error {
    fn from(error: PortError) -> Self {
        match error {
            PortError::Unavailable { .. } => Self::Unavailable(Box::new(error)),
            PortError::Internal { .. } => Self::Internal(Box::new(error)),
        }
    }
}

impl From<ScoringError> for Error {
    fn from(error: ScoringError) -> Self {
        match error {
            ScoringError::NoModel(_) => Self::Unavailable(Box::new(error)),
            ScoringError::NotServed(_) => Self::Conflict {
                code: ErrorCode::ModelUnavailable,
                detail: error.to_string(),
                existing: None,
            },
            other => Self::Internal(Box::new(other)),
        }
    }
}

impl From<ReceiveError> for Error {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::TooLarge { .. } => Self::TooLarge {
                detail: error.to_string(),
            },
            ReceiveError::CutOff(_) => Self::invalid(Fault::new(
                "/file",
                "cut_off",
                "the upload ended before the file did; nothing of it was kept, send it again",
            )),
            ReceiveError::Port(error) => error.into(),
        }
    }
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Unreadable(fault) if fault.pointer.starts_with("/file") => {
                Self::invalid(fault)
            }
            OpenError::Unreadable(fault) => Self::invalid(fault.under("/file")),
            OpenError::Port(error) => error.into(),
        }
    }
}
