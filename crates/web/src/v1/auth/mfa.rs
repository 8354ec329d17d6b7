//! `POST /auth/mfa`

use actix_web::HttpResponse;

use super::dto::{ShownFactor, TokensDto};
use crate::{body::Body, call::Guest, problem::Answer};

/// Show the second factor where `/auth/login` answered a `mfa_token`
///
/// A code of the device, or one of the recovery codes; each is good once.
#[utoipa::path(
    post,
    path = "/api/v1/auth/mfa",
    tag = "Auth",
    operation_id = "verify_second_factor",
    security(()),
    request_body = ShownFactor,
    responses(
        (status = 200, description = "A session's tokens", body = TokensDto),
        (status = 401, description = "`invalid_code`, `token_expired`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 429, description = "`locked_out` after too many failures, `rate_limited`; `Retry-After` tells when to come back", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn mfa(guest: Guest, body: Body<ShownFactor>) -> Answer {
    let ShownFactor { mfa_token, code } = body.read().await?.value;
    let accounts = &guest.application.accounts;
    let signed_in = accounts
        .show_factor(&mfa_token, &code, &guest.context)
        .await?;
    Ok(HttpResponse::Ok().json(TokensDto::from(signed_in)))
}
