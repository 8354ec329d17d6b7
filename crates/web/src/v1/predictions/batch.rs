//! `POST /predictions/{kind}/batch`

use accunode_application::predictions::{CreatePrediction, MAX_BATCH};
use accunode_domain::prediction::Kind;
use actix_web::{HttpResponse, http::StatusCode};

use super::{
    create::status,
    dto::{Batch, ItemDto, ItemsDto, NewPrediction, PredictionDto},
};
use crate::{
    body::Body,
    call::Call,
    names::KindName,
    problem::{Answer, Problem},
};

/// Score several companies and keep the predictions; each succeeds or fails for itself
#[utoipa::path(
    post,
    path = "/api/v1/predictions/{kind}/batch",
    tag = "Predictions",
    operation_id = "create_predictions",
    params(("kind" = KindName, Path)),
    request_body = Batch,
    responses((status = 200, description = "What became of each item, in their order", body = ItemsDto<PredictionDto>))
)]
pub(crate) async fn batch(call: Call, body: Body<Batch>) -> Answer {
    let kind: Kind = call.name("kind")?;
    call.no_params()?;
    let items = body.read().await?.value.items;
    if items.len() > MAX_BATCH {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_many_items",
            format!("{} items; at most {MAX_BATCH} are allowed", items.len()),
        ));
    }
    if items.is_empty() {
        return Err(Problem::fault("/items", "out_of_range", "has no items"));
    }
    let data = store(&call, kind, items).await?;
    Ok(HttpResponse::Ok().json(ItemsDto { data }))
}

/// What became of each item, in their order.
async fn store(
    call: &Call,
    kind: Kind,
    items: Vec<NewPrediction>,
) -> Result<Vec<ItemDto<PredictionDto>>, Problem> {
    let commands: Vec<Result<CreatePrediction, Problem>> =
        items.into_iter().map(|item| item.command(kind)).collect();
    let sound: Vec<CreatePrediction> = commands.iter().flatten().cloned().collect();
    let mut made = if sound.is_empty() {
        Vec::new()
    } else {
        call.application
            .predictions
            .batch(&call.caller, &sound)
            .await?
    }
    .into_iter();
    let show = |command: Result<CreatePrediction, Problem>| match (command, &mut made) {
        (Err(problem), _) => Some(ItemDto::failed(&problem)),
        (Ok(_), made) => made.next().map(|result| match result {
            Ok(created) => ItemDto::done(status(created.creation), created.into()),
            Err(error) => ItemDto::failed(&error.into()),
        }),
    };
    Ok(commands.into_iter().filter_map(show).collect())
}
