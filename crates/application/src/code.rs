//! The stable codes of the errors of the use cases.

use accunode_domain::access::{Contradiction, Forbidden, Inconsistency};
use strum::{EnumCount, IntoStaticStr, VariantArray};

/// The kind of an error, for programs. Faults of an input have their own codes
/// ([`accunode_domain::fault::Fault::code`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumCount, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
#[expect(missing_docs, reason = "the names are those of the codes")]
pub enum ErrorCode {
    AlreadyAllowed,
    AlreadyInDefault,
    AlreadyRunning,
    AlreadyWithdrawn,
    ArchiveDiffers,
    ChangedMeanwhile,
    CompanyInUse,
    Conflict,
    DefinitionExists,
    DomainTaken,
    DuplicateFile,
    EmailTaken,
    EmailUnverified,
    ExtensionMissing,
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
    NoBaseline,
    NotARoot,
    NotFinished,
    NotCancellable,
    NotInDefault,
    NothingToRetry,
    OrganizationFull,
    OrganizationNotEmpty,
    OutcomeExists,
    OwnerUnavailable,
    PredictionExists,
    RegistrationClosed,
    RescoringRunning,
    RowsNotKept,
    Running,
    ScaleExists,
    SecretAlreadyShown,
    SignInRequired,
    SignedOff,
    StepUpRequired,
    StorageLow,
    SymbolTaken,
    TokenExpired,
    TokenRequired,
    TokenReused,
    TooFewRows,
    TooManyEventStreams,
    TooManyKeys,
    TooManyMails,
    TooManyOpenJobs,
    WindowNotCovered,
    WrongPassword,
    ApprovalPending,
    NotEnrolled,
    AlreadyEnrolled,
    /// The access rules do not allow the action.
    Forbidden(Forbidden),
    /// The action contradicts the present state, according to the access rules.
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

impl ErrorCode {
    /// The codes that carry no reason of the domain, unlike the other two.
    const OWN: [Self; Self::COUNT - 2] = [
        Self::AlreadyAllowed,
        Self::AlreadyInDefault,
        Self::AlreadyWithdrawn,
        Self::ChangedMeanwhile,
        Self::CompanyInUse,
        Self::Conflict,
        Self::DefinitionExists,
        Self::DomainTaken,
        Self::DuplicateFile,
        Self::EmailTaken,
        Self::EmailUnverified,
        Self::FileBudgetExhausted,
        Self::IdempotencyInFlight,
        Self::IdentifierTaken,
        Self::InvalidCode,
        Self::InvalidCredentials,
        Self::InvalidToken,
        Self::JobBudgetExhausted,
        Self::KeyExpired,
        Self::LevelMismatch,
        Self::ModelUnavailable,
        Self::NameTaken,
        Self::NoBaseline,
        Self::NotARoot,
        Self::NotCancellable,
        Self::NotFinished,
        Self::NotInDefault,
        Self::NothingToRetry,
        Self::OrganizationFull,
        Self::OrganizationNotEmpty,
        Self::OutcomeExists,
        Self::PredictionExists,
        Self::RegistrationClosed,
        Self::RescoringRunning,
        Self::RowsNotKept,
        Self::Running,
        Self::ScaleExists,
        Self::SecretAlreadyShown,
        Self::SignInRequired,
        Self::SignedOff,
        Self::StepUpRequired,
        Self::StorageLow,
        Self::SymbolTaken,
        Self::TokenExpired,
        Self::TokenRequired,
        Self::TokenReused,
        Self::TooFewRows,
        Self::TooManyEventStreams,
        Self::TooManyKeys,
        Self::TooManyMails,
        Self::TooManyOpenJobs,
        Self::WindowNotCovered,
        Self::WrongPassword,
        Self::ApprovalPending,
        Self::NotEnrolled,
        Self::AlreadyRunning,
        Self::ArchiveDiffers,
        Self::ExtensionMissing,
        Self::OwnerUnavailable,
        Self::AlreadyEnrolled,
    ];

    /// Every code, as programs see it; for catalogues.
    pub fn all() -> impl Iterator<Item = &'static str> {
        Self::OWN
            .iter()
            .map(|code| code.as_str())
            .chain(Forbidden::VARIANTS.iter().map(|reason| reason.code()))
            .chain(Contradiction::VARIANTS.iter().map(|reason| reason.code()))
            .chain(Inconsistency::VARIANTS.iter().map(|reason| reason.code()))
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_error_code_is_listed_once() {
        let listed: BTreeSet<_> = ErrorCode::OWN.iter().map(|code| code.as_str()).collect();
        assert_eq!(listed.len(), ErrorCode::COUNT - 2);
    }
}
