//! Operation `create_prediction`.

use accunode_application::predictions::{CreatedPrediction, Creation};
use accunode_domain::prediction::Kind;
use actix_web::http::StatusCode;

use super::dto::{NewPrediction, PredictionDto};
use crate::{
    http::{
        body::Body,
        call::Authenticated,
        enums::KindName,
        idempotency::{self, Replies, Reply},
        problem::Answer,
        route::address,
    },
    v1::BASE,
};

/// The status for whether a new prediction was created.
const fn status(creation: Creation) -> StatusCode {
    match creation {
        Creation::Created => StatusCode::CREATED,
        Creation::Updated | Creation::Skipped => StatusCode::OK,
    }
}

pub(super) fn reply(created: &CreatedPrediction) -> Reply {
    let prediction = &created.prediction;
    let location = address(
        BASE,
        super::ONE,
        &[&prediction.period.kind(), &prediction.id],
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
    path = super::ALL,
    tag = "Predictions",
    operation_id = "create_prediction",
    params(
        ("kind" = KindName, Path),
    ),
    request_body = NewPrediction,
    responses(
        (status = 201, description = "The prediction with its reasons", body = PredictionDto),
        (status = 200, description = "With `on_conflict`: the one that was there, or that took its place", body = PredictionDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`, `not_writable`, `key_forbidden`"),
        (status = 404, description = "`not_found`: the company"),
        (status = 409, description = "`prediction_exists` (`existing_id`), `idempotency_in_flight`"),
    )
)]
pub(crate) async fn create(call: Authenticated, body: Body<NewPrediction>) -> Answer {
    let kind: Kind = call.name("kind")?;
    call.no_params()?;
    let body = body.read().await?;
    let request = idempotency::requested(&call.request, &body.raw)?;
    let replies = Replies::new(request, reply);
    let level = call.row_level(body.value.access_level)?;
    let command = body.value.command(kind, level)?;
    let predictions = &call.application.predictions;
    let done = predictions
        .create(&call.caller, &command, replies.idempotency().as_ref())
        .await?;
    replies.answer(done)
}
