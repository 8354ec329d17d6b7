//! Operation `cancel_bulk_upload`.

use actix_web::{HttpResponse, http::header};

use super::dto::JobDto;
use crate::http::{call::Authenticated, etag, problem::Answer};

/// Stop an upload; what was stored stays
#[utoipa::path(
    post,
    path = super::CANCEL,
    tag = "Bulk uploads",
    operation_id = "cancel_bulk_upload",
    params(("id" = uuid::Uuid, Path, description = "The upload")),
    responses(
        (status = 202, description = "It stops, at the latest at its next chunk", body = JobDto),
        (status = 403, description = "`not_writable`"),
        (status = 409, description = "`not_cancellable`"),
    )
)]
pub(crate) async fn cancel(call: Authenticated) -> Answer {
    call.no_params()?;
    let job = call
        .application
        .bulk_uploads
        .cancel(&call.caller, call.id("upload")?)
        .await?;
    let now = call.application.ports().clock.now();
    Ok(HttpResponse::Accepted()
        .insert_header((header::ETAG, etag::tag(job.row_version)))
        .json(JobDto::of(job, now)))
}
