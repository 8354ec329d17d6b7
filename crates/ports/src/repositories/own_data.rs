//! The stored data about one user, for that user.

use accunode_domain::{
    Timestamp,
    access::{Scope, UserRemoval},
    id::UserId,
};
use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use crate::RepositoryError;

/// A kind of stored data about a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OwnData {
    /// Their API keys, without their secrets.
    ApiKeys,
    /// Invitations that they made, accepted or were sent.
    Invitations,
    /// Companies that they made.
    Companies,
    /// Annual predictions that they made.
    AnnualPredictions,
    /// Quarterly predictions that they made.
    QuarterlyPredictions,
    /// Outcomes that they recorded.
    Outcomes,
    /// Their statements about how far outcomes are complete.
    OutcomeCoverage,
    /// Back-tests that they requested.
    ValidationReports,
    /// What monitoring counted of their predictions.
    MonitoringSnapshots,
    /// Definitions of default that they made.
    DefaultDefinitions,
    /// Master scales that they made.
    RatingScales,
    /// Uploads and rescorings that they made.
    BulkUploads,
    /// The events in the audit log that they caused.
    AuditEvents,
}

impl OwnData {
    /// Every kind, in the order of the export.
    pub const ALL: [Self; 13] = [
        Self::ApiKeys,
        Self::Invitations,
        Self::Companies,
        Self::AnnualPredictions,
        Self::QuarterlyPredictions,
        Self::Outcomes,
        Self::OutcomeCoverage,
        Self::ValidationReports,
        Self::MonitoringSnapshots,
        Self::DefaultDefinitions,
        Self::RatingScales,
        Self::BulkUploads,
        Self::AuditEvents,
    ];

    /// Returns the name in the export.
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
            Self::MonitoringSnapshots => "monitoring_snapshots",
            Self::DefaultDefinitions => "default_definitions",
            Self::RatingScales => "rating_scales",
            Self::BulkUploads => "bulk_uploads",
            Self::AuditEvents => "audit_events",
        }
    }
}

/// Rows of one kind, and the position of the next ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnRows {
    /// The rows as stored, without secrets and without the storage's internal columns.
    pub rows: Vec<Value>,
    /// The time and id of the last row; `None` if there are no more.
    pub next: Option<(Timestamp, Uuid)>,
}

/// The rows that were removed with the account of a user: their numbers, and the keys of the
/// uploads' files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonalRows {
    /// Companies.
    pub companies: u64,
    /// Annual and quarterly predictions.
    pub predictions: u64,
    /// Outcomes of companies.
    pub outcomes: u64,
    /// Uploads and rescorings.
    pub uploads: u64,
    /// The files of the uploads, by their keys in the file store.
    pub files: Vec<String>,
}

/// Reads the stored data about one user, for that user.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OwnDataRepository: Send + Sync {
    /// Returns rows that the user made and may read, newest first. `scope` is that of the
    /// user.
    async fn rows(
        &self,
        scope: &Scope,
        user: UserId,
        kind: OwnData,
        after: Option<(Timestamp, Uuid)>,
    ) -> Result<OwnRows, RepositoryError>;
}

/// Removes the stored data about a user.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OwnDataWriter: Send + Sync {
    /// Removes the personal rows of a user whose account is deleted. Running work on their
    /// uploads ends first, and no new work begins. The unit of work must be that of the user.
    async fn remove_personal(&self, removal: UserRemoval) -> Result<PersonalRows, RepositoryError>;
}
