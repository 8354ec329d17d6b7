//! Operation `create_api_key`.

use actix_web::HttpResponse;

use super::dto::{NewApiKey, RevealedApiKeyDto};
use crate::http::{body::Body, call::Authenticated, idempotency, problem::Answer};

/// Make a key of your own; its secret is shown this once
#[utoipa::path(
    post,
    path = super::ALL,
    tag = "API keys",
    operation_id = "create_api_key",
    request_body = NewApiKey,
    responses(
        (status = 201, description = "The key with its secret", body = RevealedApiKeyDto),
        (status = 403, description = "`scope_exceeds_role`, `outside_scope`, `key_forbidden`"),
        (status = 409, description = "`too_many_keys`, `secret_already_shown`, `idempotency_in_flight`"),
    )
)]
pub(crate) async fn create(call: Authenticated, body: Body<NewApiKey>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let request = idempotency::requested(&call.request, &body.raw)?;
    let keys = &call.application.api_keys;
    let made = keys
        .create(&call.confirmed()?, &body.value.into(), request)
        .await?;
    Ok(HttpResponse::Created().json(RevealedApiKeyDto::from(made)))
}
