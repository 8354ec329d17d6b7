//! Operation `sign_off_validation`.

use accunode_application::validation::SignOffReport;
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::ValidationDto;
use crate::http::{
    body::{Body, RequestBody},
    call::Authenticated,
    etag,
    problem::Answer,
};

/// The assessment of a report by the user who signs it off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValidationSignOff {
    /// 1 (no deficiencies) to 4 (severe ones).
    #[schema(minimum = 1, maximum = 4, example = 2)]
    assessment: u8,
    #[schema(
        example = "PDs are low in grade 4; recalibrate in Q3",
        max_length = 2000
    )]
    comment: String,
}

impl RequestBody for ValidationSignOff {}

/// Sign off a back-test of another user
///
/// By an administrator of its owner, never by the user who requested it, whatever their role. Once.
#[utoipa::path(
    post,
    path = super::SIGN_OFF,
    tag = "Validations",
    operation_id = "sign_off_validation",
    params(("id" = uuid::Uuid, Path, description = "The back-test")),
    request_body = ValidationSignOff,
    responses(
        (status = 200, description = "As it is now", body = ValidationDto),
        (status = 403, description = "`four_eyes`, `role_forbidden`, `key_forbidden`"),
        (status = 409, description = "`not_finished`, `signed_off`"),
    )
)]
pub(crate) async fn sign_off(call: Authenticated, body: Body<ValidationSignOff>) -> Answer {
    call.no_params()?;
    let id = call.id("validation")?;
    let ValidationSignOff {
        assessment,
        comment,
    } = body.read().await?.value;
    let command = SignOffReport {
        assessment,
        comment,
    };
    let validations = &call.application.validations;
    let signed = validations
        .sign_off(&call.confirmed()?, id, &command)
        .await?;
    etag::changed(signed.row_version, &ValidationDto::from(signed))
}
