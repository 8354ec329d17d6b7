//! `POST /auth/refresh`

use actix_web::HttpResponse;

use super::dto::{Refresh, TokensDto};
use crate::{body::Body, call::Guest, problem::Answer};

/// Exchange a refresh token for a new pair
///
/// A token that is used twice ends its session.
#[utoipa::path(
    post,
    path = "/api/v1/auth/refresh",
    tag = "Auth",
    operation_id = "refresh_tokens",
    security(()),
    request_body = Refresh,
    responses(
        (status = 200, description = "The session's new tokens", body = TokensDto),
        (status = 401, description = "`token_reused`, `token_expired`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn refresh(guest: Guest, body: Body<Refresh>) -> Answer {
    let token = body.read().await?.value.refresh_token;
    let accounts = &guest.application.accounts;
    let signed_in = accounts.refresh(&token, &guest.context).await?;
    Ok(HttpResponse::Ok().json(TokensDto::from(signed_in)))
}
