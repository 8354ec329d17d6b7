//! `POST /auth/verify-email`, `POST /auth/verify-email/resend`

use actix_web::HttpResponse;

use super::dto::{MailRequest, MailToken};
use crate::{body::Body, call::Guest, problem::Answer};

/// Confirm an e-mail address by the token of a mail
#[utoipa::path(
    post,
    path = "/api/v1/auth/verify-email",
    tag = "Auth",
    operation_id = "verify_email",
    security(()),
    request_body = MailToken,
    responses(
        (status = 204, description = "Confirmed"),
        (status = 410, description = "`token_expired`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn verify_email(guest: Guest, body: Body<MailToken>) -> Answer {
    let MailToken { token } = body.read().await?.value;
    let accounts = &guest.application.accounts;
    accounts.verify_email(&token, &guest.context).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Have the mail sent once more
///
/// The same answer whether there is such an account or not; at most one mail a minute.
#[utoipa::path(
    post,
    path = "/api/v1/auth/verify-email/resend",
    tag = "Auth",
    operation_id = "resend_verification_email",
    security(()),
    request_body = MailRequest,
    responses((status = 202, description = "Sent, where there is something to confirm"))
)]
pub(crate) async fn resend(guest: Guest, body: Body<MailRequest>) -> Answer {
    let MailRequest { email } = body.read().await?.value;
    let accounts = &guest.application.accounts;
    accounts.resend_verification(&email, &guest.context);
    Ok(HttpResponse::Accepted().finish())
}
