//! Requests to record outcomes.

use accunode_application::{
    RowLevel,
    outcomes::{OutcomeCompany, RecordOutcome},
};
use accunode_domain::{
    company::Symbol,
    fault::Fault,
    id::{CompanyId, OrganizationId},
    outcome::{Definition, OutcomeDraft},
    owner::AccessLevel,
    validation::Event,
};
use serde::Deserialize;
use serde_json::Value;
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{
    body::{RequestBody, text},
    enums::{AccessLevelName, DefinitionName, EventName},
    problem::Problem,
};

/// The company of an outcome, by its symbol.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompanyOfOutcome {
    #[schema(example = "ACME", max_length = 32)]
    symbol: String,
}

/// Something that happened to a company.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOutcome {
    /// The company; or its symbol, in `company`.
    company_id: Option<Uuid>,
    /// A company of the outcome's owner with this symbol, else one of the system.
    company: Option<CompanyOfOutcome>,
    /// What a default is.
    #[schema(value_type = DefinitionName)]
    definition: Definition,
    #[schema(value_type = EventName)]
    event: Event,
    /// Not in the future.
    #[schema(format = Date, example = "2025-03-01", max_length = 10)]
    occurred_on: String,
    /// Whether a default was one of systems or payments only: it does not count.
    #[serde(default)]
    technical: bool,
    /// A code of your own.
    #[schema(max_length = 50)]
    reason_code: Option<String>,
    /// The id in the system it comes from; unique among the outcomes that stand.
    #[schema(max_length = 100)]
    external_id: Option<String>,
    #[schema(max_length = 1000)]
    note: Option<String>,
    /// By default what suits the caller's role.
    #[schema(value_type = Option<AccessLevelName>)]
    pub(super) access_level: Option<AccessLevel>,
    /// With the access level `organization`.
    organization_id: Option<Uuid>,
}

impl RequestBody for NewOutcome {
    fn check_parts(body: &Value) -> Vec<Fault> {
        let owned = |name| text(body, name).map(str::to_owned);
        // A part that is absent or not a text has been reported already.
        let draft = OutcomeDraft {
            definition: Definition::Crr178.to_string(),
            event: owned("event").unwrap_or_else(|| Event::Default.to_string()),
            occurred_on: owned("occurred_on").unwrap_or_else(|| "2000-01-01".to_owned()),
            technical: body.get("technical").and_then(Value::as_bool) == Some(true),
            reason_code: owned("reason_code"),
            external_id: owned("external_id"),
            note: owned("note"),
        };
        let mut faults = draft.check(Date::MAX).err().unwrap_or_default();
        let symbol = body.pointer("/company/symbol").and_then(Value::as_str);
        let read = symbol.map(|symbol| Symbol::parse("/company/symbol", symbol));
        faults.extend(read.and_then(Result::err));
        faults
    }
}

/// Outcomes to be recorded in one request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutcomeBatch {
    /// 1 to 100; each succeeds or fails for itself, in their order.
    #[schema(max_items = 100)]
    pub(super) items: Vec<NewOutcome>,
}

impl RequestBody for OutcomeBatch {}

impl NewOutcome {
    /// The command, for a row of this level.
    ///
    /// # Errors
    /// 422 unless it names its company in exactly one way.
    pub(super) fn command(self, level: Option<RowLevel>) -> Result<RecordOutcome, Problem> {
        let company = match (self.company_id, self.company) {
            (Some(id), None) => OutcomeCompany::Id(CompanyId(id)),
            (None, Some(company)) => OutcomeCompany::Symbol(company.symbol),
            (None, None) => {
                let detail = "name the company by company_id, or by company.symbol";
                return Err(Problem::fault("/company_id", "required", detail));
            }
            (Some(_), Some(_)) => {
                let detail = "company_id names the company already; leave one of the two out";
                return Err(Problem::fault("/company", "ambiguous_company", detail));
            }
        };
        Ok(RecordOutcome {
            company,
            draft: OutcomeDraft {
                definition: self.definition.to_string(),
                event: self.event.to_string(),
                occurred_on: self.occurred_on,
                technical: self.technical,
                reason_code: self.reason_code,
                external_id: self.external_id,
                note: self.note,
            },
            access_level: level,
            organization: self.organization_id.map(OrganizationId),
        })
    }
}
