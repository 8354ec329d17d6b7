//! Operation `create_bulk_upload`.

use accunode_application::Error;
use accunode_domain::{Timestamp, job::Job};
use actix_multipart::Multipart;
use actix_web::{http::StatusCode, web::Payload};

use super::{
    dto::JobDto,
    form::{self, FormSchema},
};
use crate::{
    http::{
        call::Authenticated,
        idempotency::{self, Replies, Reply},
        problem::Answer,
        route::address,
    },
    v1::BASE,
};

pub(super) fn reply(job: &Job, now: Timestamp) -> Reply {
    let location = address(BASE, super::ONE, &[&job.id]);
    Reply::new(StatusCode::ACCEPTED, &JobDto::of(job.clone(), now))
        .tagged(job.row_version)
        .at(location)
}

/// Upload a file of companies to be scored
#[utoipa::path(
    post,
    path = super::ALL,
    tag = "Bulk uploads",
    operation_id = "create_bulk_upload",
    request_body(content = FormSchema, content_type = "multipart/form-data"),
    responses(
        (status = 202, description = "The upload; `Location` tells where it stands", body = JobDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`, `key_forbidden`"),
        (status = 507, description = "`job_budget_exhausted`, `file_budget_exhausted`: delete uploads first; `storage_low`"),
        (status = 409, description = "`duplicate_file` (`existing_id`), `idempotency_in_flight`"),
    )
)]
pub(crate) async fn submit(call: Authenticated, payload: Payload) -> Answer {
    call.no_params()?;
    let bulk = call.application.bulk_uploads.clone();
    let form = form::read(&bulk, Multipart::new(call.request.headers(), payload)).await?;
    let request = idempotency::requested(&call.request, &form.fields)?;
    let caller = call.caller.clone();
    let now = call.application.ports().clock.now();
    let level = call.row_level(form.level)?;
    let upload = form.take(level);
    // In a separate task: a client that disconnects now must not leave a job without its file, or a
    // file without its job.
    let tasks = call.application.ports().tasks.clone();
    let done = tasks.background(async move {
        let replies = Replies::new(request, move |job: &Job| reply(job, now));
        let done = bulk
            .submit(&caller, upload, replies.idempotency().as_ref())
            .await?;
        replies.reply(done)
    });
    let (reply, is_replayed) = done
        .await
        .map_err(|panic| Error::Internal(Box::new(panic)))??;
    reply.send(is_replayed)
}
