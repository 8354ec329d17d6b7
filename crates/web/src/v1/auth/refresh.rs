//! Operation `refresh_tokens`.

use super::{
    dto::{BrowserSessionDto, Refresh, TokensDto},
    session,
};
use crate::http::{body::Body, call::Anonymous, problem::Answer};

/// Exchange a refresh token for a new pair
///
/// A token that is used twice ends its session. For two tabs that refresh at the same time, and for
/// a client that lost an answer, there is a grace period: within 10 seconds after its use the last
/// token is answered with the same pair again, as long as that pair has not been refreshed itself.
///
/// A browser sends no body: its token comes with the cookie.
#[utoipa::path(
    post,
    path = super::REFRESH,
    tag = "Auth",
    operation_id = "refresh_tokens",
    request_body = Refresh,
    responses(
        (status = 200, description = "The session's new tokens", body = TokensDto),
        (status = 201, description = "The session of a browser, whose tokens are in its cookies", body = BrowserSessionDto),
        (status = 401, description = "`token_reused`, `token_expired`"),
    )
)]
pub(crate) async fn refresh(anonymous: Anonymous, body: Body<Refresh>) -> Answer {
    let request = &anonymous.request;
    let token = match session::refresh_token(request)? {
        Some(token) => token.to_owned(),
        None => body.read().await?.value.refresh_token,
    };
    let auth = &anonymous.application.auth;
    let signed_in = auth.refresh(&token, &anonymous.context).await?;
    session::answer(request, signed_in)
}
