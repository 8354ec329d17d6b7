//! Operation `delete_prediction`.

use crate::http::{
    call::Authenticated,
    enums::KindName,
    etag::if_match,
    problem::{Answer, no_content},
};

/// Remove a prediction
#[utoipa::path(
    delete,
    path = super::ONE,
    tag = "Predictions",
    operation_id = "delete_prediction",
    params(
        ("kind" = KindName, Path),
        ("id" = uuid::Uuid, Path, description = "The prediction"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "`not_writable`"),
    )
)]
pub(crate) async fn remove(call: Authenticated) -> Answer {
    call.no_params()?;
    let (kind, id) = (call.name("kind")?, call.id("prediction")?);
    let version = if_match(&call.request)?;
    let predictions = &call.application.predictions;
    predictions.remove(&call.caller, kind, id, version).await?;
    no_content()
}
