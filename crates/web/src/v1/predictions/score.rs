//! Operation `score_ratios`.

use accunode_application::predictions::{ScoreItem, ScoredItem};
use accunode_domain::{fault::Fault, prediction::Kind};
use actix_web::http::StatusCode;

use super::{
    dto::{ScoreDto, ScoreRequest},
    items::{ItemDto, ItemsDto, items_response},
};
use crate::http::{
    body::{Body, LARGE},
    call::Authenticated,
    enums::KindName,
    problem::{Answer, Problem},
};

/// Score ratios without storing anything
#[utoipa::path(
    post,
    path = super::SCORE,
    tag = "Predictions",
    operation_id = "score_ratios",
    params(("kind" = KindName, Path)),
    request_body = ScoreRequest,
    responses((status = 200, description = "What became of each item, in their order", body = ItemsDto<ScoreDto>))
)]
pub(crate) async fn score(call: Authenticated, body: Body<ScoreRequest, LARGE>) -> Answer {
    let kind: Kind = call.name("kind")?;
    call.no_params()?;
    let actor = &call.caller.actor;
    actor
        .use_models()
        .map_err(|denial| Problem::denied(denial, "model"))?;
    let sent = body.read_items().await?.into_iter();
    let sent: Vec<Result<ScoreItem, Problem>> =
        sent.map(|item| item.value.map(ScoreItem::from)).collect();
    let sound: Vec<ScoreItem> = sent.iter().flatten().cloned().collect();
    let none_is_sound = sound.is_empty() && !sent.is_empty();
    let scored = match none_is_sound {
        true => Vec::new(),
        false => call.application.predictions.score(kind, &sound).await?,
    };
    items_response(move || ItemsDto::new(show(sent, scored))).await
}

/// Returns the result of each item, in their order.
fn show(
    sent: Vec<Result<ScoreItem, Problem>>,
    scored: Vec<Result<ScoredItem, Vec<Fault>>>,
) -> Vec<ItemDto<ScoreDto>> {
    let mut scored = scored.into_iter();
    let of_item = |item: Result<ScoreItem, Problem>| {
        let item = match item {
            Ok(item) => item,
            Err(problem) => return ItemDto::failed(&problem),
        };
        match scored.next() {
            Some(Ok(scored)) => {
                let dto = ScoreDto::of(&scored, item.reporting_year, item.reporting_quarter);
                ItemDto::done(200, dto)
            }
            Some(Err(faults)) => ItemDto::failed(&Problem::faults(faults)),
            None => ItemDto::failed(&Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR)),
        }
    };
    sent.into_iter().map(of_item).collect()
}
