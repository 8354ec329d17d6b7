//! `POST /auth/register`

use actix_web::HttpResponse;

use super::dto::{NewAccount, UserDto};
use crate::{body::Body, call::Guest, problem::Answer};

/// Make an account
#[utoipa::path(
    post,
    path = "/api/v1/auth/register",
    tag = "Identity",
    operation_id = "register",
    security(()),
    request_body = NewAccount,
    responses(
        (status = 201, description = "The account, with the role `user`", body = UserDto),
        (status = 403, description = "`registration_closed`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`email_taken`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn register(guest: Guest, body: Body<NewAccount>) -> Answer {
    let form = body.read().await?.value.into();
    let accounts = &guest.application.accounts;
    let user = accounts.register(&form, &guest.context).await?;
    Ok(HttpResponse::Created().json(UserDto::from(user)))
}
