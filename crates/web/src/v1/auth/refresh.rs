//! Operation `refresh_tokens`.

use actix_web::HttpResponse;

use super::dto::{Refresh, TokensDto};
use crate::http::{body::Body, call::Anonymous, problem::Answer};

/// Exchange a refresh token for a new pair
///
/// A token that is used twice ends its session. Two tabs that refresh at the same time, and a
/// client whose answer is lost, are spared: within 10 seconds after its use the last token is
/// answered with the same pair again, as long as that pair was not refreshed itself.
#[utoipa::path(
    post,
    path = super::REFRESH,
    tag = "Auth",
    operation_id = "refresh_tokens",
    request_body = Refresh,
    responses(
        (status = 200, description = "The session's new tokens", body = TokensDto),
        (status = 401, description = "`token_reused`, `token_expired`"),
    )
)]
pub(crate) async fn refresh(anonymous: Anonymous, body: Body<Refresh>) -> Answer {
    let token = body.read().await?.value.refresh_token;
    let accounts = &anonymous.application.accounts;
    let signed_in = accounts.refresh(&token, &anonymous.context).await?;
    Ok(HttpResponse::Ok().json(TokensDto::from(signed_in)))
}
