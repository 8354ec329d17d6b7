//! Operation `register_account`.

use actix_web::HttpResponse;

use super::dto::{AccountDto, NewAccount};
use crate::http::{body::Body, call::Anonymous, problem::Answer};

/// Make an account
#[utoipa::path(
    post,
    path = super::REGISTER,
    tag = "Auth",
    operation_id = "register_account",
    request_body = NewAccount,
    responses(
        (status = 201, description = "The account, with the role `user`", body = AccountDto),
        (status = 403, description = "`registration_closed`"),
        (status = 409, description = "`email_taken`"),
    )
)]
pub(crate) async fn register(anonymous: Anonymous, body: Body<NewAccount>) -> Answer {
    let form = body.read().await?.value.into();
    let auth = &anonymous.application.auth;
    let user = auth.register(&form, &anonymous.context).await?;
    Ok(HttpResponse::Created().json(AccountDto::from(user)))
}
