//! Companies as they are written.

use accunode_application::companies::CreateCompany;
use accunode_domain::{
    company::{Company, CompanyDraft},
    id::OrganizationId,
    owner::AccessLevel,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::names::AccessLevelName;

/// A company to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCompany {
    /// 1 to 10 letters, digits or `. - / _ & ^ =`; upper-cased.
    #[schema(example = "ACME")]
    pub(crate) symbol: String,
    /// At most 200 characters; the symbol where none is given.
    #[schema(example = "Acme Corporation")]
    name: Option<String>,
    /// At most 100 characters; `Unknown` where none is given.
    #[schema(example = "Industrials")]
    sector: Option<String>,
    #[schema(example = "Machinery")]
    industry: Option<String>,
    /// In whole units of the currency, above 0.
    #[schema(example = 1_250_000_000_i64)]
    market_cap: Option<f64>,
    /// ISO 3166 alpha-3; USA where none is given.
    #[schema(example = "USA")]
    country: Option<String>,
    /// ISO 4217; USD where none is given.
    #[schema(example = "USD")]
    currency: Option<String>,
    #[schema(example = "NYSE")]
    exchange: Option<String>,
    /// By default what suits the caller's role.
    #[schema(value_type = Option<AccessLevelName>)]
    access_level: Option<AccessLevel>,
    /// With the access level `organization`.
    organization_id: Option<Uuid>,
}

impl From<NewCompany> for CreateCompany {
    fn from(body: NewCompany) -> Self {
        Self {
            draft: CompanyDraft {
                symbol: body.symbol,
                name: body.name,
                sector: body.sector,
                industry: body.industry,
                market_cap: body.market_cap,
                country: body.country,
                currency: body.currency,
                exchange: body.exchange,
            },
            access_level: body.access_level,
            organization: body.organization_id.map(OrganizationId),
        }
    }
}

/// A company.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Company)]
pub(crate) struct CompanyDto {
    pub(crate) id: Uuid,
    #[schema(example = "ACME")]
    symbol: String,
    #[schema(example = "Acme Corporation")]
    name: String,
    #[schema(example = "Industrials")]
    sector: String,
    industry: Option<String>,
    /// In whole units of the currency.
    market_cap: Option<i64>,
    #[schema(example = "USA")]
    country: String,
    #[schema(example = "USD")]
    currency: String,
    exchange: Option<String>,
    #[schema(value_type = AccessLevelName)]
    access_level: AccessLevel,
    organization_id: Option<Uuid>,
    created_by: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

impl CompanyDto {
    /// The columns of an export.
    pub(crate) const COLUMNS: &'static [&'static str] = &[
        "id",
        "symbol",
        "name",
        "sector",
        "industry",
        "market_cap",
        "country",
        "currency",
        "exchange",
        "access_level",
        "organization_id",
        "created_by",
        "created_at",
        "updated_at",
    ];
}

impl From<Company> for CompanyDto {
    fn from(company: Company) -> Self {
        let profile = company.profile;
        Self {
            id: company.id.0,
            symbol: profile.symbol.as_str().to_owned(),
            name: profile.name,
            sector: profile.sector,
            industry: profile.industry,
            market_cap: profile.market_cap,
            country: profile.country,
            currency: profile.currency,
            exchange: profile.exchange,
            access_level: company.owner.level(),
            organization_id: company.owner.organization().map(|id| id.0),
            created_by: company.created_by.0,
            created_at: company.created_at,
            updated_at: company.updated_at,
        }
    }
}
