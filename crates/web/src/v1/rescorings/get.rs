//! Operation `get_rescoring`.

use accunode_application::Error;
use accunode_domain::job::Task;

use crate::{
    http::{call::Authenticated, etag, problem::Answer},
    v1::bulk_uploads::{
        dto::JobDto,
        waiting::{self, JobQuery},
    },
};

/// The state of a rescoring
///
/// With `wait` the answer comes when it has ended, at once where it has ended already. A request
/// that waits is counted as an event stream.
#[utoipa::path(
    get,
    path = super::ONE,
    tag = "Bulk uploads",
    operation_id = "get_rescoring",
    params(("id" = uuid::Uuid, Path, description = "The rescoring"), JobQuery),
    responses(
        (status = 200, description = "The rescoring", body = JobDto),
    )
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
    let query: JobQuery = call.query()?;
    let job = waiting::job(&call, call.id("rescoring")?, &query).await?;
    if !matches!(job.task, Task::Rescore(_)) {
        return Err(Error::not_found("rescoring").into());
    }
    let now = call.application.ports().clock.now();
    etag::object(&call.request, job.row_version, &JobDto::of(job, now))
}
