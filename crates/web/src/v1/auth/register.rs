//! `POST /auth/register`

use actix_web::HttpResponse;

use super::dto::{AccountDto, NewAccount};
use crate::{body::Body, call::Guest, problem::Answer};

/// Make an account
#[utoipa::path(
    post,
    path = "/api/v1/auth/register",
    tag = "Auth",
    operation_id = "register_account",
    security(()),
    request_body = NewAccount,
    responses(
        (status = 201, description = "The account, with the role `user`", body = AccountDto),
        (status = 403, description = "`registration_closed`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`email_taken`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn register(guest: Guest, body: Body<NewAccount>) -> Answer {
    let form = body.read().await?.value.into();
    let accounts = &guest.application.accounts;
    let user = accounts.register(&form, &guest.context).await?;
    Ok(HttpResponse::Created().json(AccountDto::from(user)))
}
