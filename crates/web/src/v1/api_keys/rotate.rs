//! `POST /api-keys/{id}/rotate`

use actix_web::HttpResponse;

use super::dto::{RevealedApiKeyDto, Rotation};
use crate::{body::Body, call::Call, once, problem::Answer};

/// Give a key of your own another secret; the present one stays good for a while
#[utoipa::path(
    post,
    path = "/api/v1/api-keys/{id}/rotate",
    tag = "API keys",
    operation_id = "rotate_api_key",
    params(
        ("id" = uuid::Uuid, Path, description = "The key"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again; the secret is not shown twice"),
    ),
    request_body = Rotation,
    responses(
        (status = 200, description = "The key with its next secret", body = RevealedApiKeyDto),
        (status = 401, description = "`step_up_required`, or no access token, or one that is unknown, too old or ended", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 403, description = "`not_writable`, `scope_exceeds_role`, `outside_scope`, `key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`key_expired`, `secret_already_shown`, `idempotency_in_flight`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn rotate(call: Call, body: Body<Rotation>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let request = once::requested(&call.request, &body.raw)?;
    let keys = &call.application.api_keys;
    let overlap = body.value.overlap_seconds;
    let made = keys
        .rotate(&call.confirmed()?, call.id("API key")?, overlap, request)
        .await?;
    Ok(HttpResponse::Ok().json(RevealedApiKeyDto::from(made)))
}
