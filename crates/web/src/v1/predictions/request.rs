//! Requests for predictions.

use crate::http::body::json::escape;
use crate::http::body::text;
use crate::http::body::{ItemsBody, RequestBody};
use crate::v1::companies::dto::company_faults;
use accunode_domain::prediction::{Quarter, ReportingYear};
use serde_json::Value;
use std::{borrow::Cow, collections::BTreeMap};

use accunode_application::{
    RowLevel,
    predictions::{CompanyChoice, CreatePrediction, RawRatios, ScoreItem, UpdatePrediction},
};
use accunode_domain::{
    company::CompanyDraft,
    decimal::Decimal,
    fault::Fault,
    id::{CompanyId, OrganizationId},
    identifier::Identifiers,
    owner::AccessLevel,
    prediction::{Kind, OnConflict},
    ratio::RatioUnit,
};
use serde::Deserialize;
use serde_json::{Number, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ObjectBuilder, SchemaType, Type},
    },
};
use uuid::Uuid;

use crate::{
    http::body::MAX_RATIOS,
    http::{
        enums::{AccessLevelName, OnConflictName, RatioUnitName},
        problem::Problem,
    },
};

/// Ratios by name, each a number or null.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct RatioMap(BTreeMap<String, Option<Number>>);

impl PartialSchema for RatioMap {
    fn schema() -> RefOr<Schema> {
        let names = |kind: Kind| {
            let names: Vec<_> = kind
                .ratios()
                .iter()
                .map(|d| format!("`{}`", d.name))
                .collect();
            format!("{kind}: {}", names.join(", "))
        };
        let number =
            ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::Number, Type::Null]));
        ObjectBuilder::new()
            .description(Some(format!(
                "Ratios by name, each a number or null (missing); at least 3 must be present. {}. {}.",
                names(Kind::Annual),
                names(Kind::Quarterly)
            )))
            .additional_properties(Some(Schema::from(number)))
            .max_properties(Some(MAX_RATIOS))
            .examples([json!({
                "long_term_debt_to_total_capital": 0.254,
                "total_debt_to_ebitda": 3.1,
                "net_income_margin": 0.08,
                "ebit_to_interest_expense": 6.4,
                "return_on_assets": 0.05,
            })])
            .into()
    }
}

impl ToSchema for RatioMap {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Ratios")
    }
}

impl From<RatioMap> for RawRatios {
    fn from(ratios: RatioMap) -> Self {
        // The shortest decimal that parses to the number that was sent.
        let text = |number: Number| number.to_string();
        ratios
            .0
            .into_iter()
            .map(|(name, value)| (name, value.map(text)))
            .collect()
    }
}

/// A reporting year, as a text or as a number.
#[derive(Clone, Debug)]
pub(crate) struct YearBody(pub(crate) String);

impl<'de> Deserialize<'de> for YearBody {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Number(i64),
        }
        Ok(Self(match Written::deserialize(deserializer)? {
            Written::Text(text) => text,
            Written::Number(number) => number.to_string(),
        }))
    }
}

impl PartialSchema for YearBody {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Integer]))
            .description(Some("Four digits, 1900 to 2100; a number does as well."))
            .max_length(Some(4))
            .examples([json!("2024"), json!(2024)])
            .into()
    }
}

impl ToSchema for YearBody {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ReportingYear")
    }
}

/// A company, found by its symbol or made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompanyDescription {
    /// 1 to 32 letters, digits, single blanks or `. - / _ & ^ = : +`; upper-cased.
    #[schema(example = "ACME", max_length = 32)]
    symbol: String,
    #[schema(example = "Acme Corporation", max_length = 200)]
    name: Option<String>,
    #[schema(example = "Industrials", max_length = 100)]
    sector: Option<String>,
    #[schema(max_length = 100)]
    industry: Option<String>,
    /// In whole units of the currency, above 0.
    #[schema(value_type = Option<f64>)]
    market_cap: Option<Decimal>,
    /// ISO 3166 alpha-3.
    #[schema(max_length = 3)]
    country: Option<String>,
    /// ISO 4217.
    #[schema(max_length = 3)]
    currency: Option<String>,
    #[schema(max_length = 64)]
    exchange: Option<String>,
    /// With its check digit; of a company that is made.
    #[schema(example = "US0378331005", max_length = 12)]
    isin: Option<String>,
    /// With its check digits; of a company that is made.
    #[schema(example = "HWUPKR0MPOU8FGXBT394", max_length = 20)]
    lei: Option<String>,
    /// With its check digit; of a company that is made.
    #[schema(example = "BBG000B9XRY4", max_length = 12)]
    figi: Option<String>,
    /// A VAT number or another national number; of a company that is made.
    #[schema(example = "DE136695976", max_length = 32)]
    national_id: Option<String>,
}

