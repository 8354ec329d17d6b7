//! `GET /organizations/{id}/stats`

use actix_web::HttpResponse;

use super::dto::OrganizationStatsDto;
use crate::{call::Call, problem::Answer};

/// What there is of an organization, for its administrators
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{id}/stats",
    tag = "Organizations",
    operation_id = "get_organization_stats",
    params(("id" = uuid::Uuid, Path, description = "The organization")),
    responses(
        (status = 200, description = "Its members and rows, counted", body = OrganizationStatsDto),
        (status = 403, description = "`field_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn stats(call: Call) -> Answer {
    call.no_params()?;
    let organizations = &call.application.organizations;
    let stats = organizations
        .stats(&call.caller, call.id("organization")?)
        .await?;
    Ok(HttpResponse::Ok().json(OrganizationStatsDto::from(stats)))
}
