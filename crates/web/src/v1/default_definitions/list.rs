//! Operation `list_default_definitions`.

use accunode_domain::outcome::Definition;
use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{call::Authenticated, enums::DefinitionName, list::ListDto, problem::Answer};

/// What a default is, by name and version. A version never changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DefaultDefinition)]
pub(crate) struct DefinitionDto {
    /// As outcomes name it.
    #[schema(value_type = DefinitionName)]
    definition: Definition,
    /// Its name.
    #[schema(example = "Default as in Article 178 of the CRR")]
    name: &'static str,
    /// What it is based on.
    #[schema(example = "crr_178")]
    basis: &'static str,
    /// After how many days past due it is a default.
    days_past_due: Option<u16>,
    /// How many days pass before a cure.
    probation_days: Option<u16>,
    /// The same after a distressed restructuring.
    forbearance_probation_days: Option<u16>,
    /// Where it stands.
    source: &'static str,
}

impl From<Definition> for DefinitionDto {
    fn from(definition: Definition) -> Self {
        let terms = definition.terms();
        Self {
            definition,
            name: terms.name,
            basis: terms.basis,
            days_past_due: terms.days_past_due,
            probation_days: terms.probation_days,
            forbearance_probation_days: terms.forbearance_probation_days,
            source: terms.source,
        }
    }
}

/// What a default can be
#[utoipa::path(
    get,
    path = super::ALL,
    tag = "Outcomes",
    operation_id = "list_default_definitions",
    responses((status = 200, description = "All of them", body = ListDto<DefinitionDto>))
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    call.no_params()?;
    let all = Definition::ALL.map(DefinitionDto::from);
    Ok(HttpResponse::Ok().json(ListDto::whole(all)))
}
