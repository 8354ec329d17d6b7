//! Operation `verify_second_factor`.

use super::{
    dto::{BrowserSessionDto, ShownFactor, TokensDto},
    session,
};
use crate::http::{body::Body, call::Anonymous, problem::Answer};

/// Send the second factor after `/auth/login` returned a `mfa_token`
///
/// A code of the device, or one of the recovery codes; each is valid once.
#[utoipa::path(
    post,
    path = super::SECOND_FACTOR,
    tag = "Auth",
    operation_id = "verify_second_factor",
    request_body = ShownFactor,
    responses(
        (status = 200, description = "A session's tokens", body = TokensDto),
        (status = 201, description = "The session of a browser, whose tokens are in its cookies", body = BrowserSessionDto),
        (status = 401, description = "`invalid_code`, `token_expired`"),
        (status = 429, description = "`locked_out` after too many failures, `rate_limited`; `Retry-After` tells when to come back"),
    )
)]
pub(crate) async fn mfa(anonymous: Anonymous, body: Body<ShownFactor>) -> Answer {
    session::check(&anonymous.request)?;
    let ShownFactor { mfa_token, code } = body.read().await?.value;
    let auth = &anonymous.application.auth;
    let signed_in = auth
        .verify_second_factor(&mfa_token, &code, &anonymous.context)
        .await?;
    session::answer(&anonymous.request, signed_in)
}
