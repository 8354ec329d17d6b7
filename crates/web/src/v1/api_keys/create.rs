//! `POST /api-keys`

use actix_web::HttpResponse;

use super::dto::{NewApiKey, RevealedApiKeyDto};
use crate::{body::Body, call::Call, once, problem::Answer};

/// Make a key of your own; its secret is shown this once
#[utoipa::path(
    post,
    path = "/api/v1/api-keys",
    tag = "API keys",
    operation_id = "create_api_key",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again; the secret is not shown twice")),
    request_body = NewApiKey,
    responses(
        (status = 201, description = "The key with its secret", body = RevealedApiKeyDto),
        (status = 401, description = "`step_up_required`, or no access token, or one that is unknown, too old or ended", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 403, description = "`scope_exceeds_role`, `outside_scope`, `key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`too_many_keys`, `secret_already_shown`, `idempotency_in_flight`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(call: Call, body: Body<NewApiKey>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let request = once::requested(&call.request, &body.raw)?;
    let keys = &call.application.api_keys;
    let made = keys
        .create(&call.confirmed()?, &body.value.into(), request)
        .await?;
    Ok(HttpResponse::Created().json(RevealedApiKeyDto::from(made)))
}
