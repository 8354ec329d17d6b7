//! Operation `score_ratios`.

use accunode_application::predictions::ScoreItem;
use accunode_domain::prediction::Kind;
use actix_web::HttpResponse;

use super::{
    dto::{ScoreDto, ScoreRequest},
    items::{ItemDto, ItemsDto},
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
    let items = body.read().await?.value.items;
    let items: Vec<ScoreItem> = items.into_iter().map(ScoreItem::from).collect();
    let scored = call.application.predictions.score(kind, &items).await?;
    let show = |(item, result): (ScoreItem, Result<_, _>)| match result {
        Ok(scored) => ItemDto::done(
            200,
            ScoreDto::of(&scored, item.reporting_year, item.reporting_quarter),
        ),
        Err(faults) => ItemDto::failed(&Problem::faults(faults)),
    };
    let data = items.into_iter().zip(scored).map(show).collect();
    Ok(HttpResponse::Ok().json(ItemsDto::new(data)))
}
