//! Typed identifiers: the id of a company cannot be passed where the id of a user is
//! expected.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id_type {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

id_type! {
    /// A user who can sign in.
    UserId,
    /// An organization: a tenant's root or one of its children.
    OrganizationId,
    /// An API key.
    ApiKeyId,
    /// A company whose risk is predicted.
    CompanyId,
    /// An annual or quarterly prediction.
    PredictionId,
    /// An outcome: an event that happened to a company.
    OutcomeId,
    /// A back-test report.
    ValidationId,
    /// A snapshot of monitoring.
    MonitoringSnapshotId,
    /// A master scale.
    RatingScaleId,
    /// A definition of default.
    DefaultDefinitionId,
    /// A bulk upload.
    JobId,
    /// A maintenance run.
    MaintenanceRunId,
    /// An invitation into an organization.
    InvitationId,
    /// An enrolled second factor. A new secret is a new enrolment.
    EnrolmentId,
    /// A signed-in session: a family of refresh tokens.
    SessionId,
}
