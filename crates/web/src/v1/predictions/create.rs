//! `POST /predictions/{kind}`

use accunode_application::{
    Once,
    predictions::{CreatedPrediction, Creation},
};
use accunode_domain::prediction::Kind;
use actix_web::http::StatusCode;

use super::dto::{NewPrediction, PredictionDto};
use crate::{
    body::Body,
    call::Call,
    names::KindName,
    once::{self, Reply},
    problem::Answer,
    v1::BASE,
};

/// Whether something new is there now.
const fn status(creation: Creation) -> StatusCode {
    match creation {
        Creation::Created => StatusCode::CREATED,
        Creation::Updated | Creation::Skipped => StatusCode::OK,
    }
}

pub(super) fn reply(created: &CreatedPrediction) -> Reply {
    let prediction = &created.prediction;
    let location = format!(
        "{BASE}/predictions/{}/{}",
        prediction.period.kind(),
        prediction.id
    );
    Reply::new(
        status(created.creation),
        &PredictionDto::from(created.clone()),
    )
    .tagged(prediction.row_version)
    .at(location)
}

/// Score a company and keep the prediction
#[utoipa::path(
    post,
    path = "/api/v1/predictions/{kind}",
    tag = "Predictions",
    operation_id = "create_prediction",
    params(
        ("kind" = KindName, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    request_body = NewPrediction,
    responses(
        (status = 201, description = "The prediction with its reasons", body = PredictionDto),
        (status = 200, description = "With `on_conflict`: the one that was there, or that took its place", body = PredictionDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`, `not_writable`, `key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the company", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`prediction_exists` (`existing_id`), `idempotency_in_flight`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(call: Call, body: Body<NewPrediction>) -> Answer {
    let kind: Kind = call.name("kind")?;
    call.no_params()?;
    let body = body.read().await?;
    let render = |created: &CreatedPrediction| reply(created).kept();
    let once = once::requested(&call.request, &body.raw)?.map(|request| Once {
        request,
        render: &render,
    });
    let level = call.row_level(body.value.access_level)?;
    let command = body.value.command(kind, level)?;
    let predictions = &call.application.predictions;
    let done = predictions
        .create(&call.caller, &command, once.as_ref())
        .await?;
    once::answer(done, reply)
}
