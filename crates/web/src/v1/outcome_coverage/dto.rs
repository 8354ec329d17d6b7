//! DTOs of coverage.

use accunode_domain::{
    outcome::{Coverage, Definition},
    owner::{AccessLevel, Owner},
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::enums::{AccessLevelName, DefinitionName};

/// The days for which an owner says that the outcomes are complete: within them silence means
/// that nothing happened, outside of them it proves nothing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutcomeCoverage)]
pub(crate) struct CoverageDto {
    #[schema(value_type = DefinitionName)]
    definition: Definition,
    /// The first day; null if none has been stated yet.
    #[schema(value_type = Option<String>, format = Date, example = "2018-01-01")]
    complete_from: Option<String>,
    /// The last day; null if none has been stated yet.
    #[schema(value_type = Option<String>, format = Date, example = "2025-12-31")]
    complete_through: Option<String>,
    note: Option<String>,
    #[schema(value_type = AccessLevelName)]
    access_level: AccessLevel,
    organization_id: Option<Uuid>,
    #[serde(with = "time::serde::rfc3339::option")]
    updated_at: Option<OffsetDateTime>,
}

impl CoverageDto {
    /// The coverage that an owner stated for a definition, if any.
    pub(super) fn of(definition: Definition, owner: Owner, coverage: Option<Coverage>) -> Self {
        let updated_at = coverage.as_ref().map(|coverage| coverage.updated_at);
        let days = coverage.map(|coverage| coverage.days);
        let text = |day: time::Date| day.to_string();
        Self {
            definition,
            complete_from: days.as_ref().map(|days| text(days.complete_from)),
            complete_through: days.as_ref().map(|days| text(days.complete_through)),
            note: days.and_then(|days| days.note),
            access_level: owner.level(),
            organization_id: owner.organization().map(|id| id.0),
            updated_at,
        }
    }
}
