//! Operation `get_bulk_upload`.

use super::dto::JobDto;
use crate::http::{call::Authenticated, etag, problem::Answer};

/// Where an upload stands
#[utoipa::path(
    get,
    path = super::ONE,
    tag = "Bulk uploads",
    operation_id = "get_bulk_upload",
    params(("id" = uuid::Uuid, Path, description = "The upload")),
    responses(
        (status = 200, description = "The upload", body = JobDto),
    )
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
    call.no_params()?;
    let job = call
        .application
        .bulk_uploads
        .get(&call.caller, call.id("upload")?)
        .await?;
    let now = call.application.ports().clock.now();
    etag::object(&call.request, job.row_version, &JobDto::of(job, now))
}
