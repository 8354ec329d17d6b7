//! `DELETE /api-keys/{id}`

use actix_web::HttpResponse;

use crate::{call::Call, problem::Answer};

/// End a key: your own, or that of somebody whom you administer
#[utoipa::path(
    delete,
    path = "/api/v1/api-keys/{id}",
    tag = "API keys",
    operation_id = "revoke_api_key",
    params(("id" = uuid::Uuid, Path, description = "The key")),
    responses(
        (status = 204, description = "Its next request is refused"),
        (status = 403, description = "`rank_too_low`, `key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn revoke(call: Call) -> Answer {
    call.no_params()?;
    let keys = &call.application.api_keys;
    keys.revoke(&call.confirmed()?, call.id("API key")?).await?;
    Ok(HttpResponse::NoContent().finish())
}
