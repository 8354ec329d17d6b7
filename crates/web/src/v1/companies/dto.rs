//! DTOs of companies.

use crate::http::body::RequestBody;
use crate::http::body::text;
use accunode_application::{
    RowLevel,
    companies::{CreateCompany, UpdateCompany, UpdatedCompany},
};
use accunode_domain::fault::Fault;
use accunode_domain::{
    company::{Company, CompanyChanges as Changes, CompanyDraft},
    decimal::Decimal,
    id::OrganizationId,
    identifier::{IdentifierChanges, Identifiers},
    owner::AccessLevel,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::enums::AccessLevelName;

/// A company to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCompany {
    /// 1 to 32 letters, digits, single blanks or `. - / _ & ^ = : +`; upper-cased.
    #[schema(example = "ACME", max_length = 32)]
    pub(crate) symbol: String,
    /// At most 200 characters; the symbol where none is given.
    #[schema(example = "Acme Corporation", max_length = 200)]
    name: Option<String>,
    /// At most 100 characters; `Unknown` where none is given.
    #[schema(example = "Industrials", max_length = 100)]
    sector: Option<String>,
    #[schema(example = "Machinery", max_length = 100)]
    industry: Option<String>,
    /// In whole units of the currency, above 0.
    #[schema(value_type = Option<f64>, example = 1_250_000_000_i64)]
    market_cap: Option<Decimal>,
    /// ISO 3166 alpha-3; USA where none is given.
    #[schema(example = "USA", max_length = 3)]
    country: Option<String>,
    /// ISO 4217; USD where none is given.
    #[schema(example = "USD", max_length = 3)]
    currency: Option<String>,
    #[schema(example = "NYSE", max_length = 64)]
    exchange: Option<String>,
    /// ISO 6166, with its check digit; unique within the owner.
    #[schema(example = "US0378331005", max_length = 12)]
    isin: Option<String>,
    /// ISO 17442, with its check digits; unique within the owner.
    #[schema(example = "HWUPKR0MPOU8FGXBT394", max_length = 20)]
    lei: Option<String>,
    /// With its check digit; unique within the owner.
    #[schema(example = "BBG000B9XRY4", max_length = 12)]
    figi: Option<String>,
    /// A VAT number or another number of a national register, 4 to 32 letters and digits; VAT
    /// numbers with the letters of their country are checked. Unique within the owner.
    #[schema(example = "DE136695976", max_length = 32)]
    national_id: Option<String>,
    /// By default what suits the caller's role.
    #[schema(value_type = Option<AccessLevelName>)]
    pub(crate) access_level: Option<AccessLevel>,
    /// With the access level `organization`.
    organization_id: Option<Uuid>,
}

impl RequestBody for NewCompany {
    fn check_parts(body: &Value) -> Vec<Fault> {
        company_faults(body)
    }
}

impl NewCompany {
    /// The command, for rows of this level.
    pub(crate) fn command(self, level: Option<RowLevel>) -> CreateCompany {
        CreateCompany {
            draft: CompanyDraft {
                symbol: self.symbol,
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
            access_level: level,
            organization: self.organization_id.map(OrganizationId),
        }
    }
}

/// The changes to a company; fields that are not named keep their values.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompanyChanges {
    #[schema(value_type = String, required = false, example = "ACME", max_length = 32)]
    symbol: Option<String>,
    #[schema(value_type = String, required = false, example = "Acme Corporation", max_length = 200)]
    name: Option<String>,
    #[schema(value_type = String, required = false, example = "Industrials", max_length = 100)]
    sector: Option<String>,
    /// Null empties it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 100)]
    industry: Option<Option<String>>,
    /// Null empties it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<f64>)]
    market_cap: Option<Option<Decimal>>,
    #[schema(value_type = String, required = false, example = "USA", max_length = 3)]
    country: Option<String>,
    #[schema(value_type = String, required = false, example = "USD", max_length = 3)]
    currency: Option<String>,
    /// Null empties it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 64)]
    exchange: Option<Option<String>>,
    /// Null empties it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "US0378331005", max_length = 12)]
    isin: Option<Option<String>>,
    /// Null empties it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "HWUPKR0MPOU8FGXBT394", max_length = 20)]
    lei: Option<Option<String>>,
    /// Null empties it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "BBG000B9XRY4", max_length = 12)]
    figi: Option<Option<String>>,
    /// Null empties it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "DE136695976", max_length = 32)]
    national_id: Option<Option<String>>,
    /// Wider than before, never narrower.
    #[schema(value_type = AccessLevelName, required = false)]
    pub(crate) access_level: Option<AccessLevel>,
    #[schema(value_type = Uuid, required = false)]
    organization_id: Option<Uuid>,
    /// Whether the predictions of the company's owner move with it to the new access level, at
    /// most 1,000, if you may raise each one. Without, a company with predictions keeps its level.
    #[serde(default)]
    with_predictions: bool,
}

