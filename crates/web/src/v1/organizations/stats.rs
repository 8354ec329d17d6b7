//! Operation `get_organization_stats`.

use actix_web::HttpResponse;

use super::dto::OrganizationStatsDto;
use crate::http::{call::Authenticated, problem::Answer};

/// What there is of an organization, for its administrators
#[utoipa::path(
    get,
    path = super::STATS,
    tag = "Organizations",
    operation_id = "get_organization_stats",
    params(("id" = uuid::Uuid, Path, description = "The organization")),
    responses(
        (status = 200, description = "Its members and rows, counted", body = OrganizationStatsDto),
        (status = 403, description = "`field_forbidden`"),
    )
)]
pub(crate) async fn stats(call: Authenticated) -> Answer {
    call.no_params()?;
    let organizations = &call.application.organizations;
    let stats = organizations
        .stats(&call.caller, call.id("organization")?)
        .await?;
    Ok(HttpResponse::Ok().json(OrganizationStatsDto::from(stats)))
}
