//! Operation `retry_bulk_upload`.

use accunode_application::Error;
use accunode_domain::job::Job;
use serde_json::Value;

use super::{dto::JobDto, submit::reply};
use crate::http::{
    call::Authenticated,
    idempotency::{self, Replies},
    problem::Answer,
};

/// Continue an upload that was not read to its end, or try its failed rows again
///
/// An upload or rescoring that `failed` or was `cancelled` continues after its checkpoint, under
/// the same id: rows that have an outcome keep it, and the rest is read. It becomes `completed`
/// only when every row of it has an outcome. Failed rows of a `completed` upload become a new
/// upload with the same options.
#[utoipa::path(
    post,
    path = super::RETRY,
    tag = "Bulk uploads",
    operation_id = "retry_bulk_upload",
    params(
        ("id" = uuid::Uuid, Path, description = "The upload"),
    ),
    responses(
        (status = 202, description = "The upload that goes on, or the new one; `Location` tells where it stands", body = JobDto),
        (status = 403, description = "`not_writable`"),
        (status = 507, description = "`job_budget_exhausted`, `file_budget_exhausted`, `storage_low`"),
        (status = 409, description = "`nothing_to_retry`, `rows_not_kept`, `rescoring_running`, `idempotency_in_flight`"),
    )
)]
pub(crate) async fn retry(call: Authenticated) -> Answer {
    call.no_params()?;
    let id = call.id("upload")?;
    let request = idempotency::requested(&call.request, &Value::Null)?;
    let (bulk, caller) = (call.application.bulk_uploads.clone(), call.caller.clone());
    let now = call.application.ports().clock.now();
    // In a separate task, as for an upload, so that there is no job without its file.
    let tasks = call.application.ports().tasks.clone();
    let done = tasks.background(async move {
        let replies = Replies::new(request, move |job: &Job| reply(job, now));
        let done = bulk
            .retry(&caller, id, replies.idempotency().as_ref())
            .await?;
        replies.reply(done)
    });
    let (reply, is_replayed) = done
        .await
        .map_err(|panic| Error::Internal(Box::new(panic)))??;
    reply.send(is_replayed)
}
