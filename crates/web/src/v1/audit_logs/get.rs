//! `GET /audit-logs/{id}`

use actix_web::HttpResponse;

use super::dto::AuditEventDto;
use crate::{call::Call, problem::Answer};

/// One event
#[utoipa::path(
    get,
    path = "/api/v1/audit-logs/{id}",
    tag = "Audit",
    operation_id = "get_audit_event",
    params(("id" = uuid::Uuid, Path, description = "The event")),
    responses(
        (status = 200, description = "The event", body = AuditEventDto),
        (status = 404, description = "Not there, or not to be seen", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(call: Call) -> Answer {
    call.no_params()?;
    let event = call
        .application
        .audit
        .get(&call.caller, call.id("event")?)
        .await?;
    Ok(HttpResponse::Ok().json(AuditEventDto::from(event)))
}
