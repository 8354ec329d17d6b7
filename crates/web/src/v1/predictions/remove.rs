//! `DELETE /predictions/{kind}/{id}`

use actix_web::HttpResponse;

use crate::{call::Call, etag::if_match, names::KindName, problem::Answer};

/// Remove a prediction
#[utoipa::path(
    delete,
    path = "/api/v1/predictions/{kind}/{id}",
    tag = "Predictions",
    operation_id = "delete_prediction",
    params(
        ("kind" = KindName, Path),
        ("id" = uuid::Uuid, Path, description = "The prediction"),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "`not_writable`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 412, description = "`stale`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(call: Call) -> Answer {
    call.no_params()?;
    let (kind, id) = (call.name("kind")?, call.id("prediction")?);
    let version = if_match(&call.request)?;
    let predictions = &call.application.predictions;
    predictions.remove(&call.caller, kind, id, version).await?;
    Ok(HttpResponse::NoContent().finish())
}
