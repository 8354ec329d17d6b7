//! `POST /auth/login`

use actix_web::HttpResponse;

use super::dto::{Login, LoginDto};
use crate::{body::Body, call::Guest, problem::Answer};

/// Sign in
#[utoipa::path(
    post,
    path = "/api/v1/auth/login",
    tag = "Auth",
    operation_id = "login",
    security(()),
    request_body = Login,
    responses(
        (status = 200, description = "A session's tokens, or what to show the second factor with", body = LoginDto),
        (status = 401, description = "`invalid_credentials`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 429, description = "`locked_out` after too many failures, `rate_limited`; `Retry-After` tells when to come back", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 403, description = "`email_unverified`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn login(guest: Guest, body: Body<Login>) -> Answer {
    let Login { email, password } = body.read().await?.value;
    let accounts = &guest.application.accounts;
    let logged_in = accounts.login(&email, &password, &guest.context).await?;
    Ok(HttpResponse::Ok().json(LoginDto::from(logged_in)))
}
