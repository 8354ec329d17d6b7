//! Operations `get_model`, `get_model_version`.

use accunode_application::Error;
use actix_web::HttpResponse;

use super::{dto::ModelDetailDto, list::available};
use crate::http::{call::Authenticated, problem::Answer};

/// A model in the version that scores
#[utoipa::path(
    get,
    path = super::ONE,
    tag = "Models",
    operation_id = "get_model",
    params(("name" = String, Path)),
    responses(
        (status = 200, description = "Model card, inputs, thresholds, metrics", body = ModelDetailDto),
    )
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
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
    path = super::VERSION,
    tag = "Models",
    operation_id = "get_model_version",
    params(("name" = String, Path), ("version" = String, Path)),
    responses(
        (status = 200, description = "Model card, inputs, thresholds, metrics", body = ModelDetailDto),
    )
)]
pub(crate) async fn version(call: Authenticated) -> Answer {
    let (name, version): (String, String) = (call.name("name")?, call.name("version")?);
    let found = available(&call)?
        .into_iter()
        .find(|info| info.model.name == name && info.model.version == version)
        .ok_or_else(|| Error::not_found("model"))?;
    Ok(HttpResponse::Ok().json(ModelDetailDto::from(found)))
}
