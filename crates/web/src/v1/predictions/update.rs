//! Operation `update_prediction`.

use super::dto::{PredictionChanges, PredictionDto};
use crate::http::{
    body::Body,
    call::Authenticated,
    enums::KindName,
    etag::{self, Precondition},
    problem::Answer,
};

/// Correct a prediction's ratios and score it again, or share it more widely
#[utoipa::path(
    patch,
    path = super::ONE,
    tag = "Predictions",
    operation_id = "update_prediction",
    params(
        ("kind" = KindName, Path),
        ("id" = uuid::Uuid, Path, description = "The prediction"),
    ),
    request_body = PredictionChanges,
    responses(
        (status = 200, description = "The prediction as it is now", body = PredictionDto),
        (status = 403, description = "`not_writable`, `level_forbidden`, `outside_scope`"),
        (status = 409, description = "`level_change`, `prediction_exists`"),
    )
)]
pub(crate) async fn update(call: Authenticated, body: Body<PredictionChanges>) -> Answer {
    call.no_params()?;
    let (kind, id) = (call.name("kind")?, call.id("prediction")?);
    let precondition = Precondition::of(&call.request);
    let changes = body.read().await?.value;
    let raised = call.row_level(changes.access_level)?;
    let command = changes.command(precondition.version(), raised);
    let predictions = &call.application.predictions;
    let updated = predictions.update(&call.caller, kind, id, &command).await;
    let explained = precondition.apply(updated)?;
    etag::changed(
        explained.prediction.row_version,
        &PredictionDto::from(explained),
    )
}
