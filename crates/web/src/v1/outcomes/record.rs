//! Operation `record_outcome`.

use accunode_domain::outcome::Outcome;
use actix_web::http::StatusCode;

use super::{dto::OutcomeDto, request::NewOutcome};
use crate::{
    http::{
        body::Body,
        call::Authenticated,
        idempotency::{self, Replies, Reply},
        problem::Answer,
        route::address,
    },
    v1::BASE,
};

pub(super) fn reply(outcome: &Outcome) -> Reply {
    let location = address(BASE, super::ONE, &[&outcome.id]);
    Reply::new(StatusCode::CREATED, &OutcomeDto::from(outcome.clone()))
        .tagged(outcome.row_version)
        .at(location)
}

/// Record an outcome of a company
///
/// Defaults and cures of a company alternate, under each definition. A recorded outcome is never
/// changed; it can be withdrawn.
#[utoipa::path(
    post,
    path = super::ALL,
    tag = "Outcomes",
    operation_id = "record_outcome",
    request_body = NewOutcome,
    responses(
        (status = 201, description = "The outcome", body = OutcomeDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`, `key_forbidden`"),
        (status = 404, description = "`not_found`: the company"),
        (status = 409, description = "`outcome_exists`, `already_in_default`, `not_in_default`, `idempotency_in_flight`"),
    )
)]
pub(crate) async fn record(call: Authenticated, body: Body<NewOutcome>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let request = idempotency::requested(&call.request, &body.raw)?;
    let replies = Replies::new(request, reply);
    let level = call.row_level(body.value.access_level)?;
    let command = body.value.command(level)?;
    let outcomes = &call.application.outcomes;
    let done = outcomes
        .record(&call.caller, &command, replies.idempotency().as_ref())
        .await?;
    replies.answer(done)
}
