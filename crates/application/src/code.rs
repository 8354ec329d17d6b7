//! The stable codes of the errors of the use cases.

use accunode_domain::access::{Contradiction, Forbidden};
use strum::IntoStaticStr;

/// Which error it is, for programs. What is wrong with an input has codes of its own
/// ([`accunode_domain::fault::Fault::code`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
#[expect(missing_docs, reason = "the names are those of the codes")]
pub enum ErrorCode {
    AlreadyAllowed,
    AlreadyInDefault,
    AlreadyWithdrawn,
    ChangedMeanwhile,
    CompanyInUse,
    Conflict,
    DomainTaken,
    DuplicateFile,
    EmailTaken,
    EmailUnverified,
    FileBudgetExhausted,
    IdempotencyInFlight,
    IdentifierTaken,
    InvalidCode,
    InvalidCredentials,
    InvalidToken,
    JobBudgetExhausted,
    KeyExpired,
    LevelMismatch,
    ModelUnavailable,
    NameTaken,
    NotARoot,
    NotFinished,
    NotCancellable,
    NotInDefault,
    NothingToRetry,
    OrganizationFull,
    OrganizationNotEmpty,
    OutcomeExists,
    PredictionExists,
    RegistrationClosed,
    RescoringRunning,
    RowsNotKept,
    Running,
    SecretAlreadyShown,
    SignInRequired,
    SignedOff,
    StepUpRequired,
    StorageLow,
    SymbolTaken,
    TokenExpired,
    TokenRequired,
    TokenReused,
    TooManyEventStreams,
    TooManyKeys,
    TooManyMails,
    TooManyOpenJobs,
    WindowNotCovered,
    WrongPassword,
    ApprovalPending,
    NotEnrolled,
    AlreadyEnrolled,
    /// The access rules do not allow it.
    Forbidden(Forbidden),
    /// The access rules see a contradiction with what is there.
    Contradiction(Contradiction),
}

impl ErrorCode {
    /// The code as programs see it, in snake_case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden(reason) => reason.code(),
            Self::Contradiction(reason) => reason.code(),
            other => other.into_str(),
        }
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
