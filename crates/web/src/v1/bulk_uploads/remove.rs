//! `DELETE /bulk-uploads/{id}`

use accunode_application::Error;
use accunode_domain::{
    fault::{Fault, shorten},
    id::JobId,
};
use actix_web::HttpResponse;

use crate::{
    call::Call,
    etag::if_match,
    problem::{Answer, Problem},
};

fn whether(pointer: &str, value: &str) -> Result<bool, Fault> {
    match value {
        "keep" => Ok(false),
        "delete" => Ok(true),
        _ => Err(Fault::new(
            pointer,
            "unknown_value",
            format!("`{}` is none of keep, delete", shorten(value)),
        )),
    }
}

/// Remove an upload that has ended, and its predictions where that is asked
#[utoipa::path(
    delete,
    path = "/api/v1/bulk-uploads/{id}",
    tag = "Bulk uploads",
    operation_id = "delete_bulk_upload",
    params(
        ("id" = uuid::Uuid, Path, description = "The upload"),
        ("predictions" = Option<String>, Query, description = "keep (by default) or delete: undo the upload"),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "`not_writable`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`running`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 412, description = "`stale`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(call: Call) -> Answer {
    let mut params = call.params();
    let predictions = params.checked("predictions", whether).unwrap_or(false);
    params.finish()?;
    let id: JobId = call.id("upload")?;
    let bulk = &call.application.bulk;
    if let Some(version) = if_match(&call.request)? {
        let job = bulk.get(&call.caller, id).await?;
        let actor = &call.caller.actor;
        actor
            .control_upload(job.owner, job.created_by)
            .map_err(|denial| Problem::denied(denial, "upload"))?;
        if job.row_version != version {
            return Err(Error::Stale.into());
        }
    }
    bulk.remove(&call.caller, id, predictions).await?;
    Ok(HttpResponse::NoContent().finish())
}
