//! Operations `verify_email`, `resend_verification_email`.

use actix_web::HttpResponse;

use super::dto::{MailRequest, MailToken};
use crate::http::{
    body::Body,
    call::Anonymous,
    problem::{Answer, no_content},
};

/// Confirm an e-mail address by the token of a mail
#[utoipa::path(
    post,
    path = super::VERIFY_EMAIL,
    tag = "Auth",
    operation_id = "verify_email",
    request_body = MailToken,
    responses(
        (status = 204, description = "Confirmed"),
        (status = 410, description = "`token_expired`"),
    )
)]
pub(crate) async fn verify_email(anonymous: Anonymous, body: Body<MailToken>) -> Answer {
    let MailToken { token } = body.read().await?.value;
    let auth = &anonymous.application.auth;
    auth.verify_email(&token, &anonymous.context).await?;
    no_content()
}

/// Have the mail sent once more
///
/// The same answer whether there is such an account or not; at most one mail a minute.
#[utoipa::path(
    post,
    path = super::RESEND,
    tag = "Auth",
    operation_id = "resend_verification_email",
    request_body = MailRequest,
    responses((status = 202, description = "Sent, where there is something to confirm"))
)]
pub(crate) async fn resend(anonymous: Anonymous, body: Body<MailRequest>) -> Answer {
    let MailRequest { email } = body.read().await?.value;
    let auth = &anonymous.application.auth;
    auth.resend_verification(&email, &anonymous.context);
    Ok(HttpResponse::Accepted().finish())
}
