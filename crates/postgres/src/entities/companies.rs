//! `companies`.

use accunode_domain::{
    company::{Company, CompanyProfile, Symbol},
    id::CompanyId,
    identifier::Identifiers,
};
use accunode_ports::RepositoryError;
use sea_orm::{ActiveValue::Set, entity::prelude::*};
use time::OffsetDateTime;

use crate::{
    row::{RowRef, owner_of},
    tenant::TenantEntity,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "companies")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) symbol: String,
    pub(crate) name: String,
    pub(crate) sector: String,
    pub(crate) industry: Option<String>,
    pub(crate) market_cap: Option<i64>,
    pub(crate) country: String,
    pub(crate) currency: String,
    pub(crate) exchange: Option<String>,
    pub(crate) isin: Option<String>,
    pub(crate) lei: Option<String>,
    pub(crate) figi: Option<String>,
    pub(crate) national_id: Option<String>,
    pub(crate) organization_id: Option<Uuid>,
    pub(crate) access_level: String,
    pub(crate) created_by: Uuid,
    /// Generated from the three columns of the owner.
    pub(crate) owner_key: Uuid,
    pub(crate) row_version: i64,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
    /// The job that made the last change.
    pub(crate) changed_by_job: Option<Uuid>,
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

impl Model {
    pub(crate) fn into_company(self) -> Result<Company, RepositoryError> {
        let row = RowRef {
            table: "companies",
            id: self.id,
        };
        let (owner, created_by) = owner_of(
            row,
            &self.access_level,
            self.organization_id,
            self.created_by,
        )?;
        Ok(Company {
            id: CompanyId(self.id),
            owner,
            created_by,
            profile: CompanyProfile {
                symbol: Symbol::from_stored(self.symbol),
                name: self.name,
                sector: self.sector,
                industry: self.industry,
                market_cap: self.market_cap,
                country: self.country,
                currency: self.currency,
                exchange: self.exchange,
                identifiers: Identifiers {
                    isin: self.isin,
                    lei: self.lei,
                    figi: self.figi,
                    national_id: self.national_id,
                },
            },
            created_at: self.created_at,
            updated_at: self.updated_at,
            row_version: self.row_version,
        })
    }
}

impl ActiveModel {
    /// Returns the columns of a company's description.
    pub(crate) fn describing(profile: &CompanyProfile) -> Self {
        Self {
            symbol: Set(profile.symbol.as_str().to_owned()),
            name: Set(profile.name.clone()),
            sector: Set(profile.sector.clone()),
            industry: Set(profile.industry.clone()),
            market_cap: Set(profile.market_cap),
            country: Set(profile.country.clone()),
            currency: Set(profile.currency.clone()),
            exchange: Set(profile.exchange.clone()),
            isin: Set(profile.identifiers.isin.clone()),
            lei: Set(profile.identifiers.lei.clone()),
            figi: Set(profile.identifiers.figi.clone()),
            national_id: Set(profile.identifiers.national_id.clone()),
            ..Default::default()
        }
    }
}