/// A prediction to be made: for `company_id` or for `company`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPrediction {
    company_id: Option<Uuid>,
    company: Option<CompanyDescription>,
    reporting_year: YearBody,
    /// Q1 to Q4; for quarterly predictions and no others.
    #[schema(example = "Q3", max_length = 2)]
    reporting_quarter: Option<String>,
    ratios: RatioMap,
    #[schema(value_type = Option<RatioUnitName>)]
    ratio_unit: Option<RatioUnit>,
    /// By default what suits the caller's role.
    #[schema(value_type = Option<AccessLevelName>)]
    pub(crate) access_level: Option<AccessLevel>,
    /// With the access level `organization`.
    organization_id: Option<Uuid>,
    #[schema(value_type = Option<OnConflictName>)]
    on_conflict: Option<OnConflict>,
}

impl RequestBody for NewPrediction {
    fn check_parts(body: &Value) -> Vec<Fault> {
        prediction_faults(body)
    }
}

impl NewPrediction {
    /// The command for a kind of prediction, for rows of this level.
    pub(crate) fn command(
        self,
        kind: Kind,
        level: Option<RowLevel>,
    ) -> Result<CreatePrediction, Problem> {
        let mut faults = Vec::new();
        faults.extend(unexpected_quarter(kind, self.reporting_quarter.as_deref()));
        let company = match (self.company_id, self.company) {
            (Some(id), None) => Some(CompanyChoice::Id(CompanyId(id))),
            (None, Some(company)) => Some(CompanyChoice::Described(Box::new(company.into()))),
            (None, None) => {
                faults.push(Fault::new(
                    "/company_id",
                    "required",
                    "say `company_id` or `company`",
                ));
                None
            }
            (Some(_), Some(_)) => {
                faults.push(Fault::new(
                    "/company",
                    "ambiguous",
                    "say `company_id` or `company`, and not both",
                ));
                None
            }
        };
        match company {
            Some(company) if faults.is_empty() => Ok(CreatePrediction {
                kind,
                company,
                reporting_year: self.reporting_year.0,
                reporting_quarter: self.reporting_quarter,
                ratios: self.ratios.into(),
                ratio_unit: self.ratio_unit.unwrap_or_default(),
                access_level: level,
                organization: self.organization_id.map(OrganizationId),
                on_conflict: self.on_conflict.unwrap_or_default(),
            }),
            _ => Err(Problem::faults(faults)),
        }
    }
}

/// The changes to a prediction.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PredictionChanges {
    /// These replace those sent before, the others stay; the prediction is scored again.
    #[schema(value_type = RatioMap, required = false)]
    ratios: Option<RatioMap>,
    #[schema(value_type = RatioUnitName, required = false)]
    ratio_unit: Option<RatioUnit>,
    /// Wider than before, never narrower.
    #[schema(value_type = AccessLevelName, required = false)]
    pub(crate) access_level: Option<AccessLevel>,
    #[schema(value_type = Uuid, required = false)]
    organization_id: Option<Uuid>,
}

impl RequestBody for PredictionChanges {}

impl PredictionChanges {
    /// The command for the version that was read.
    pub(crate) fn command(
        self,
        if_match: Option<i64>,
        raised: Option<RowLevel>,
    ) -> UpdatePrediction {
        UpdatePrediction {
            ratios: self.ratios.unwrap_or_default().into(),
            ratio_unit: self.ratio_unit.unwrap_or_default(),
            access_level: raised,
            organization: self.organization_id.map(OrganizationId),
            if_match,
        }
    }
}

/// Predictions to be made in one request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Batch {
    /// 1 to 100; each succeeds or fails for itself, in their order.
    #[schema(max_items = 100)]
    #[expect(dead_code, reason = "it is the schema; items are read one by one")]
    items: Vec<NewPrediction>,
}

impl RequestBody for Batch {}

impl ItemsBody for Batch {
    type Item = NewPrediction;
}

fn unexpected_quarter(kind: Kind, quarter: Option<&str>) -> Option<Fault> {
    (kind == Kind::Annual && quarter.is_some()).then(|| {
        Fault::new(
            "/reporting_quarter",
            "unknown_field",
            "an annual prediction has no quarter",
        )
    })
}

