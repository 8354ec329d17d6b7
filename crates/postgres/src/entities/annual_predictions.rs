//! `annual_predictions`.

use sea_orm::entity::prelude::*;
use time::OffsetDateTime;

use crate::tenant::TenantEntity;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "annual_predictions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) company_id: Uuid,
    pub(crate) company_symbol: String,
    pub(crate) company_name: String,
    pub(crate) company_sector: String,
    pub(crate) reporting_year: String,
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
