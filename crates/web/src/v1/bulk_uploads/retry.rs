//! `POST /bulk-uploads/{id}/retry`

use actix_web::{HttpResponse, http::header};

use super::dto::JobDto;
use crate::{call::Call, etag, problem::Answer, v1::BASE};

/// Try the failed rows again, as an upload of their own
#[utoipa::path(
    post,
    path = "/api/v1/bulk-uploads/{id}/retry",
    tag = "Bulk uploads",
    operation_id = "retry_bulk_upload",
    params(("id" = uuid::Uuid, Path, description = "The upload")),
    responses(
        (status = 202, description = "The new upload; `Location` tells where it stands", body = JobDto),
        (status = 403, description = "`not_writable`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`nothing_to_retry`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn retry(call: Call) -> Answer {
    call.no_params()?;
    let job = call
        .application
        .bulk
        .retry(&call.caller, call.id("upload")?)
        .await?;
    let now = call.application.ports().clock.now();
    Ok(HttpResponse::Accepted()
        .insert_header((header::ETAG, etag::tag(job.row_version)))
        .insert_header((header::LOCATION, format!("{BASE}/bulk-uploads/{}", job.id)))
        .json(JobDto::of(job, now)))
}
