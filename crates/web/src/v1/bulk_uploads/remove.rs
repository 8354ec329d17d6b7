//! Removing a bulk upload.

use accunode_application::Error;
use accunode_domain::id::JobId;

use crate::http::{
    call::Authenticated,
    etag::Precondition,
    problem::{Answer, Problem, no_content},
    query::{choice, query},
};

choice! {
    /// Whether the predictions of a removed upload go with it.
    pub(crate) enum Predictions: bool { "keep" => false, "delete" => true, }
}

query! {
    /// How an upload is removed.
    pub(crate) struct UploadRemovalQuery {
        /// What happens to its predictions: `delete` undoes the upload
        predictions: Predictions = Predictions(false),
    }
}

/// Remove an upload that has ended, and its predictions where that is asked
#[utoipa::path(
    delete,
    path = super::ONE,
    tag = "Bulk uploads",
    operation_id = "delete_bulk_upload",
    params(("id" = uuid::Uuid, Path, description = "The upload"), UploadRemovalQuery),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "`not_writable`"),
        (status = 409, description = "`running`"),
    )
)]
pub(crate) async fn remove(call: Authenticated) -> Answer {
    let UploadRemovalQuery { predictions } = call.query()?;
    let id: JobId = call.id("upload")?;
    let bulk = &call.application.bulk;
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
    bulk.remove(&call.caller, id, predictions.0).await?;
    no_content()
}
