//! What is stored about one user, for themselves.

use accunode_domain::{
    Timestamp,
    access::{Scope, UserRemoval},
    id::UserId,
};
use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use crate::RepositoryError;

/// A kind of what is stored about a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OwnData {
    /// Their API keys, without their secrets.
    ApiKeys,
    /// Invitations that they made, accepted or was sent.
    Invitations,
    /// Companies that they made.
    Companies,
    /// Annual predictions that they made.
    AnnualPredictions,
    /// Quarterly predictions that they made.
    QuarterlyPredictions,
    /// Outcomes that they recorded.
    Outcomes,
    /// What they said of how far outcomes are complete.
    OutcomeCoverage,
    /// Back-tests that they asked for.
    ValidationReports,
    /// Master scales that they made.
    RatingScales,
    /// Uploads and rescorings that they made.
    BulkUploads,
    /// What the audit log tells of their doing.
    AuditEvents,
}

impl OwnData {
    /// Every kind, in the order in which they are told.
    pub const ALL: [Self; 11] = [
        Self::ApiKeys,
        Self::Invitations,
        Self::Companies,
        Self::AnnualPredictions,
        Self::QuarterlyPredictions,
        Self::Outcomes,
        Self::OutcomeCoverage,
        Self::ValidationReports,
        Self::RatingScales,
        Self::BulkUploads,
        Self::AuditEvents,
    ];

    /// The name in the export.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKeys => "api_keys",
            Self::Invitations => "invitations",
            Self::Companies => "companies",
            Self::AnnualPredictions => "annual_predictions",
            Self::QuarterlyPredictions => "quarterly_predictions",
            Self::Outcomes => "outcomes",
            Self::OutcomeCoverage => "outcome_coverage",
            Self::ValidationReports => "validation_reports",
            Self::RatingScales => "rating_scales",
            Self::BulkUploads => "bulk_uploads",
            Self::AuditEvents => "audit_events",
        }
    }
}

/// Rows of one kind, and where the next ones begin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnRows {
    /// The rows as stored, without secrets and without what the storage keeps for itself.
    pub rows: Vec<Value>,
    /// The last row's time and id; `None` where there are no more.
    pub next: Option<(Timestamp, Uuid)>,
}

/// What went with a user's own rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonalRows {
    /// How many companies, predictions and uploads.
    pub companies: u64,
    /// Annual and quarterly ones.
    pub predictions: u64,
    /// Outcomes of companies.
    pub outcomes: u64,
    /// Uploads and rescorings.
    pub uploads: u64,
    /// The files of the uploads, by their keys in the file store.
    pub files: Vec<String>,
}

/// What is stored about one user, for themselves.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OwnDataRepository: Send + Sync {
    /// Rows that they made and may read, newest first. `scope` is their own.
    async fn rows(
        &self,
        scope: &Scope,
        user: UserId,
        kind: OwnData,
        after: Option<(Timestamp, Uuid)>,
    ) -> Result<OwnRows, RepositoryError>;
}

/// Removes what is stored about a user.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OwnDataWriter: Send + Sync {
    /// Removes the personal rows of the user whose account ends. Work on their uploads that is
    /// under way ends first, and none begins any more. The unit of work must be theirs.
    async fn remove_personal(&self, removal: UserRemoval) -> Result<PersonalRows, RepositoryError>;
}
