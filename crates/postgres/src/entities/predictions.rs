//! Common code of annual and quarterly predictions.

use accunode_domain::{
    Timestamp,
    company::{CompanySnapshot, Symbol},
    decimal::Decimal,
    id::{CompanyId, JobId, PredictionId},
    prediction::{BulkOrigin, Kind, Outcome, Period, Prediction, Quarter, ReportingYear},
};
use accunode_ports::RepositoryError;
use sea_orm::{ActiveModelBehavior, ActiveModelTrait, entity::prelude::BigDecimal};
use uuid::Uuid;

use super::{outcome_columns::OutcomeColumns, revisions::RevisionTable};
use crate::{
    columns::Columns,
    errors::defect,
    kinds::KindSchema,
    row::{RowRef, owner_of},
    tenant::TenantEntity,
};

/// One kind's table of predictions.
pub(crate) trait PredictionTable: TenantEntity<Model: Into<PredictionRow>> {
    /// The active model of a row.
    type Row: ActiveModelTrait<Entity = Self> + ActiveModelBehavior + Send;
    /// The table of its revisions.
    type Revisions: RevisionTable;

    const KIND: Kind;
    const COMPANY_ID: Self::Column;
    const COMPANY_SYMBOL: Self::Column;
    const COMPANY_SECTOR: Self::Column;
    const REPORTING_YEAR: Self::Column;
    const REPORTING_QUARTER: Option<Self::Column>;
    const RISK_LEVEL: Self::Column;
    const PD: Self::Column;
    const MODEL_NAME: Self::Column;
    const MODEL_VERSION: Self::Column;
    const MODEL_SHA256: Self::Column;
    const BULK_JOB_ID: Self::Column;
    const CREATED_AT: Self::Column;
    const UPDATED_AT: Self::Column;
    const CHANGED_BY_JOB: Self::Column;
    /// The period as a text that compares as periods do, as SQL: `2024 Q3`, and `2024 Y` for
    /// the annual statement, which is after its quarters.
    const PERIOD: &'static str;

    /// Returns the columns that a new prediction and one that replaces another both write,
    /// without the owner.
    ///
    /// # Errors
    /// A defect if it does not have the ratios or probabilities of the kind.
    fn describing(prediction: &Prediction) -> Result<Self::Row, RepositoryError>;

    /// Reads a stored row by the position of its columns: all of the entity's, in its order.
    ///
    /// # Errors
    /// If a column has another type or form.
    fn decode(columns: &mut Columns<'_>) -> Result<PredictionRow, sqlx::Error>;

    /// Returns a new prediction, without its owner.
    ///
    /// # Errors
    /// As [`Self::describing`].
    fn new(prediction: &Prediction) -> Result<Self::Row, RepositoryError>;
}

/// A prediction of either kind as stored.
pub(crate) struct PredictionRow {
    pub(crate) id: Uuid,
    pub(crate) company_id: Uuid,
    pub(crate) company_symbol: String,
    pub(crate) company_name: String,
    pub(crate) company_sector: String,
    pub(crate) reporting_year: String,
    pub(crate) reporting_quarter: Option<String>,
    pub(crate) bulk_job_id: Option<Uuid>,
    pub(crate) bulk_row: Option<i32>,
    pub(crate) organization_id: Option<Uuid>,
    pub(crate) access_level: String,
    pub(crate) created_by: Uuid,
    pub(crate) row_version: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) outcome: OutcomeColumns,
}

impl PredictionRow {
    /// Converts the row to a prediction of the domain.
    pub(crate) fn into_prediction(self) -> Result<Prediction, RepositoryError> {
        let kind = match self.reporting_quarter {
            None => Kind::Annual,
            Some(_) => Kind::Quarterly,
        };
        let row = RowRef {
            table: kind.table(),
            id: self.id,
        };
        let (owner, created_by) = owner_of(
            row,
            &self.access_level,
            self.organization_id,
            self.created_by,
        )?;
        let origin = match (self.bulk_job_id, self.bulk_row) {
            (Some(job), Some(n)) => Some(BulkOrigin {
                job: JobId(job),
                row: row.count("bulk_row", n)?,
            }),
            _ => None,
        };
        let predicted_at = self.outcome.predicted_at;
        let (outcome, ratios) = self.outcome.into_domain(row)?;
        Ok(Prediction {
            id: PredictionId(self.id),
            company: CompanySnapshot {
                id: CompanyId(self.company_id),
                symbol: Symbol::from_stored(self.company_symbol),
                name: self.company_name,
                sector: self.company_sector,
            },
            period: period(row, &self.reporting_year, self.reporting_quarter.as_deref())?,
            outcome,
            predicted_at,
            ratios,
            owner,
            created_by,
            origin,
            created_at: self.created_at,
            updated_at: self.updated_at,
            row_version: self.row_version,
        })
    }
}

/// Returns a period from its columns.
pub(crate) fn period(
    row: RowRef,
    year: &str,
    quarter: Option<&str>,
) -> Result<Period, RepositoryError> {
    let year = ReportingYear::parse("", year)
        .map_err(|fault| row.corrupt_by("reporting_year", fault.detail))?;
    let quarter = quarter.map(|text| row.parsed("reporting_quarter", text));
    Ok(Period {
        year,
        quarter: quarter.transpose()?,
    })
}

/// Returns the ratios' columns, in the order of [`Kind::ratios`].
pub(super) fn ratios<const N: usize>(
    prediction: &Prediction,
) -> Result<[Option<BigDecimal>; N], RepositoryError> {
    let values = prediction.ratios.values.iter();
    let stored: Vec<_> = values
        .map(|value| value.clone().map(Decimal::into_stored))
        .collect();
    let kind = prediction.period.kind();
    stored
        .try_into()
        .map_err(|_| defect(format!("{kind} predictions have {N} ratios")))
}

/// Returns the upload that created a prediction, and its row there.
pub(super) fn origin(
    prediction: &Prediction,
) -> Result<(Option<Uuid>, Option<i32>), RepositoryError> {
    let Some(origin) = prediction.origin else {
        return Ok((None, None));
    };
    let row = i32::try_from(origin.row).map_err(|_| defect("a row number beyond 2^31"))?;
    Ok((Some(origin.job.0), Some(row)))
}

/// Returns the quarter of a quarterly prediction.
pub(super) fn quarter(prediction: &Prediction) -> Result<String, RepositoryError> {
    let quarter = prediction.period.quarter.map(Quarter::as_str);
    let quarter = quarter.ok_or_else(|| defect("a quarterly prediction without its quarter"))?;
    Ok(quarter.to_owned())
}

/// Returns the probabilities of the two models of an ensemble.
pub(super) fn probabilities_of_parts(
    outcome: &Outcome,
) -> Result<(BigDecimal, BigDecimal), RepositoryError> {
    let parts = outcome
        .parts
        .ok_or_else(|| defect("a quarterly outcome without its two parts"))?;
    Ok((
        parts.logistic.rounded().into_stored(),
        parts.gbm.rounded().into_stored(),
    ))
}
