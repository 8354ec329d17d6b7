//! Operation `retire_default_definition`.

use super::dto::DefinitionDto;
use crate::http::{call::Authenticated, etag, problem::Answer};

/// Retire a definition of default
///
/// No new outcome can name it. What was recorded under it stays, and can be validated further. A
/// definition that is retired already is returned as it is.
#[utoipa::path(
    post,
    path = super::RETIRE,
    tag = "Outcomes",
    operation_id = "retire_default_definition",
    params(("id" = uuid::Uuid, Path, description = "The definition")),
    responses(
        (status = 200, description = "As it is now", body = DefinitionDto),
        (status = 403, description = "`role_forbidden`, `key_forbidden`"),
        (status = 409, description = "`conflict`"),
    )
)]
pub(crate) async fn retire(call: Authenticated) -> Answer {
    call.no_params()?;
    let id = call.id("default definition")?;
    let definitions = &call.application.default_definitions;
    let retired = definitions.retire(&call.caller, id).await?;
    etag::changed(retired.row_version, &DefinitionDto::from(retired))
}
