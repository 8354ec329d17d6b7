//! The one set of errors of the use cases, each with a stable code.

use accunode_domain::{access::Denial, fault::Fault};
use accunode_ports::{
    Conflict, Contention, Outage, PortError, RepositoryError,
    budgets::{BudgetKind, Exceeded},
    error::Cause,
    files::{OpenError, ReceiveError},
    scoring::ScoringError,
};
use uuid::Uuid;

/// Why a use case was not carried out. What a client is told stands in `code` and
/// `detail`; a cause is for the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody is signed in, or not well enough.
    #[error("{detail}")]
    Unauthenticated {
        /// A stable code.
        code: &'static str,
        /// For people.
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
        code: &'static str,
        /// For people.
        detail: String,
    },
    /// It contradicts what is there.
    #[error("{detail}")]
    Conflict {
        /// A stable code.
        code: &'static str,
        /// For people.
        detail: String,
        /// What it contradicts.
        existing: Option<Uuid>,
    },
    /// It contradicts what is under way and would not in a moment.
    #[error("{detail}")]
    Busy {
        /// A stable code.
        code: &'static str,
        /// For people.
        detail: String,
        /// After how many seconds to try again; at least one.
        seconds: u32,
    },
    /// It was there once, and is no good any more.
    #[error("{detail}")]
    Gone {
        /// A stable code.
        code: &'static str,
        /// For people.
        detail: String,
    },
    /// It was changed since the caller read it.
    #[error("it was changed since you read it; read it again and repeat the change")]
    Stale,
    /// Something sent is too large.
    #[error("{detail}")]
    TooLarge {
        /// For people.
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
        code: &'static str,
        /// For people: the limit, what is used of it, and what makes room.
        detail: String,
        /// Seconds after which there may be room without anybody making any.
        retry_after: Option<u32>,
    },
    /// A limit on what goes on at once, or in a time, is reached: it can be tried again.
    #[error("{detail}")]
    TooMany {
        /// A stable code.
        code: &'static str,
        /// For people: the limit, what is used of it, and what to wait for.
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

    /// What a denial means for something that was named by its id.
    #[must_use]
    pub fn denied(denial: Denial, what: &'static str) -> Self {
        let code = denial.code();
        match denial {
            Denial::NotFound => Self::NotFound { what },
            Denial::Forbidden(_) => Self::Denied {
                code,
                detail: words(code).to_owned(),
            },
            Denial::Conflict(_) => Self::Conflict {
                code,
                detail: words(code).to_owned(),
                existing: None,
            },
            Denial::Unprocessable(_) => {
                Self::invalid(Fault::new("/access_level", code, words(code)))
            }
        }
    }
}

/// What the codes of the access rules mean, for people.
fn words(code: &str) -> &'static str {
    match code {
        "level_forbidden" => "your role cannot make anything at this access level",
        "outside_scope" => "this organization is not one of yours",
        "not_writable" => "you can read this but not change it",
        "second_factor_required" => {
            "your organization demands a second factor: enrol one at /me/mfa/totp, where it demands that too have it approved, and sign in with it; an API key works once its owner has one"
        }
        "organization_inactive" => "your organization is not active",
        "organization_mismatch" => {
            "organization_id goes with access_level organization and with no other"
        }
        "organization_required" => "access_level organization needs an organization_id",
        "level_mismatch" => {
            "a prediction for an organization needs a company of the same organization or of the system; one for the system needs a company of the system"
        }
        "level_change" => "what is shared is never narrowed, nor moved to another organization",
        "not_a_root" => "a tenant is named by its root organization, and this is none",
        "company_in_use" => "there are predictions or outcomes on this company",
        "rank_too_low" => "this person's rank is not below yours",
        "role_not_assignable" => "you cannot give this role",
        "field_forbidden" => "your role cannot change this field",
        "key_scope" => "this API key's scopes do not cover this",
        "key_forbidden" => "an API key can never do this; sign in",
        "scope_exceeds_role" => "a key cannot do more than its owner",
        "has_children" => "this organization has children",
        "not_a_member" => "this person is no member of this organization",
        "already_member" => "you are a member of an organization already",
        "email_not_allowed" => "your e-mail address is not among those that may join",
        "organization_full" => "the organization has no seat left",
        "last_super_admin" => "at least one active super_admin must remain",
        _ => "your role does not allow this",
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
            code: "too_many_open_jobs",
            detail: format!(
                "{used} uploads and rescorings of this account or organization have not ended, and \
                 at most {limit} may be open; wait until one has ended, or cancel one"
            ),
            seconds: A_JOB_SECONDS,
        },
        BudgetKind::Jobs => Error::Full {
            code: "job_budget_exhausted",
            detail: format!(
                "this account or organization keeps {used} uploads and rescorings, and at most \
                 {limit} are kept; delete some that are no longer needed"
            ),
            retry_after: None,
        },
        BudgetKind::FileBytes => Error::Full {
            code: "file_budget_exhausted",
            detail: format!(
                "the files of this account or organization have {used} bytes, this one has {wanted}, \
                 and at most {limit} are kept; delete uploads that are no longer needed"
            ),
            retry_after: None,
        },
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
                    code: "idempotency_in_flight",
                    detail: "a request with this Idempotency-Key is being worked on; \
                             send this one again in a moment"
                        .to_owned(),
                    seconds: 1,
                };
            }
            Conflict::EmailTaken => ("email_taken", "this e-mail address has an account already"),
            Conflict::SymbolTaken => (
                "symbol_taken",
                "a company with this symbol is there already",
            ),
            Conflict::IdentifierTaken => (
                "identifier_taken",
                "another company has this ISIN, LEI, FIGI or national number already; look for \
                 it with q=",
            ),
            Conflict::PredictionExists => (
                "prediction_exists",
                "this company and period have a prediction already",
            ),
            Conflict::OutcomeExists => (
                "outcome_exists",
                "this outcome of the company and day, or one with this external_id, is recorded already",
            ),
            Conflict::DomainTaken => ("domain_taken", "another organization has this domain"),
            Conflict::NameTaken => (
                "name_taken",
                "another organization of this tenant has this name, or one that looks like it",
            ),
            Conflict::AlreadyAllowed => {
                ("already_allowed", "this e-mail address is listed already")
            }
            Conflict::LevelMismatch => worded("level_mismatch"),
            Conflict::CompanyInUse => worded("company_in_use"),
            Conflict::LevelChange => worded("level_change"),
            Conflict::NotARoot => worded("not_a_root"),
            Conflict::OrganizationFull => worded("organization_full"),
            Conflict::LastSuperAdmin => worded("last_super_admin"),
            Conflict::SameUpload
            | Conflict::RowsUnaccounted
            | Conflict::CompanyGone
            | Conflict::Other => ("conflict", "it contradicts what is stored already"),
        };
        Self::Conflict {
            code,
            detail: detail.to_owned(),
            existing: None,
        }
    }
}

/// A code with the detail that a refusal of the access rules has under it.
fn worded(code: &'static str) -> (&'static str, &'static str) {
    (code, words(code))
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
                code: "model_unavailable",
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
