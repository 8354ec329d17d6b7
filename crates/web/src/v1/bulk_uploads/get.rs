//! `GET /bulk-uploads/{id}`

use super::dto::JobDto;
use crate::{call::Call, etag, problem::Answer};

/// Where an upload stands
#[utoipa::path(
    get,
    path = "/api/v1/bulk-uploads/{id}",
    tag = "Bulk uploads",
    operation_id = "get_bulk_upload",
    params(("id" = uuid::Uuid, Path, description = "The upload")),
    responses(
        (status = 200, description = "The upload", body = JobDto),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(call: Call) -> Answer {
    call.no_params()?;
    let job = call
        .application
        .bulk
        .get(&call.caller, call.id("upload")?)
        .await?;
    let now = call.application.ports().clock.now();
    etag::object(&call.request, job.row_version, &JobDto::of(job, now))
}
