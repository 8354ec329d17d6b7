//! Operation `record_outcome_batch`.

use accunode_application::{outcomes::RecordOutcome, predictions::MAX_BATCH};
use accunode_domain::idempotency::IdempotentRequest;
use actix_web::{HttpResponse, http::StatusCode};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{dto::OutcomeDto, record::reply, request::OutcomeBatch};
use crate::http::{
    body::{Body, LARGE, Parsed},
    call::Authenticated,
    denials,
    idempotency::{self, Replies},
    problem::{Answer, Problem, ProblemDto},
};

/// The result of one item: an outcome or a problem.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutcomeItem)]
pub(crate) struct OutcomeItemDto {
    /// The HTTP status it would have had alone.
    #[schema(example = 201)]
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<OutcomeDto>)]
    outcome: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemDto>,
}

/// What became of each item, in their order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutcomeItems)]
pub(crate) struct OutcomeItemsDto {
    data: Vec<OutcomeItemDto>,
}

/// Record what happened to several companies; each succeeds or fails for itself
#[utoipa::path(
    post,
    path = super::BATCH,
    tag = "Outcomes",
    operation_id = "record_outcome_batch",
    request_body = OutcomeBatch,
    responses((status = 200, description = "What became of each item, in their order", body = OutcomeItemsDto))
)]
pub(crate) async fn batch(call: Authenticated, body: Body<OutcomeBatch, LARGE>) -> Answer {
    call.no_params()?;
    let Parsed { value, raw } = body.read().await.map_err(too_many)?;
    if value.items.is_empty() {
        return Err(Problem::fault("/items", "out_of_range", "has no items"));
    }
    // A proof that is missing for one item is reported before any item is stored.
    let levels = value.items.iter();
    let levels: Vec<_> = levels
        .map(|item| call.row_level(item.access_level))
        .collect::<Result<_, _>>()?;
    let mut data = Vec::with_capacity(value.items.len());
    let mut all_replayed = true;
    for (at, (item, level)) in value.items.into_iter().zip(levels).enumerate() {
        let idempotent = idempotency::requested_item(&call.request, at, &raw["items"][at])?;
        let (item, replayed) = one(&call, item.command(level), idempotent).await;
        all_replayed &= replayed;
        data.push(item);
    }
    let mut response = HttpResponse::Ok();
    if all_replayed {
        response.insert_header((idempotency::REPLAYED, "true"));
    }
    Ok(response.json(OutcomeItemsDto { data }))
}

/// Here, too many items are reported as too large a request.
fn too_many(problem: Problem) -> Problem {
    if problem.is_fault("/items", "out_of_range") {
        let detail = format!("more than {MAX_BATCH} items; at most {MAX_BATCH} are allowed");
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many_items", detail);
    }
    problem
}

/// Returns the outcome of one item, and whether it is a repeated answer.
async fn one(
    call: &Authenticated,
    command: Result<RecordOutcome, Problem>,
    request: Option<IdempotentRequest>,
) -> (OutcomeItemDto, bool) {
    let result = async {
        let replies = Replies::new(request, reply);
        let outcomes = &call.application.outcomes;
        let done = outcomes
            .record(&call.caller, &command?, replies.idempotency().as_ref())
            .await?;
        replies.reply(done)
    };
    match result.await {
        Ok((reply, replayed)) => {
            let item = OutcomeItemDto {
                status: reply.status,
                outcome: Some(reply.body),
                problem: None,
            };
            (item, replayed)
        }
        Err(problem) => {
            denials::note(&call.request, &problem);
            problem.log();
            let item = OutcomeItemDto {
                status: problem.status().as_u16(),
                outcome: None,
                problem: Some(problem.document(None)),
            };
            (item, false)
        }
    }
}
