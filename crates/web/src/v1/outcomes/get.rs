//! Operation `get_outcome`.

use super::dto::OutcomeDto;
use crate::http::{call::Authenticated, etag, problem::Answer};

/// One outcome, withdrawn or not
#[utoipa::path(
    get,
    path = super::ONE,
    tag = "Outcomes",
    operation_id = "get_outcome",
    params(("id" = uuid::Uuid, Path, description = "The outcome")),
    responses((status = 200, description = "The outcome", body = OutcomeDto))
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
    call.no_params()?;
    let outcomes = &call.application.outcomes;
    let outcome = outcomes.get(&call.caller, call.id("outcome")?).await?;
    etag::object(
        &call.request,
        outcome.row_version,
        &OutcomeDto::from(outcome),
    )
}