impl RequestBody for CompanyChanges {
    fn check_parts(body: &Value) -> Vec<Fault> {
        company_faults(body)
    }
}

/// Reads a field that is present, possibly null.
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl CompanyChanges {
    /// The command for the version that was read.
    pub(crate) fn command(self, if_match: Option<i64>, raised: Option<RowLevel>) -> UpdateCompany {
        UpdateCompany {
            changes: Changes {
                symbol: self.symbol,
                name: self.name,
                sector: self.sector,
                industry: self.industry,
                market_cap: self.market_cap,
                country: self.country,
                currency: self.currency,
                exchange: self.exchange,
                identifiers: IdentifierChanges {
                    isin: self.isin,
                    lei: self.lei,
                    figi: self.figi,
                    national_id: self.national_id,
                },
            },
            access_level: raised,
            organization: self.organization_id.map(OrganizationId),
            with_predictions: self.with_predictions,
            if_match,
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
    #[schema(example = "US0378331005")]
    isin: Option<String>,
    #[schema(example = "HWUPKR0MPOU8FGXBT394")]
    lei: Option<String>,
    #[schema(example = "BBG000B9XRY4")]
    figi: Option<String>,
    #[schema(example = "DE136695976")]
    national_id: Option<String>,
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
        "isin",
        "lei",
        "figi",
        "national_id",
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
            isin: profile.identifiers.isin,
            lei: profile.identifiers.lei,
            figi: profile.identifiers.figi,
            national_id: profile.identifiers.national_id,
            access_level: company.owner.level(),
            organization_id: company.owner.organization().map(|id| id.0),
            created_by: company.created_by.0,
            created_at: company.created_at,
            updated_at: company.updated_at,
        }
    }
}

/// A company as it is now, and what moved with it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangedCompany)]
pub(crate) struct ChangedCompanyDto {
    #[serde(flatten)]
    company: CompanyDto,
    /// With `with_predictions` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<MovedWithCompanyDto>,
}

impl ChangedCompanyDto {
    /// The answer to a change with or without predictions.
    pub(crate) fn of(updated: UpdatedCompany, with_predictions: bool) -> Self {
        let moved = updated.moved;
        Self {
            company: updated.company.into(),
            moved: with_predictions.then_some(MovedWithCompanyDto {
                annual: moved.annual,
                quarterly: moved.quarterly,
                kept_predictions: moved.kept_predictions,
                kept_outcomes: moved.kept_outcomes,
            }),
        }
    }
}

/// What moved with a company to another access level, and what stayed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MovedWithCompany)]
pub(crate) struct MovedWithCompanyDto {
    /// Annual predictions that moved.
    annual: u64,
    /// Quarterly predictions that moved.
    quarterly: u64,
    /// Predictions of other owners that you can read, which stay theirs.
    kept_predictions: u64,
    /// Outcomes that you can read, which stay with their owners: an outcome never changes.
    kept_outcomes: u64,
}

/// Returns the faults of those parts of a company's description that have the right form.
pub(crate) fn company_faults(body: &Value) -> Vec<Fault> {
    let owned = |name| text(body, name).map(str::to_owned);
    let draft = CompanyDraft {
        // A symbol that is absent or not a text has been reported already.
        symbol: owned("symbol").unwrap_or_else(|| "X".to_owned()),
        name: owned("name"),
        sector: owned("sector"),
        industry: owned("industry"),
        market_cap: body
            .get("market_cap")
            .and_then(|value| Decimal::deserialize(value).ok()),
        country: owned("country"),
        currency: owned("currency"),
        exchange: owned("exchange"),
        identifiers: Identifiers::each(|kind| owned(kind.as_str())),
    };
    draft.check().err().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_clears_a_field_and_absence_keeps_it() {
        let changes: CompanyChanges =
            serde_json::from_str(r#"{"industry": null, "exchange": "NYSE"}"#).unwrap();
        let command = changes.command(Some(3), None);
        assert_eq!(command.changes.industry, Some(None));
        assert_eq!(command.changes.exchange, Some(Some("NYSE".to_owned())));
        assert_eq!(command.changes.market_cap, None);
        assert_eq!(command.if_match, Some(3));
    }
}
