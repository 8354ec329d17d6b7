//! `annual_prediction_revisions`: written by a trigger of the database.

use accunode_domain::prediction::Kind;
use sea_orm::entity::prelude::*;
use time::OffsetDateTime;

use super::{
    outcome_columns::{OutcomeColumns, raw_ratios},
    revisions::{RevisionRow, RevisionTable},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "annual_prediction_revisions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) prediction_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) row_version: i64,
    pub(crate) probability: BigDecimal,
    pub(crate) pd: f64,
    pub(crate) risk_level: String,
    pub(crate) confidence: BigDecimal,
    pub(crate) predicted_at: OffsetDateTime,
    pub(crate) model_name: String,
    pub(crate) model_version: String,
    pub(crate) model_sha256: String,
    pub(crate) long_term_debt_to_total_capital: Option<BigDecimal>,
    pub(crate) total_debt_to_ebitda: Option<BigDecimal>,
    pub(crate) net_income_margin: Option<BigDecimal>,
    pub(crate) ebit_to_interest_expense: Option<BigDecimal>,
    pub(crate) return_on_assets: Option<BigDecimal>,
    pub(crate) raw_ratios: Json,
    pub(crate) flags: Vec<String>,
    pub(crate) replaced_at: OffsetDateTime,
    pub(crate) replaced_by: Option<Uuid>,
    pub(crate) bulk_job_id: Option<Uuid>,
    pub(crate) reason: String,
}

impl ActiveModelBehavior for ActiveModel {}

impl RevisionTable for Entity {
    const PREDICTION_ID: Column = Column::PredictionId;
    const ROW_VERSION: Column = Column::RowVersion;
}

impl From<Model> for RevisionRow {
    fn from(model: Model) -> Self {
        model.into_row()
    }
}

impl Model {
    fn into_row(self) -> RevisionRow {
        RevisionRow {
            prediction_id: self.prediction_id,
            row_version: self.row_version,
            replaced_at: self.replaced_at,
            replaced_by: self.replaced_by,
            bulk_job_id: self.bulk_job_id,
            reason: self.reason,
            outcome: OutcomeColumns {
                pd: self.pd,
                parts: None,
                risk_level: self.risk_level,
                confidence: self.confidence,
                predicted_at: self.predicted_at,
                model_name: self.model_name,
                model_version: self.model_version,
                model_sha256: self.model_sha256,
                ratios: vec![
                    self.long_term_debt_to_total_capital,
                    self.total_debt_to_ebitda,
                    self.net_income_margin,
                    self.ebit_to_interest_expense,
                    self.return_on_assets,
                ],
                raw_ratios: raw_ratios(Kind::Annual, &self.raw_ratios),
                flags: self.flags,
            },
        }
    }
}
