//! `POST /bulk-uploads/{id}/cancel`

use actix_web::{HttpResponse, http::header};

use super::dto::JobDto;
use crate::{call::Call, etag, problem::Answer};

/// Stop an upload; what was stored stays
#[utoipa::path(
    post,
    path = "/api/v1/bulk-uploads/{id}/cancel",
    tag = "Bulk uploads",
    operation_id = "cancel_bulk_upload",
    params(("id" = uuid::Uuid, Path, description = "The upload")),
    responses(
        (status = 202, description = "It stops, at the latest at its next chunk", body = JobDto),
        (status = 403, description = "`not_writable`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`not_cancellable`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cancel(call: Call) -> Answer {
    call.no_params()?;
    let job = call
        .application
        .bulk
        .cancel(&call.caller, call.id("upload")?)
        .await?;
    let now = call.application.ports().clock.now();
    Ok(HttpResponse::Accepted()
        .insert_header((header::ETAG, etag::tag(job.row_version)))
        .json(JobDto::of(job, now)))
}
