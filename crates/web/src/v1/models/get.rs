//! `GET /models/{name}` and `GET /models/{name}/versions/{version}`

use accunode_application::Error;
use actix_web::HttpResponse;

use super::{
    dto::{ModelDetailDto, ModelVersionsDto},
    list::served,
};
use crate::{call::Call, problem::Answer};

/// A model in every version that is served
#[utoipa::path(
    get,
    path = "/api/v1/models/{name}",
    tag = "Models",
    operation_id = "get_model",
    params(("name" = String, Path)),
    responses(
        (status = 200, description = "Model card, inputs, thresholds, metrics of each version", body = ModelVersionsDto),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(call: Call) -> Answer {
    let name: String = call.name("name")?;
    let versions: Vec<_> = served(&call)?
        .into_iter()
        .filter(|info| info.model.name == name)
        .map(ModelDetailDto::from)
        .collect();
    if versions.is_empty() {
        return Err(Error::not_found("model").into());
    }
    Ok(HttpResponse::Ok().json(ModelVersionsDto { name, versions }))
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
    let found = served(&call)?
        .into_iter()
        .find(|info| info.model.name == name && info.model.version == version)
        .ok_or_else(|| Error::not_found("model"))?;
    Ok(HttpResponse::Ok().json(ModelDetailDto::from(found)))
}
