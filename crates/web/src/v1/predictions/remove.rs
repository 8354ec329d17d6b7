//! Operation `delete_prediction`.

use crate::http::{
    call::Authenticated,
    enums::KindName,
    etag::Precondition,
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
    let precondition = Precondition::of(&call.request);
    let predictions = &call.application.predictions;
    let removed = predictions
        .remove(&call.caller, kind, id, precondition.version())
        .await;
    precondition.apply(removed)?;
    no_content()
}
