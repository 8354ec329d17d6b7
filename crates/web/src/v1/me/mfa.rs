//! `POST`, `DELETE /me/mfa/totp`, `POST /me/mfa/totp/confirm`

use accunode_application::accounts::NewFactor;
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{body::Body, call::Call, problem::Answer};

/// A second factor, told once.
#[derive(Serialize, ToSchema)]
#[schema(as = NewSecondFactor)]
pub(crate) struct NewFactorDto {
    /// To be typed into the device, in base32.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// To be shown to the device as a picture.
    #[schema(example = "otpauth://totp/AccuNode:ada%40example.com?secret=…&issuer=AccuNode")]
    otpauth_uri: String,
    /// For the day when the device is lost: each is good once.
    recovery_codes: Vec<String>,
}

impl std::fmt::Debug for NewFactorDto {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewFactorDto").finish_non_exhaustive()
    }
}

impl From<NewFactor> for NewFactorDto {
    fn from(made: NewFactor) -> Self {
        Self {
            secret: made.secret,
            otpauth_uri: made.uri,
            recovery_codes: made.recovery_codes,
        }
    }
}

/// What the device shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FactorConfirmation {
    #[schema(example = "492039")]
    code: String,
}

impl std::fmt::Debug for FactorConfirmation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FactorConfirmation").finish_non_exhaustive()
    }
}

/// Make a second factor, which is asked for once it is confirmed
///
/// Made again before that, it takes the place of the one before.
#[utoipa::path(
    post,
    path = "/api/v1/me/mfa/totp",
    tag = "Identity",
    operation_id = "enrol_second_factor",
    responses(
        (status = 201, description = "Secret and recovery codes, told once", body = NewFactorDto),
        (status = 401, description = "`step_up_required`, or no access token, or one that is unknown, too old or ended", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 403, description = "`key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`already_enrolled`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn enrol(call: Call) -> Answer {
    call.no_params()?;
    let made = call.application.accounts.enrol_factor(&call.caller).await?;
    Ok(HttpResponse::Created().json(NewFactorDto::from(made)))
}

/// Confirm it by its first code; sessions started without it end
#[utoipa::path(
    post,
    path = "/api/v1/me/mfa/totp/confirm",
    tag = "Identity",
    operation_id = "confirm_second_factor",
    request_body = FactorConfirmation,
    responses(
        (status = 204, description = "It is asked for from now on"),
        (status = 401, description = "`step_up_required`, or no access token, or one that is unknown, too old or ended", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 403, description = "`key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`not_enrolled`, `already_enrolled`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_code`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn confirm(call: Call, body: Body<FactorConfirmation>) -> Answer {
    call.no_params()?;
    let FactorConfirmation { code } = body.read().await?.value;
    let accounts = &call.application.accounts;
    accounts.confirm_factor(&call.caller, &code).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Take one's second factor away; other sessions end
#[utoipa::path(
    delete,
    path = "/api/v1/me/mfa/totp",
    tag = "Identity",
    operation_id = "remove_second_factor",
    responses(
        (status = 204, description = "The password alone is asked for"),
        (status = 401, description = "`step_up_required`, or no access token, or one that is unknown, too old or ended", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 403, description = "`key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`not_enrolled`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(call: Call) -> Answer {
    call.no_params()?;
    let accounts = &call.application.accounts;
    accounts.remove_factor(&call.caller).await?;
    Ok(HttpResponse::NoContent().finish())
}
