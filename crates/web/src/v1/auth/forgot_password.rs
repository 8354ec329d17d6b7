//! Operation `request_password_reset`.

use actix_web::HttpResponse;

use super::dto::MailRequest;
use crate::http::{body::Body, call::Anonymous, problem::Answer};

/// Have a mail sent with which a new password can be chosen
///
/// The same answer whether there is such an account or not; at most one mail a minute.
#[utoipa::path(
    post,
    path = super::FORGOT_PASSWORD,
    tag = "Auth",
    operation_id = "request_password_reset",
    request_body = MailRequest,
    responses((status = 202, description = "Sent, where there is such an account"))
)]
pub(crate) async fn forgot_password(anonymous: Anonymous, body: Body<MailRequest>) -> Answer {
    let MailRequest { email } = body.read().await?.value;
    let auth = &anonymous.application.auth;
    auth.forgot_password(&email, &anonymous.context);
    Ok(HttpResponse::Accepted().finish())
}
