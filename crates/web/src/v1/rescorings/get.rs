//! `GET /rescorings/{id}`

use accunode_application::Error;
use accunode_domain::job::Task;

use crate::{call::Call, etag, problem::Answer, v1::bulk_uploads::dto::JobDto};

/// Where a rescoring stands
#[utoipa::path(
    get,
    path = "/api/v1/rescorings/{id}",
    tag = "Bulk uploads",
    operation_id = "get_rescoring",
    params(("id" = uuid::Uuid, Path, description = "The rescoring")),
    responses(
        (status = 200, description = "The rescoring", body = JobDto),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(call: Call) -> Answer {
    call.no_params()?;
    let id = call.id("rescoring")?;
    let job = call.application.bulk.get(&call.caller, id).await?;
    if job.task == Task::Upload {
        return Err(Error::not_found("rescoring").into());
    }
    let now = call.application.ports().clock.now();
    etag::object(&call.request, job.row_version, &JobDto::of(job, now))
}
