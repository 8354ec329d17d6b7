//! Operation `get_rating_scale`.

use super::dto::RatingScaleDto;
use crate::http::{call::Authenticated, etag, problem::Answer};

/// One master scale
#[utoipa::path(
    get,
    path = super::ONE,
    tag = "Validations",
    operation_id = "get_rating_scale",
    params(("id" = uuid::Uuid, Path, description = "The scale")),
    responses((status = 200, description = "The scale", body = RatingScaleDto))
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
    call.no_params()?;
    let scales = &call.application.rating_scales;
    let scale = scales.get(&call.caller, call.id("rating scale")?).await?;
    etag::object(
        &call.request,
        scale.row_version,
        &RatingScaleDto::from(scale),
    )
}
