//! `quarterly_predictions`.

use accunode_domain::{
    decimal::Decimal,
    prediction::{Kind, Prediction},
};
use accunode_ports::RepositoryError;
use sea_orm::{ActiveValue::Set, entity::prelude::*};
use time::OffsetDateTime;

use super::{
    outcome_columns::{OutcomeColumns, raw_json, raw_ratios, raw_ratios_of},
    predictions::{
        PredictionRow, PredictionTable, origin, probabilities_of_parts, quarter, ratios,
    },
    quarterly_prediction_revisions,
};
use crate::{columns::Columns, tenant::TenantEntity};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "quarterly_predictions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) company_id: Uuid,
    pub(crate) company_symbol: String,
    pub(crate) company_name: String,
    pub(crate) company_sector: String,
    pub(crate) reporting_year: String,
    pub(crate) reporting_quarter: String,
    pub(crate) logistic_probability: BigDecimal,
    pub(crate) gbm_probability: BigDecimal,
    pub(crate) ensemble_probability: BigDecimal,
    pub(crate) pd: f64,
    pub(crate) risk_level: String,
    pub(crate) confidence: BigDecimal,
    pub(crate) predicted_at: OffsetDateTime,
    pub(crate) model_name: String,
    pub(crate) model_version: String,
    pub(crate) model_sha256: String,
    pub(crate) current_ratio: Option<BigDecimal>,
    pub(crate) quick_ratio: Option<BigDecimal>,
    pub(crate) debt_to_equity: Option<BigDecimal>,
    pub(crate) inventory_turnover: Option<BigDecimal>,
    pub(crate) receivables_turnover: Option<BigDecimal>,
    pub(crate) working_capital_to_total_assets: Option<BigDecimal>,
    pub(crate) raw_ratios: Json,
    pub(crate) flags: Vec<String>,
    pub(crate) bulk_job_id: Option<Uuid>,
    pub(crate) bulk_row: Option<i32>,
    pub(crate) organization_id: Option<Uuid>,
    pub(crate) access_level: String,
    pub(crate) created_by: Uuid,
    /// Generated.
    pub(crate) owner_key: Uuid,
    pub(crate) row_version: i64,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
    /// The job that made the last change.
    pub(crate) changed_by_job: Option<Uuid>,
    /// The version whose content version `restored_as` repeats; undoing uploads sets both.
    /// They are not read here, so they follow the columns that are decoded by position.
    pub(crate) restored_version: Option<i64>,
    pub(crate) restored_as: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}

impl TenantEntity for Entity {
    const ID: Column = Column::Id;
    const OWNER_KEY: Column = Column::OwnerKey;
    const ACCESS_LEVEL: Column = Column::AccessLevel;
    const ORGANIZATION_ID: Column = Column::OrganizationId;
    const CREATED_BY: Column = Column::CreatedBy;
    const ROW_VERSION: Column = Column::RowVersion;
}

impl PredictionTable for Entity {
    type Row = ActiveModel;
    type Revisions = quarterly_prediction_revisions::Entity;
    const KIND: Kind = Kind::Quarterly;
    const COMPANY_ID: Column = Column::CompanyId;
    const COMPANY_SYMBOL: Column = Column::CompanySymbol;
    const COMPANY_SECTOR: Column = Column::CompanySector;
    const REPORTING_YEAR: Column = Column::ReportingYear;
    const REPORTING_QUARTER: Option<Column> = Some(Column::ReportingQuarter);
    const RISK_LEVEL: Column = Column::RiskLevel;
    const PD: Column = Column::Pd;
    const MODEL_NAME: Column = Column::ModelName;
    const MODEL_VERSION: Column = Column::ModelVersion;
    const MODEL_SHA256: Column = Column::ModelSha256;
    const BULK_JOB_ID: Column = Column::BulkJobId;
    const CREATED_AT: Column = Column::CreatedAt;
    const UPDATED_AT: Column = Column::UpdatedAt;
    const CHANGED_BY_JOB: Column = Column::ChangedByJob;
    const PERIOD: &'static str = "\"quarterly_predictions\".\"reporting_year\" || ' ' || \"quarterly_predictions\".\"reporting_quarter\"";

