//! Operation `list_models`.

use accunode_ports::scoring::ModelInfo;
use actix_web::HttpResponse;

use super::dto::ModelSummaryDto;
use crate::http::{
    call::Authenticated,
    list::ListDto,
    problem::{Answer, Problem},
};

/// The models that are available, for the one who may use them.
pub(super) fn available(call: &Authenticated) -> Result<Vec<ModelInfo>, Problem> {
    call.no_params()?;
    let actor = &call.caller.actor;
    actor
        .use_models()
        .map_err(|denial| Problem::denied(denial, "model"))?;
    Ok(call.application.ports().scorer.models())
}

/// The models that are available, in every version
#[utoipa::path(
    get,
    path = super::ALL,
    tag = "Models",
    operation_id = "list_models",
    responses((status = 200, description = "All of them", body = ListDto<ModelSummaryDto>))
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let models = available(&call)?;
    Ok(HttpResponse::Ok().json(ListDto::whole(models.iter().map(ModelSummaryDto::from))))
}
