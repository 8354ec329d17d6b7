//! Operation `get_default_definition`.

use super::dto::DefinitionDto;
use crate::http::{call::Authenticated, etag, problem::Answer};

/// One definition of default
#[utoipa::path(
    get,
    path = super::ONE,
    tag = "Outcomes",
    operation_id = "get_default_definition",
    params(("id" = uuid::Uuid, Path, description = "The definition")),
    responses((status = 200, description = "The definition", body = DefinitionDto))
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
    call.no_params()?;
    let id = call.id("default definition")?;
    let definitions = &call.application.default_definitions;
    let found = definitions.get(&call.caller, id).await?;
    etag::object(
        &call.request,
        found.row_version,
        &DefinitionDto::from(found),
    )
}
