//! Operation `reproduce_prediction`.

use actix_web::HttpResponse;

use super::dto::ReproductionDto;
use crate::http::{call::Authenticated, enums::KindName, problem::Answer};

/// Work a prediction out once more, by its own model from the texts that were sent
#[utoipa::path(
    post,
    path = super::REPRODUCE,
    tag = "Predictions",
    operation_id = "reproduce_prediction",
    params(("kind" = KindName, Path), ("id" = uuid::Uuid, Path, description = "The prediction")),
    responses(
        (status = 200, description = "Whether it says the same; nothing is changed", body = ReproductionDto),
        (status = 409, description = "`model_unavailable`: its model's version is not served any more"),
    )
)]
pub(crate) async fn reproduce(call: Authenticated) -> Answer {
    call.no_params()?;
    let (kind, id) = (call.name("kind")?, call.id("prediction")?);
    let predictions = &call.application.predictions;
    let reproduction = predictions.reproduce(&call.caller, kind, id).await?;
    Ok(HttpResponse::Ok().json(ReproductionDto::from(&reproduction)))
}
