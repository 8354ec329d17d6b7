//! Operations `get_second_factor`, `enrol_second_factor`, `confirm_second_factor`, `remove_second_factor`.

use crate::http::body::RequestBody;
use accunode_application::auth::{Enrolled, NewFactor};
use accunode_ports::repositories::StoredFactor;
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{
    body::Body,
    call::Authenticated,
    problem::{Answer, no_content},
};

/// A second factor. It is shown once.
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
    #[schema(example = "492039", max_length = 64)]
    code: String,
}

impl RequestBody for FactorConfirmation {}

impl std::fmt::Debug for FactorConfirmation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FactorConfirmation").finish_non_exhaustive()
    }
}

/// The state of a second factor.
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

/// The state of the caller's second factor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecondFactorState)]
pub(crate) struct FactorStateDto {
    status: FactorStatus,
    /// The id of the enrolment, which the user tells the administrator who approves it.
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

/// The state of the caller's second factor
#[utoipa::path(
    get,
    path = super::SECOND_FACTOR,
    tag = "Account",
    operation_id = "get_second_factor",
    responses(
        (status = 200, description = "Where it stands", body = FactorStateDto),
        (status = 403, description = "`key_forbidden`"),
    )
)]
pub(crate) async fn state(call: Authenticated) -> Answer {
    call.no_params()?;
    let stored = call.application.auth.own_factor(&call.caller).await?;
    Ok(HttpResponse::Ok().json(FactorStateDto::from(stored)))
}

/// Make a second factor, which is asked for once it is confirmed
///
/// Made again before that, it takes the place of the one before.
#[utoipa::path(
    post,
    path = super::TOTP,
    tag = "Account",
    operation_id = "enrol_second_factor",
    responses(
        (status = 201, description = "Secret and recovery codes, told once", body = NewFactorDto),
        (status = 403, description = "`key_forbidden`"),
        (status = 409, description = "`already_enrolled`"),
    )
)]
pub(crate) async fn enrol(call: Authenticated) -> Answer {
    call.no_params()?;
    let made = call
        .application
        .auth
        .enrol_factor(&call.confirmed()?)
        .await?;
    Ok(HttpResponse::Created().json(NewFactorDto::from(made)))
}

/// Confirm it by its first code; sessions started without it end
#[utoipa::path(
    post,
    path = super::CONFIRM_TOTP,
    tag = "Account",
    operation_id = "confirm_second_factor",
    request_body = FactorConfirmation,
    responses(
        (status = 202, description = "The organization demands approval: it counts once an administrator has approved this enrolment. Tell them its id", body = FactorStateDto),
        (status = 204, description = "It is asked for from now on"),
        (status = 403, description = "`key_forbidden`"),
        (status = 409, description = "`not_enrolled`, `already_enrolled`, `approval_pending`"),
        (status = 422, description = "`invalid_code`"),
    )
)]
pub(crate) async fn confirm(call: Authenticated, body: Body<FactorConfirmation>) -> Answer {
    call.no_params()?;
    let FactorConfirmation { code } = body.read().await?.value;
    let auth = &call.application.auth;
    let confirmed = auth.confirm_factor(&call.confirmed()?, &code).await?;
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
    path = super::TOTP,
    tag = "Account",
    operation_id = "remove_second_factor",
    responses(
        (status = 204, description = "The password alone is asked for"),
        (status = 403, description = "`key_forbidden`"),
        (status = 409, description = "`not_enrolled`, `approval_pending`"),
    )
)]
pub(crate) async fn remove(call: Authenticated) -> Answer {
    call.no_params()?;
    let auth = &call.application.auth;
    auth.remove_factor(&call.confirmed()?).await?;
    no_content()
}
