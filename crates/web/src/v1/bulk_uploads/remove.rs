//! Removing a bulk upload.

use accunode_application::Error;
use accunode_domain::id::JobId;
use accunode_ports::repositories::Undone;
use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{
    call::Authenticated,
    etag::Precondition,
    problem::{Answer, Problem, no_content},
    query::{choice, query},
};

choice! {
    /// Whether the predictions of a removed upload are deleted with it.
    pub(crate) enum Predictions: bool { "keep" => false, "delete" => true, }
}

query! {
    /// The options for removing an upload.
    pub(crate) struct UploadRemovalQuery {
        /// What happens to its predictions: `delete` undoes the upload
        predictions: Predictions = Predictions(false),
    }
}

/// The result of undoing an upload.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UndoneUpload)]
pub(crate) struct UndoneDto {
    /// Predictions that it made and that are gone.
    deleted: u64,
    /// Predictions that it updated and that are again what they were before.
    restored: u64,
    /// Predictions that stay as they are, because they were changed since or the caller may not
    /// write them.
    kept: u64,
}

impl From<Undone> for UndoneDto {
    fn from(undone: Undone) -> Self {
        Self {
            deleted: undone.deleted,
            restored: undone.restored,
            kept: undone.kept,
        }
    }
}

/// Remove an upload that has ended, and undo it if requested
///
/// With `predictions=delete` the predictions that it created are deleted, unless their ratios have
/// been corrected or sent again since, and those that it updated are restored, unless they have
/// been changed in any way since.
#[utoipa::path(
    delete,
    path = super::ONE,
    tag = "Bulk uploads",
    operation_id = "delete_bulk_upload",
    params(("id" = uuid::Uuid, Path, description = "The upload"), UploadRemovalQuery),
    responses(
        (status = 200, description = "It is undone and gone", body = UndoneDto),
        (status = 204, description = "It is gone, and its predictions are as they were"),
        (status = 403, description = "`not_writable`"),
        (status = 409, description = "`running`"),
    )
)]
pub(crate) async fn remove(call: Authenticated) -> Answer {
    let UploadRemovalQuery { predictions } = call.query()?;
    let id: JobId = call.id("upload")?;
    let bulk = &call.application.bulk_uploads;
    let precondition = Precondition::of(&call.request);
    if let Some(version) = precondition.version() {
        let job = bulk.get(&call.caller, id).await?;
        let actor = &call.caller.actor;
        actor
            .control_upload(job.owner, job.created_by)
            .map_err(|denial| Problem::denied(denial, "upload"))?;
        if job.row_version != version {
            return precondition.apply(Err(Error::Stale));
        }
    }
    let undone = bulk.remove(&call.caller, id, predictions.0).await?;
    if predictions.0 {
        return Ok(HttpResponse::Ok().json(UndoneDto::from(undone)));
    }
    no_content()
}
