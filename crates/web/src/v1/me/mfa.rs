//! `GET /me/mfa`, `POST`, `DELETE /me/mfa/totp`, `POST /me/mfa/totp/confirm`

use accunode_application::accounts::{Enrolled, NewFactor};
use accunode_ports::repositories::StoredFactor;
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

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

/// Where a second factor stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SecondFactorStatus)]
pub(crate) enum FactorStatus {
    /// There is none.
    None,
    /// Its first code has yet to be shown.
    Unconfirmed,
    /// An administrator has yet to approve it; until then it counts for nothing.
    PendingApproval,
    /// It is asked for.
    Active,
}

/// Where one's second factor stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecondFactorState)]
pub(crate) struct FactorStateDto {
    status: FactorStatus,
    /// Which enrolment it is: what an administrator who approves it is told by its person.
    enrolment_id: Option<Uuid>,
}

impl From<Option<StoredFactor>> for FactorStateDto {
    fn from(stored: Option<StoredFactor>) -> Self {
        let status = match &stored {
            None => FactorStatus::None,
            Some(factor) if factor.is_confirmed => FactorStatus::Active,
            Some(factor) if factor.waits_since.is_some() => FactorStatus::PendingApproval,
            Some(_) => FactorStatus::Unconfirmed,
        };
        Self {
            status,
            enrolment_id: stored.map(|factor| factor.enrolment.0),
        }
    }
}

/// Where one's second factor stands
#[utoipa::path(
    get,
    path = "/api/v1/me/mfa",
    tag = "Account",
    operation_id = "get_second_factor",
    responses(
        (status = 200, description = "Where it stands", body = FactorStateDto),
        (status = 403, description = "`key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn state(call: Call) -> Answer {
    call.no_params()?;
    let stored = call.application.accounts.own_factor(&call.caller).await?;
    Ok(HttpResponse::Ok().json(FactorStateDto::from(stored)))
}

/// Make a second factor, which is asked for once it is confirmed
///
/// Made again before that, it takes the place of the one before.
#[utoipa::path(
    post,
    path = "/api/v1/me/mfa/totp",
    tag = "Account",
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
    let made = call
        .application
        .accounts
        .enrol_factor(&call.confirmed()?)
        .await?;
    Ok(HttpResponse::Created().json(NewFactorDto::from(made)))
}

/// Confirm it by its first code; sessions started without it end
#[utoipa::path(
    post,
    path = "/api/v1/me/mfa/totp/confirm",
    tag = "Account",
    operation_id = "confirm_second_factor",
    request_body = FactorConfirmation,
    responses(
        (status = 202, description = "The organization demands approval: it counts once an administrator has approved this enrolment. Tell them its id", body = FactorStateDto),
        (status = 204, description = "It is asked for from now on"),
        (status = 401, description = "`step_up_required`, or no access token, or one that is unknown, too old or ended", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 403, description = "`key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`not_enrolled`, `already_enrolled`, `approval_pending`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_code`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn confirm(call: Call, body: Body<FactorConfirmation>) -> Answer {
    call.no_params()?;
    let FactorConfirmation { code } = body.read().await?.value;
    let accounts = &call.application.accounts;
    let confirmed = accounts.confirm_factor(&call.confirmed()?, &code).await?;
    Ok(match confirmed {
        Enrolled::Active => HttpResponse::NoContent().finish(),
        Enrolled::Waits(enrolment) => HttpResponse::Accepted().json(FactorStateDto {
            status: FactorStatus::PendingApproval,
            enrolment_id: Some(enrolment.0),
        }),
    })
}

/// Take one's second factor away; other sessions end
#[utoipa::path(
    delete,
    path = "/api/v1/me/mfa/totp",
    tag = "Account",
    operation_id = "remove_second_factor",
    responses(
        (status = 204, description = "The password alone is asked for"),
        (status = 401, description = "`step_up_required`, or no access token, or one that is unknown, too old or ended", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 403, description = "`key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`not_enrolled`, `approval_pending`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(call: Call) -> Answer {
    call.no_params()?;
    let accounts = &call.application.accounts;
    accounts.remove_factor(&call.confirmed()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
