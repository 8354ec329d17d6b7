//! Operation `create_prediction_batch`.

use accunode_application::predictions::{CreatePrediction, MAX_BATCH, check_units};
use accunode_domain::{idempotency::IdempotentRequest, prediction::Kind};
use actix_web::{HttpResponse, http::StatusCode};
use serde_json::Value;

use super::{
    create::reply,
    dto::{Batch, NewPrediction, PredictionDto},
    items::{ItemDto, ItemsDto},
};
use crate::http::{
    body::{Body, LARGE, ParsedItem},
    call::Authenticated,
    denials,
    enums::KindName,
    idempotency::{self, Replies},
    problem::{Answer, Problem},
};

/// Score several companies and store the predictions; each succeeds or fails by itself
///
/// An item with an invalid form also fails alone. The whole request is rejected, and nothing is
/// stored, if it is not JSON, if there is a fault outside of its items, or if there are more than
/// 100 faults. The same applies if the ratios of the items are in another unit than their
/// `ratio_unit` says (`unit_mismatch`), which is judged as for the same rows in a file; ratios that
/// are right although they look wrong can be sent one by one.
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
    let items = body.read_items().await.map_err(too_many)?;
    if items.is_empty() {
        return Err(Problem::fault("/items", "out_of_range", "has no items"));
    }
    // A proof that is missing for one item is reported before any item is stored.
    let level = |item: &ParsedItem<NewPrediction>| match &item.value {
        Ok(value) => call.row_level(value.access_level),
        Err(_) => Ok(None),
    };
    let levels: Vec<_> = items.iter().map(level).collect::<Result<_, _>>()?;
    let mut commands = Vec::with_capacity(items.len());
    for (at, (item, level)) in items.into_iter().zip(levels).enumerate() {
        let idempotent = idempotency::requested_item(&call.request, at, &item.raw)?;
        let command = item.value.and_then(|value| value.command(kind, level));
        commands.push((command, idempotent));
    }
    let sound: Vec<_> = commands
        .iter()
        .filter_map(|(command, _)| command.as_ref().ok())
        .collect();
    check_units(&sound)?;
    let mut data = Vec::with_capacity(commands.len());
    let mut all_replayed = true;
    for (command, idempotent) in commands {
        let (item, replayed) = one(&call, command, idempotent).await;
        all_replayed &= replayed;
        data.push(item);
    }
    let mut response = HttpResponse::Ok();
    if all_replayed {
        response.insert_header((idempotency::REPLAYED, "true"));
    }
    Ok(response.json(ItemsDto::new(data)))
}

/// Here, too many items are reported as too large a request.
fn too_many(problem: Problem) -> Problem {
    if problem.is_fault("/items", "out_of_range") {
        let detail = format!("more than {MAX_BATCH} items; at most {MAX_BATCH} are allowed");
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many_items", detail);
    }
    problem
}

/// Returns the outcome of one item, and whether it is a repeated answer. Each item is stored
/// separately, so a repeated batch continues where it was interrupted.
async fn one(
    call: &Authenticated,
    command: Result<CreatePrediction, Problem>,
    request: Option<IdempotentRequest>,
) -> (ItemDto<Value>, bool) {
    let result = async {
        let replies = Replies::new(request, reply);
        let predictions = &call.application.predictions;
        let done = predictions
            .create(&call.caller, &command?, replies.idempotency().as_ref())
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
