//! `POST /auth/step-up`

use actix_web::HttpResponse;

use super::dto::StepUp;
use crate::{body::Body, call::Call, problem::Answer};

/// Prove oneself once more, for what is sensitive
///
/// Changing a role, a key or the second factor needs a proof that is at most 15 minutes
/// old (401 `step_up_required`); signing in is one, too.
#[utoipa::path(
    post,
    path = "/api/v1/auth/step-up",
    tag = "Identity",
    operation_id = "step_up",
    request_body = StepUp,
    responses(
        (status = 204, description = "Proved, for the next 15 minutes of this session"),
        (status = 401, description = "`wrong_password`, `invalid_code`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn step_up(call: Call, body: Body<StepUp>) -> Answer {
    call.no_params()?;
    let StepUp { password, code } = body.read().await?.value;
    let accounts = &call.application.accounts;
    accounts
        .step_up(&call.caller, &password, code.as_deref())
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
