//! Operation `get_prediction`.

use super::dto::PredictionDto;
use crate::http::{call::Authenticated, enums::KindName, etag, problem::Answer};

/// One prediction with its reasons
#[utoipa::path(
    get,
    path = super::ONE,
    tag = "Predictions",
    operation_id = "get_prediction",
    params(("kind" = KindName, Path), ("id" = uuid::Uuid, Path, description = "The prediction")),
    responses(
        (status = 200, description = "The prediction", body = PredictionDto),
    )
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
    call.no_params()?;
    let (kind, id) = (call.name("kind")?, call.id("prediction")?);
    let predictions = &call.application.predictions;
    let explained = predictions.get(&call.caller, kind, id).await?;
    let version = explained.prediction.row_version;
    etag::object(&call.request, version, &PredictionDto::from(explained))
}
