//! Common code of the revisions of annual and quarterly predictions.

use accunode_domain::{
    Timestamp,
    id::{JobId, PredictionId, UserId},
    prediction::{Kind, Revision},
};
use accunode_ports::RepositoryError;
use sea_orm::EntityTrait;
use uuid::Uuid;

use super::outcome_columns::OutcomeColumns;
use crate::{kinds::KindSchema, row::RowRef};

/// One kind's table of revisions.
pub(crate) trait RevisionTable: EntityTrait<Model: Into<RevisionRow>> {
    const PREDICTION_ID: Self::Column;
    const ROW_VERSION: Self::Column;
}

/// A revision of either kind as stored.
pub(crate) struct RevisionRow {
    pub(crate) prediction_id: Uuid,
    pub(crate) row_version: i64,
    pub(crate) replaced_at: Timestamp,
    pub(crate) replaced_by: Option<Uuid>,
    pub(crate) bulk_job_id: Option<Uuid>,
    pub(crate) reason: String,
    pub(crate) outcome: OutcomeColumns,
}

impl RevisionRow {
    /// Converts the row to a revision of the domain.
    pub(crate) fn into_revision(self, kind: Kind) -> Result<Revision, RepositoryError> {
        let row = RowRef {
            table: kind.revisions(),
            id: self.prediction_id,
        };
        let predicted_at = self.outcome.predicted_at;
        let (outcome, ratios) = self.outcome.into_domain(row)?;
        Ok(Revision {
            prediction: PredictionId(self.prediction_id),
            version: self.row_version,
            outcome,
            predicted_at,
            ratios,
            replaced_at: self.replaced_at,
            replaced_by: self.replaced_by.map(UserId),
            job: self.bulk_job_id.map(JobId),
            reason: row.parsed("reason", &self.reason)?,
        })
    }
}
