//! `companies`, without the generated `owner_key`.

use accunode_domain::{
    company::{Company, CompanyProfile, Symbol},
    id::{CompanyId, OrganizationId, UserId},
    owner::Owner,
};
use accunode_ports::RepositoryError;
use sea_orm::{ActiveValue::Set, entity::prelude::*};
use time::OffsetDateTime;

use crate::row::Place;

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
    pub(crate) organization_id: Option<Uuid>,
    pub(crate) access_level: String,
    pub(crate) created_by: Uuid,
    pub(crate) row_version: i64,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_company(self) -> Result<Company, RepositoryError> {
        let place = Place {
            table: "companies",
            id: self.id,
        };
        let level = self
            .access_level
            .parse()
            .map_err(|_| place.corrupt("access_level"))?;
        let created_by = UserId(self.created_by);
        let organization = self.organization_id.map(OrganizationId);
        Ok(Company {
            id: CompanyId(self.id),
            owner: Owner::of_row(level, organization, created_by)
                .ok_or_else(|| place.corrupt("organization_id"))?,
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
            },
            created_at: self.created_at,
            updated_at: self.updated_at,
            row_version: self.row_version,
        })
    }
}

impl ActiveModel {
    /// What describes a company, and whose it is.
    pub(crate) fn describing(profile: &CompanyProfile, owner: Owner) -> Self {
        Self {
            symbol: Set(profile.symbol.as_str().to_owned()),
            name: Set(profile.name.clone()),
            sector: Set(profile.sector.clone()),
            industry: Set(profile.industry.clone()),
            market_cap: Set(profile.market_cap),
            country: Set(profile.country.clone()),
            currency: Set(profile.currency.clone()),
            exchange: Set(profile.exchange.clone()),
            organization_id: Set(owner.organization().map(|id| id.0)),
            access_level: Set(owner.level().as_str().to_owned()),
            ..Default::default()
        }
    }
}
