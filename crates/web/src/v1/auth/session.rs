//! Delivery of a session: as tokens to a program, in cookies to a browser.

use accunode_application::{Error, ErrorCode, auth::SignedIn};
use actix_web::{HttpRequest, HttpResponse};

use super::dto::{BrowserSessionDto, TokensDto};
use crate::http::{
    browser,
    call::state,
    problem::{Answer, Problem},
};

/// Checks that a requesting page, if there is one, belongs to the service, before anything is done
/// for it.
///
/// # Errors
/// 403 `cross_site_request`; 422 for an unknown value of `X-AccuNode-Client`.
pub(crate) fn check(request: &HttpRequest) -> Result<(), Problem> {
    browser::asks(request, state(request)?).map(|_| ())
}

/// Returns the session's tokens: in the body, or in cookies for a browser.
pub(crate) fn answer(request: &HttpRequest, signed_in: SignedIn) -> Answer {
    let state = state(request)?;
    if !browser::asks(request, state)? {
        return Ok(HttpResponse::Ok().json(TokensDto::from(signed_in)));
    }
    let mut cookies = HttpResponse::Created();
    browser::keep(&mut cookies, state, &signed_in);
    Ok(cookies.json(BrowserSessionDto::from(signed_in)))
}

/// Returns the refresh token from a browser's cookie; `None` for a program.
///
/// # Errors
/// As for [`check`]; 401 `token_expired` for a browser without a session.
pub(crate) fn refresh_token(request: &HttpRequest) -> Result<Option<&str>, Problem> {
    let state = state(request)?;
    if !browser::asks(request, state)? {
        return Ok(None);
    }
    let token = browser::refresh_token(request, state).ok_or_else(|| Error::Unauthenticated {
        code: ErrorCode::TokenExpired,
        detail: "sign in again: this browser has no session".to_owned(),
    })?;
    Ok(Some(token))
}

/// Removes the cookies of an ended session.
pub(crate) fn forget(response: &mut HttpResponse, request: &HttpRequest) -> Result<(), Problem> {
    browser::forget(response, request, state(request)?);
    Ok(())
}
