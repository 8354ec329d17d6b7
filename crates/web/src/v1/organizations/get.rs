//! `GET /organizations/{id}`

use super::dto::OrganizationDto;
use crate::{call::Call, etag, problem::Answer};

/// One organization
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{id}",
    tag = "Organizations",
    operation_id = "get_organization",
    params(("id" = uuid::Uuid, Path, description = "The organization")),
    responses(
        (status = 200, description = "The organization", body = OrganizationDto),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(call: Call) -> Answer {
    call.no_params()?;
    let organizations = &call.application.organizations;
    let organization = organizations
        .get(&call.caller, call.id("organization")?)
        .await?;
    let version = organization.row_version;
    etag::object(&call.request, version, &OrganizationDto::from(organization))
}
