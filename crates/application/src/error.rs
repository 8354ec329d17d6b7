//! The one set of errors of the use cases, each with a stable code.

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

/// Why a use case was not carried out. What a client is told stands in `code` and
/// `detail`; a cause is for the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No one is signed in, or not well enough.
    #[error("{detail}")]
    Unauthenticated {
        /// A stable code.
        code: ErrorCode,
        /// A message for users.
        detail: String,
    },
    /// It does not exist, or may not be seen.
    #[error("there is no such {what}, or it is not shared with you")]
    NotFound {
        /// What was looked for.
        what: &'static str,
    },
    /// It is known to exist, but this is not allowed.
    #[error("{detail}")]
    Denied {
        /// A stable code.
        code: ErrorCode,
        /// A message for users.
        detail: String,
    },
    /// It contradicts what is there.
    #[error("{detail}")]
    Conflict {
        /// A stable code.
        code: ErrorCode,
        /// A message for users.
        detail: String,
        /// What it contradicts.
        existing: Option<Uuid>,
    },
    /// It contradicts what is under way and would not in a moment.
    #[error("{detail}")]
    Busy {
        /// A stable code.
        code: ErrorCode,
        /// A message for users.
        detail: String,
        /// After how many seconds to try again; at least one.
        seconds: u32,
    },
    /// It was there once, and is no good any more.
    #[error("{detail}")]
    Gone {
        /// A stable code.
        code: ErrorCode,
        /// A message for users.
        detail: String,
    },
    /// It was changed since the caller read it.
    #[error("it was changed since you read it; read it again and repeat the change")]
    Stale,
    /// Something sent is too large.
    #[error("{detail}")]
    TooLarge {
        /// A message for users.
        detail: String,
    },
    /// What was sent is wrong: all of it at once.
    #[error("{} faults", .0.len())]
    Invalid(Vec<Fault>),
    /// Too many failures to prove who one is: not before so many seconds.
    #[error("too many failed attempts; try again in {seconds} s")]
    LockedOut {
        /// At least one.
        seconds: u32,
    },
    /// There is no room to keep it.
    #[error("{detail}")]
    Full {
        /// A stable code.
        code: ErrorCode,
        /// A message for users: the limit, what is used of it, and what makes room.
        detail: String,
        /// Seconds after which there may be room without anyone making any.
        retry_after: Option<u32>,
    },
    /// A limit on what goes on at once, or in a time, is reached: it can be tried again.
    #[error("{detail}")]
    TooMany {
        /// A stable code.
        code: ErrorCode,
        /// A message for users: the limit, what is used of it, and what to wait for.
        detail: String,
        /// At least one.
        seconds: u32,
    },
    /// It was ended because it took too long.
    #[error("{what} took longer than {} s and was ended; narrow it, for example by a filter", limit.as_secs())]
    TimedOut {
        /// What was asked for.
        what: &'static str,
        /// How long it may take.
        limit: std::time::Duration,
    },
    /// What it needs is not set up; the operator of the service can do that.
    #[error("{detail}")]
    NotEquipped {
        /// A stable code.
        code: ErrorCode,
        /// What is missing, and how it is had.
        detail: String,
    },
    /// Something outside cannot be reached: try again later.
    #[error("temporarily unavailable")]
    Unavailable(#[source] Cause),
    /// A defect.
    #[error("internal error")]
    Internal(#[source] Cause),
}

impl Error {
    /// `NotFound`, shorter.
    #[must_use]
    pub const fn not_found(what: &'static str) -> Self {
        Self::NotFound { what }
    }

    /// One fault.
    #[must_use]
    pub fn invalid(fault: Fault) -> Self {
        Self::Invalid(vec![fault])
    }

    /// Whether the unit of work was rolled back because it stood in another one's way, so
    /// that the same one may succeed when it is repeated.
    #[must_use]
    pub fn is_contention(&self) -> bool {
        matches!(self, Self::Unavailable(cause) if cause.is::<Contention>())
    }

    /// Whether the database is away, so that it is worth waiting for.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable(cause) if cause.is::<Outage>())
    }

    /// What a denial means for something that was named by its id. Where a request contradicts
    /// itself, the fault is at `/access_level`.
    #[must_use]
    pub fn denied(denial: Denial, what: &'static str) -> Self {
        Self::denied_at(denial, what, "/access_level")
    }

    /// The same, where a contradiction within the request is about the field at `pointer`.
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

/// Seconds after which a job may have ended.
const A_JOB_SECONDS: u32 = 30;

/// What exceeding a budget of an owner is answered with.
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
