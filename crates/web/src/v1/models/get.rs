//! `GET /models/{name}` and `GET /models/{name}/versions/{version}`

use accunode_application::Error;
use actix_web::HttpResponse;

use super::{dto::ModelDetailDto, list::available};
use crate::{call::Call, problem::Answer};

/// A model in the version that scores
#[utoipa::path(
    get,
    path = "/api/v1/models/{name}",
    tag = "Models",
    operation_id = "get_model",
    params(("name" = String, Path)),
    responses(
        (status = 200, description = "Model card, inputs, thresholds, metrics", body = ModelDetailDto),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(call: Call) -> Answer {
    let name: String = call.name("name")?;
    // The one that scores comes before the others of its kind.
    let found = available(&call)?
        .into_iter()
        .find(|info| info.model.name == name);
    let found = found.ok_or_else(|| Error::not_found("model"))?;
    Ok(HttpResponse::Ok().json(ModelDetailDto::from(found)))
}

/// One version of a model
#[utoipa::path(
    get,
    path = "/api/v1/models/{name}/versions/{version}",
    tag = "Models",
    operation_id = "get_model_version",
    params(("name" = String, Path), ("version" = String, Path)),
    responses(
        (status = 200, description = "Model card, inputs, thresholds, metrics", body = ModelDetailDto),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn version(call: Call) -> Answer {
    let (name, version): (String, String) = (call.name("name")?, call.name("version")?);
    let found = available(&call)?
        .into_iter()
        .find(|info| info.model.name == name && info.model.version == version)
        .ok_or_else(|| Error::not_found("model"))?;
    Ok(HttpResponse::Ok().json(ModelDetailDto::from(found)))
}
