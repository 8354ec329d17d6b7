//! Operation `get_bulk_upload`.

use super::{
    dto::JobDto,
    waiting::{self, JobQuery},
};
use crate::http::{call::Authenticated, etag, problem::Answer};

/// Where an upload stands
///
/// With `wait` the answer comes when the upload has ended, at once where it has ended already.
/// A request that waits is counted as an event stream.
#[utoipa::path(
    get,
    path = super::ONE,
    tag = "Bulk uploads",
    operation_id = "get_bulk_upload",
    params(("id" = uuid::Uuid, Path, description = "The upload"), JobQuery),
    responses(
        (status = 200, description = "The upload", body = JobDto),
    )
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
    let query: JobQuery = call.query()?;
    let job = waiting::job(&call, call.id("upload")?, &query).await?;
    let now = call.application.ports().clock.now();
    etag::object(&call.request, job.row_version, &JobDto::of(job, now))
}