    fn describing(prediction: &Prediction) -> Result<ActiveModel, RepositoryError> {
        let outcome = &prediction.outcome;
        let company = &prediction.company;
        let [a, b, c, d, e, f] = ratios(prediction)?;
        let (logistic, gbm) = probabilities_of_parts(&prediction.outcome)?;
        Ok(ActiveModel {
            company_symbol: Set(company.symbol.as_str().to_owned()),
            company_name: Set(company.name.clone()),
            company_sector: Set(company.sector.clone()),
            predicted_at: Set(prediction.predicted_at),
            pd: Set(outcome.pd.get()),
            logistic_probability: Set(logistic),
            gbm_probability: Set(gbm),
            ensemble_probability: Set(prediction.outcome.pd.rounded().into_stored()),
            risk_level: Set(outcome.risk_level.as_str().to_owned()),
            confidence: Set(Decimal::rounded(outcome.confidence).into_stored()),
            model_name: Set(outcome.model.name.clone()),
            model_version: Set(outcome.model.version.clone()),
            model_sha256: Set(outcome.model.sha256.clone()),
            current_ratio: Set(a),
            quick_ratio: Set(b),
            debt_to_equity: Set(c),
            inventory_turnover: Set(d),
            receivables_turnover: Set(e),
            working_capital_to_total_assets: Set(f),
            raw_ratios: Set(raw_json(Kind::Quarterly, &prediction.ratios)),
            flags: Set(prediction.ratios.flags.clone()),
            ..Default::default()
        })
    }

    fn new(prediction: &Prediction) -> Result<ActiveModel, RepositoryError> {
        let (job, row) = origin(prediction)?;
        Ok(ActiveModel {
            id: Set(prediction.id.0),
            company_id: Set(prediction.company.id.0),
            reporting_year: Set(prediction.period.year.to_string()),
            reporting_quarter: Set(quarter(prediction)?),
            bulk_job_id: Set(job),
            bulk_row: Set(row),
            created_at: Set(prediction.created_at),
            ..Self::describing(prediction)?
        })
    }

    fn decode(columns: &mut Columns<'_>) -> Result<PredictionRow, sqlx::Error> {
        let id = columns.next()?;
        let company_id = columns.next()?;
        let company_symbol = columns.next()?;
        let company_name = columns.next()?;
        let company_sector = columns.next()?;
        let (reporting_year, reporting_quarter) = (columns.next()?, columns.next()?);
        let parts = (columns.numeric()?, columns.numeric()?);
        // The rounded PD.
        columns.skip();
        let outcome = OutcomeColumns {
            pd: columns.next()?,
            parts: Some(parts),
            risk_level: columns.next()?,
            confidence: columns.numeric()?,
            predicted_at: columns.next()?,
            model_name: columns.next()?,
            model_version: columns.next()?,
            model_sha256: columns.next()?,
            ratios: columns.numerics(Kind::Quarterly.ratios().len())?,
            raw_ratios: raw_ratios_of(Kind::Quarterly, columns.json()?),
            flags: columns.next()?,
        };
        let (bulk_job_id, bulk_row) = (columns.next()?, columns.next()?);
        let (organization_id, access_level) = (columns.next()?, columns.next()?);
        let created_by = columns.next()?;
        // The owner's key, which is derived.
        columns.skip();
        Ok(PredictionRow {
            id,
            company_id,
            company_symbol,
            company_name,
            company_sector,
            reporting_year,
            reporting_quarter,
            bulk_job_id,
            bulk_row,
            organization_id,
            access_level,
            created_by,
            row_version: columns.next()?,
            created_at: columns.next()?,
            updated_at: columns.next()?,
            outcome,
        })
    }
}

impl From<Model> for PredictionRow {
    fn from(model: Model) -> Self {
        model.into_row()
    }
}

impl Model {
    fn into_row(self) -> PredictionRow {
        PredictionRow {
            id: self.id,
            company_id: self.company_id,
            company_symbol: self.company_symbol,
            company_name: self.company_name,
            company_sector: self.company_sector,
            reporting_year: self.reporting_year,
            reporting_quarter: Some(self.reporting_quarter),
            bulk_job_id: self.bulk_job_id,
            bulk_row: self.bulk_row,
            organization_id: self.organization_id,
            access_level: self.access_level,
            created_by: self.created_by,
            row_version: self.row_version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            outcome: OutcomeColumns {
                pd: self.pd,
                parts: Some((self.logistic_probability, self.gbm_probability)),
                risk_level: self.risk_level,
                confidence: self.confidence,
                predicted_at: self.predicted_at,
                model_name: self.model_name,
                model_version: self.model_version,
                model_sha256: self.model_sha256,
                ratios: vec![
                    self.current_ratio,
                    self.quick_ratio,
                    self.debt_to_equity,
                    self.inventory_turnover,
                    self.receivables_turnover,
                    self.working_capital_to_total_assets,
                ],
                raw_ratios: raw_ratios(Kind::Quarterly, &self.raw_ratios),
                flags: self.flags,
            },
        }
    }
}
