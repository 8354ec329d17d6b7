//! `GET /predictions/{kind}/{id}`

use super::dto::PredictionDto;
use crate::{call::Call, etag, names::KindName, problem::Answer};

/// One prediction with its reasons
#[utoipa::path(
    get,
    path = "/api/v1/predictions/{kind}/{id}",
    tag = "Predictions",
    operation_id = "get_prediction",
    params(("kind" = KindName, Path), ("id" = uuid::Uuid, Path, description = "The prediction")),
    responses(
        (status = 200, description = "The prediction", body = PredictionDto),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(call: Call) -> Answer {
    call.no_params()?;
    let (kind, id) = (call.name("kind")?, call.id("prediction")?);
    let predictions = &call.application.predictions;
    let explained = predictions.get(&call.caller, kind, id).await?;
    let version = explained.prediction.row_version;
    etag::object(&call.request, version, &PredictionDto::from(explained))
}
