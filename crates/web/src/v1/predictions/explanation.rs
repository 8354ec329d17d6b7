//! Operation `explain_prediction`.

use actix_web::http::StatusCode;

use super::dto::ExplanationDto;
use crate::http::{
    call::Authenticated,
    enums::KindName,
    etag,
    problem::{Answer, Problem},
};

/// The reasons for a prediction
#[utoipa::path(
    get,
    path = super::EXPLANATION,
    tag = "Predictions",
    operation_id = "explain_prediction",
    params(("kind" = KindName, Path), ("id" = uuid::Uuid, Path, description = "The prediction")),
    responses(
        (status = 200, description = "`base` and the contributions add up to the log-odds", body = ExplanationDto),
        (status = 409, description = "`model_unavailable`: its model's version is not served any more"),
    )
)]
pub(crate) async fn explanation(call: Authenticated) -> Answer {
    call.no_params()?;
    let (kind, id) = (call.name("kind")?, call.id("prediction")?);
    let predictions = &call.application.predictions;
    let explained = predictions.get(&call.caller, kind, id).await?;
    let dto = ExplanationDto::of(&explained).ok_or_else(|| {
        let model = &explained.prediction.outcome.model;
        Problem::new(
            StatusCode::CONFLICT,
            "model_unavailable",
            format!("{} {} is not served any more", model.name, model.version),
        )
    })?;
    etag::object(&call.request, explained.prediction.row_version, &dto)
}
