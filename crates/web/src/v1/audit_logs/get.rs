//! Operation `get_audit_event`.

use actix_web::HttpResponse;

use super::dto::AuditEventDto;
use crate::http::{call::Authenticated, problem::Answer};

/// One event
#[utoipa::path(
    get,
    path = super::ONE,
    tag = "Audit",
    operation_id = "get_audit_event",
    params(("id" = uuid::Uuid, Path, description = "The event")),
    responses(
        (status = 200, description = "The event", body = AuditEventDto),
        (status = 404, description = "Not there, or not to be seen"),
    )
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
    call.no_params()?;
    let event = call
        .application
        .audit_log
        .get(&call.caller, call.id("event")?)
        .await?;
    Ok(HttpResponse::Ok().json(AuditEventDto::from(event)))
}
