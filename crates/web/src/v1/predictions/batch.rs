//! Operation `create_prediction_batch`.

use accunode_application::predictions::{CreatePrediction, MAX_BATCH};
use accunode_domain::{idempotency::IdempotentRequest, prediction::Kind};
use actix_web::{HttpResponse, http::StatusCode};
use serde_json::Value;

use super::{
    create::reply,
    dto::{Batch, PredictionDto},
    items::{ItemDto, ItemsDto},
};
use crate::http::{
    body::{Body, LARGE, Parsed},
    call::Authenticated,
    denials,
    enums::KindName,
    idempotency::{self, Replies},
    problem::{Answer, Problem},
};

/// Score several companies and keep the predictions; each succeeds or fails for itself
#[utoipa::path(
    post,
    path = super::BATCH,
    tag = "Predictions",
    operation_id = "create_prediction_batch",
    params(
        ("kind" = KindName, Path),
    ),
    request_body = Batch,
    responses((status = 200, description = "What became of each item, in their order", body = ItemsDto<PredictionDto>))
)]
pub(crate) async fn batch(call: Authenticated, body: Body<Batch, LARGE>) -> Answer {
    let kind: Kind = call.name("kind")?;
    call.no_params()?;
    let Parsed { value, raw } = body.read().await.map_err(too_many)?;
    if value.items.is_empty() {
        return Err(Problem::fault("/items", "out_of_range", "has no items"));
    }
    // Anyone who has to prove themselves for one item is told before any is stored.
    let levels = value.items.iter();
    let levels: Vec<_> = levels
        .map(|item| call.row_level(item.access_level))
        .collect::<Result<_, _>>()?;
    let mut data = Vec::with_capacity(value.items.len());
    let mut all_replayed = true;
    for (at, (item, level)) in value.items.into_iter().zip(levels).enumerate() {
        let once = idempotency::requested_item(&call.request, at, &raw["items"][at])?;
        let (item, replayed) = one(&call, item.command(kind, level), once).await;
        all_replayed &= replayed;
        data.push(item);
    }
    let mut response = HttpResponse::Ok();
    if all_replayed {
        response.insert_header((idempotency::REPLAYED, "true"));
    }
    Ok(response.json(ItemsDto::new(data)))
}

/// Too many items are too large a request here.
fn too_many(problem: Problem) -> Problem {
    if problem.is_fault("/items", "out_of_range") {
        let detail = format!("more than {MAX_BATCH} items; at most {MAX_BATCH} are allowed");
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many_items", detail);
    }
    problem
}

/// What became of one item, and whether that had been told before. Each is kept by
/// itself: a batch that is sent again goes on where it was interrupted.
async fn one(
    call: &Authenticated,
    command: Result<CreatePrediction, Problem>,
    request: Option<IdempotentRequest>,
) -> (ItemDto<Value>, bool) {
    let result = async {
        let replies = Replies::new(request, reply);
        let predictions = &call.application.predictions;
        let done = predictions
            .create(&call.caller, &command?, replies.once().as_ref())
            .await?;
        replies.reply(done)
    };
    match result.await {
        Ok((reply, replayed)) => (ItemDto::done(reply.status, reply.body), replayed),
        Err(problem) => {
            denials::note(&call.request, &problem);
            (ItemDto::failed(&problem), false)
        }
    }
}