impl From<CompanyDescription> for CompanyDraft {
    fn from(company: CompanyDescription) -> Self {
        Self {
            name: company.name,
            sector: company.sector,
            industry: company.industry,
            market_cap: company.market_cap,
            country: company.country,
            currency: company.currency,
            exchange: company.exchange,
            identifiers: Identifiers {
                isin: company.isin,
                lei: company.lei,
                figi: company.figi,
                national_id: company.national_id,
            },
            ..Self::of_symbol(company.symbol)
        }
    }
}

/// Ratios to be scored without storing anything.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScoreRequest {
    /// 1 to 1,000; each succeeds or fails for itself.
    #[schema(max_items = 1000)]
    #[expect(dead_code, reason = "it is the schema; items are read one by one")]
    items: Vec<ScoreItemBody>,
}

impl RequestBody for ScoreRequest {}

impl ItemsBody for ScoreRequest {
    type Item = ScoreItemBody;
}

impl RequestBody for ScoreItemBody {
    fn check_parts(body: &Value) -> Vec<Fault> {
        prediction_faults(body)
    }
}

/// One item to be scored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ScoreItem)]
pub(crate) struct ScoreItemBody {
    ratios: RatioMap,
    #[schema(value_type = Option<RatioUnitName>)]
    ratio_unit: Option<RatioUnit>,
    /// Changes no score; repeated in the answer.
    pub(crate) reporting_year: Option<YearBody>,
    #[schema(example = "Q3", max_length = 2)]
    pub(crate) reporting_quarter: Option<String>,
}

impl From<ScoreItemBody> for ScoreItem {
    fn from(item: ScoreItemBody) -> Self {
        Self {
            ratios: item.ratios.into(),
            ratio_unit: item.ratio_unit.unwrap_or_default(),
            reporting_year: item.reporting_year.map(|year| year.0),
            reporting_quarter: item.reporting_quarter,
        }
    }
}

/// Returns the faults of those parts of a prediction that have the right form.
fn prediction_faults(body: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    let year = body.get("reporting_year");
    if let Some(Ok(year)) = year
        .filter(|year| !year.is_null())
        .map(YearBody::deserialize)
    {
        faults.extend(ReportingYear::parse("/reporting_year", &year.0).err());
    }
    if let Some(Err(unknown)) = text(body, "reporting_quarter").map(str::parse::<Quarter>) {
        let detail = unknown.to_string();
        faults.push(Fault::new("/reporting_quarter", "invalid_quarter", detail));
    }
    if let Some(draft) = body.get("company").filter(|draft| draft.is_object()) {
        let found = company_faults(draft).into_iter();
        faults.extend(found.map(|fault| fault.under("/company")));
    }
    let is_known = |name: &str| {
        let mut ratios = Kind::ALL.iter().flat_map(|kind| kind.ratios());
        ratios.any(|ratio| ratio.name == name)
    };
    let ratios = body.get("ratios").and_then(Value::as_object);
    let names = ratios.into_iter().flatten().map(|(name, _)| name);
    faults.extend(names.filter(|name| !is_known(name)).map(|name| {
        Fault::new(
            format!("/ratios/{}", escape(name)),
            "unknown_field",
            "is no ratio of annual or quarterly predictions",
        )
    }));
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> NewPrediction {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn ratio_number_keeps_its_shortest_text() {
        let body = body(
            r#"{"company": {"symbol": "A"}, "reporting_year": "2024", "ratios": {"a": 0.10, "b": 3, "c": null, "d": 1e-7}}"#,
        );
        let command = body.command(Kind::Annual, None).unwrap();
        let texts: Vec<_> = command
            .ratios
            .iter()
            .map(|(_, text)| text.as_deref())
            .collect();
        assert_eq!(texts, [Some("0.1"), Some("3"), None, Some("1e-7")]);
    }

    #[test]
    fn prediction_needs_exactly_one_reference_to_a_company() {
        for text in [
            r#"{"reporting_year": "2024", "ratios": {}}"#,
            r#"{"company_id": "00000000-0000-0000-0000-000000000001", "company": {"symbol": "A"}, "reporting_year": "2024", "ratios": {}}"#,
        ] {
            assert_eq!(
                body(text)
                    .command(Kind::Annual, None)
                    .unwrap_err()
                    .status()
                    .as_u16(),
                422
            );
        }
    }

    #[test]
    fn quarter_is_accepted_for_quarterly_predictions_only() {
        let text = r#"{"company": {"symbol": "A"}, "reporting_year": "2024", "reporting_quarter": "Q1", "ratios": {}}"#;
        assert!(body(text).command(Kind::Annual, None).is_err());
        assert!(body(text).command(Kind::Quarterly, None).is_ok());
    }
}
