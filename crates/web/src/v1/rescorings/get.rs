//! Operation `get_rescoring`.

use accunode_application::Error;
use accunode_domain::job::Task;

use crate::{
    http::{call::Authenticated, etag, problem::Answer},
    v1::bulk_uploads::dto::JobDto,
};

/// Where a rescoring stands
#[utoipa::path(
    get,
    path = super::ONE,
    tag = "Bulk uploads",
    operation_id = "get_rescoring",
    params(("id" = uuid::Uuid, Path, description = "The rescoring")),
    responses(
        (status = 200, description = "The rescoring", body = JobDto),
    )
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
    call.no_params()?;
    let id = call.id("rescoring")?;
    let job = call.application.bulk_uploads.get(&call.caller, id).await?;
    if !matches!(job.task, Task::Rescore(_)) {
        return Err(Error::not_found("rescoring").into());
    }
    let now = call.application.ports().clock.now();
    etag::object(&call.request, job.row_version, &JobDto::of(job, now))
}
