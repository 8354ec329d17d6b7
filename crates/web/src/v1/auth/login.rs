//! Operation `login`.

use accunode_application::auth::LoggedIn;
use actix_web::HttpResponse;

use super::{
    dto::{BrowserSessionDto, Login, LoginDto},
    session,
};
use crate::http::{body::Body, call::Anonymous, problem::Answer};

/// Sign in
#[utoipa::path(
    post,
    path = super::LOGIN,
    tag = "Auth",
    operation_id = "login",
    request_body = Login,
    responses(
        (status = 200, description = "A session's tokens, or what to show the second factor with", body = LoginDto),
        (status = 201, description = "The session of a browser, whose tokens are in its cookies", body = BrowserSessionDto),
        (status = 401, description = "`invalid_credentials`"),
        (status = 429, description = "`locked_out` after too many failures, `rate_limited`; `Retry-After` tells when to come back"),
        (status = 403, description = "`email_unverified`"),
    )
)]
pub(crate) async fn login(anonymous: Anonymous, body: Body<Login>) -> Answer {
    session::check(&anonymous.request)?;
    let Login { email, password } = body.read().await?.value;
    let auth = &anonymous.application.auth;
    let logged_in = auth.login(&email, &password, &anonymous.context).await?;
    match logged_in {
        LoggedIn::Session(signed_in) => session::answer(&anonymous.request, *signed_in),
        LoggedIn::SecondFactor(token) => {
            let asked = LoginDto::SecondFactor(token.into());
            Ok(HttpResponse::Ok().json(asked))
        }
    }
}
