//! DTOs of outcomes.

use accunode_domain::{
    outcome::{Definition, Outcome},
    owner::AccessLevel,
    validation::Event,
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::enums::{AccessLevelName, DefinitionName, EventName};

/// Something that happened to a company. It is never changed, only withdrawn.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompanyOutcome)]
pub(crate) struct OutcomeDto {
    pub(super) id: Uuid,
    company_id: Uuid,
    /// Symbol, name and sector are those of when it was recorded.
    #[schema(example = "ACME")]
    company_symbol: String,
    #[schema(example = "Acme Corporation")]
    company_name: String,
    #[schema(example = "Industrials")]
    company_sector: String,
    #[schema(value_type = DefinitionName)]
    definition: Definition,
    #[schema(value_type = EventName)]
    event: Event,
    #[schema(format = Date, example = "2025-03-01")]
    occurred_on: String,
    technical: bool,
    reason_code: Option<String>,
    external_id: Option<String>,
    note: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    recorded_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    withdrawn_at: Option<OffsetDateTime>,
    withdrawn_by: Option<Uuid>,
    withdrawn_reason: Option<String>,
    #[schema(value_type = AccessLevelName)]
    access_level: AccessLevel,
    organization_id: Option<Uuid>,
    created_by: Uuid,
}

impl OutcomeDto {
    /// The columns of an export.
    pub(super) const COLUMNS: &'static [&'static str] = &[
        "id",
        "company_id",
        "company_symbol",
        "company_name",
        "company_sector",
        "definition",
        "event",
        "occurred_on",
        "technical",
        "reason_code",
        "external_id",
        "note",
        "recorded_at",
        "withdrawn_at",
        "withdrawn_by",
        "withdrawn_reason",
        "access_level",
        "organization_id",
        "created_by",
    ];
}

impl From<Outcome> for OutcomeDto {
    fn from(outcome: Outcome) -> Self {
        let (company, facts) = (outcome.company, outcome.facts);
        let withdrawn = outcome.withdrawn;
        Self {
            id: outcome.id.0,
            company_id: company.id.0,
            company_symbol: company.symbol.as_str().to_owned(),
            company_name: company.name,
            company_sector: company.sector,
            definition: facts.definition,
            event: facts.event,
            occurred_on: facts.occurred_on.to_string(),
            technical: facts.technical,
            reason_code: facts.reason_code,
            external_id: facts.external_id,
            note: facts.note,
            recorded_at: outcome.recorded_at,
            withdrawn_at: withdrawn.as_ref().map(|withdrawn| withdrawn.at),
            withdrawn_by: withdrawn.as_ref().map(|withdrawn| withdrawn.by.0),
            withdrawn_reason: withdrawn.map(|withdrawn| withdrawn.reason),
            access_level: outcome.owner.level(),
            organization_id: outcome.owner.organization().map(|id| id.0),
            created_by: outcome.created_by.0,
        }
    }
}
