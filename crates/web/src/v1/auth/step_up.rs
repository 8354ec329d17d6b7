//! Operation `step_up`.

use super::{
    dto::{BrowserSessionDto, StepUp, TokensDto},
    session,
};
use crate::http::{body::Body, call::Authenticated, problem::Answer};

/// Prove the identity again, for sensitive operations
///
/// Changing a role, a key or the second factor needs a proof that is at most 15 minutes
/// old (401 `step_up_required`); signing in is one, too. The answer is a new pair of
/// tokens; those of the request are dead.
#[utoipa::path(
    post,
    path = super::STEP_UP,
    tag = "Auth",
    operation_id = "step_up",
    request_body = StepUp,
    responses(
        (status = 200, description = "Proved, for the next 15 minutes, to anyone who holds these tokens", body = TokensDto),
        (status = 201, description = "The session of a browser, whose tokens are in its cookies", body = BrowserSessionDto),
        (status = 401, description = "`wrong_password`, `invalid_code`"),
    )
)]
pub(crate) async fn step_up(call: Authenticated, body: Body<StepUp>) -> Answer {
    call.no_params()?;
    session::check(&call.request)?;
    let StepUp { password, code } = body.read().await?.value;
    let auth = &call.application.auth;
    let signed_in = auth
        .step_up(&call.caller, &password, code.as_deref())
        .await?;
    session::answer(&call.request, signed_in)
}
