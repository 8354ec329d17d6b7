//! DTOs of definitions of default.

use accunode_domain::{
    default_definition::{DefaultDefinition, Definition, DefinitionBasis},
    owner::AccessLevel,
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::enums::{AccessLevelName, DefinitionBasisName, DefinitionName};

/// What a default is, by name and version. A version never changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DefaultDefinition)]
pub(crate) struct DefinitionDto {
    pub(super) id: Uuid,
    /// As outcomes name it.
    #[schema(value_type = DefinitionName)]
    definition: Definition,
    /// Its name.
    #[schema(example = "Default as in Article 178 of the CRR")]
    name: String,
    #[schema(value_type = DefinitionBasisName)]
    basis: DefinitionBasis,
    /// After how many days past due it is a default.
    days_past_due: Option<u16>,
    /// When an amount counts as past due.
    #[schema(example = "1 % and EUR 500")]
    materiality: Option<String>,
    /// How many days pass before a cure.
    probation_days: Option<u16>,
    /// The same after a distressed restructuring.
    forbearance_probation_days: Option<u16>,
    /// Where it stands.
    source: Option<String>,
    /// Since when no new outcome can name it; null if outcomes can.
    #[serde(with = "time::serde::rfc3339::option")]
    retired_at: Option<OffsetDateTime>,
    #[schema(value_type = AccessLevelName)]
    access_level: AccessLevel,
    organization_id: Option<Uuid>,
    /// The user who created it; null for a shipped one.
    created_by: Option<Uuid>,
    /// When it was made; null for a shipped one.
    #[serde(with = "time::serde::rfc3339::option")]
    created_at: Option<OffsetDateTime>,
}

impl DefinitionDto {
    /// The columns of an export.
    pub(super) const COLUMNS: &'static [&'static str] = &[
        "id",
        "definition",
        "name",
        "basis",
        "days_past_due",
        "materiality",
        "probation_days",
        "forbearance_probation_days",
        "source",
        "retired_at",
        "access_level",
        "organization_id",
        "created_by",
        "created_at",
    ];
}

impl From<DefaultDefinition> for DefinitionDto {
    fn from(found: DefaultDefinition) -> Self {
        let terms = found.terms;
        Self {
            id: found.id.0,
            definition: found.definition,
            name: terms.name,
            basis: terms.basis,
            days_past_due: terms.days_past_due,
            materiality: terms.materiality,
            probation_days: terms.probation_days,
            forbearance_probation_days: terms.forbearance_probation_days,
            source: terms.source,
            retired_at: found.retired_at,
            access_level: found.owner.level(),
            organization_id: found.owner.organization().map(|id| id.0),
            created_by: found.made.map(|(by, _)| by.0),
            created_at: found.made.map(|(_, at)| at),
        }
    }
}
