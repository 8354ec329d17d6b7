//! `POST /auth/password/forgot`

use actix_web::HttpResponse;

use super::dto::MailRequest;
use crate::{body::Body, call::Guest, problem::Answer};

/// Have a mail sent with which a new password can be chosen
///
/// The same answer whether there is such an account or not; at most one mail a minute.
#[utoipa::path(
    post,
    path = "/api/v1/auth/password/forgot",
    tag = "Auth",
    operation_id = "request_password_reset",
    security(()),
    request_body = MailRequest,
    responses((status = 202, description = "Sent, where there is such an account"))
)]
pub(crate) async fn forgot_password(guest: Guest, body: Body<MailRequest>) -> Answer {
    let MailRequest { email } = body.read().await?.value;
    let accounts = &guest.application.accounts;
    accounts.forgot_password(&email, &guest.context);
    Ok(HttpResponse::Accepted().finish())
}
