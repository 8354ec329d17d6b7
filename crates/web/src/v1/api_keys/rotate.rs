//! Operation `rotate_api_key`.

use actix_web::HttpResponse;

use super::dto::{RevealedApiKeyDto, Rotation};
use crate::http::{body::Body, call::Authenticated, idempotency, problem::Answer};

/// Give a key of your own another secret; the present one stays good for a while
#[utoipa::path(
    post,
    path = super::ROTATE,
    tag = "API keys",
    operation_id = "rotate_api_key",
    params(
        ("id" = uuid::Uuid, Path, description = "The key"),
    ),
    request_body = Rotation,
    responses(
        (status = 200, description = "The key with its next secret", body = RevealedApiKeyDto),
        (status = 403, description = "`not_writable`, `scope_exceeds_role`, `outside_scope`, `key_forbidden`"),
        (status = 409, description = "`key_expired`, `secret_already_shown`, `idempotency_in_flight`"),
    )
)]
pub(crate) async fn rotate(call: Authenticated, body: Body<Rotation>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let request = idempotency::requested(&call.request, &body.raw)?;
    let keys = &call.application.api_keys;
    let overlap = body.value.overlap_seconds;
    let made = keys
        .rotate(&call.confirmed()?, call.id("API key")?, overlap, request)
        .await?;
    Ok(HttpResponse::Ok().json(RevealedApiKeyDto::from(made)))
}
