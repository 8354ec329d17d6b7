//! Operation `withdraw_outcome`.

use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::OutcomeDto;
use crate::http::{
    body::{Body, RequestBody},
    call::Authenticated,
    etag,
    problem::Answer,
};

/// Why an outcome does not stand any more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutcomeWithdrawal {
    #[schema(example = "booked on the wrong company", max_length = 500)]
    reason: String,
}

impl RequestBody for OutcomeWithdrawal {}

/// Withdraw an outcome
///
/// It stays readable, and still counts in requests as of an earlier time.
#[utoipa::path(
    post,
    path = super::WITHDRAW,
    tag = "Outcomes",
    operation_id = "withdraw_outcome",
    params(("id" = uuid::Uuid, Path, description = "The outcome")),
    request_body = OutcomeWithdrawal,
    responses(
        (status = 200, description = "The outcome as it is now", body = OutcomeDto),
        (status = 403, description = "`not_writable`"),
        (status = 409, description = "`already_withdrawn`, `already_in_default`, `not_in_default`"),
    )
)]
pub(crate) async fn withdraw(call: Authenticated, body: Body<OutcomeWithdrawal>) -> Answer {
    call.no_params()?;
    let id = call.id("outcome")?;
    let reason = body.read().await?.value.reason;
    let outcomes = &call.application.outcomes;
    let outcome = outcomes.withdraw(&call.caller, id, &reason).await?;
    etag::changed(outcome.row_version, &OutcomeDto::from(outcome))
}
