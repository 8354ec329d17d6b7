//! `PATCH /organizations/{id}`

use super::dto::{OrganizationChanges, OrganizationDto};
use crate::{
    body::Body,
    call::Call,
    etag::{self, if_match},
    problem::Answer,
};

/// Change an organization: each field by whoever may change that
#[utoipa::path(
    patch,
    path = "/api/v1/organizations/{id}",
    tag = "Organizations",
    operation_id = "update_organization",
    params(
        ("id" = uuid::Uuid, Path, description = "The organization"),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with"),
    ),
    request_body = OrganizationChanges,
    responses(
        (status = 200, description = "The organization as it is now", body = OrganizationDto),
        (status = 403, description = "`field_forbidden`; `detail` names the fields", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`domain_taken`, `not_a_root`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 412, description = "`stale`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update(call: Call, body: Body<OrganizationChanges>) -> Answer {
    call.no_params()?;
    let version = if_match(&call.request)?;
    let command = body.read().await?.value.command(version, &call)?;
    let organizations = &call.application.organizations;
    let organization = organizations
        .update(&call.caller, call.id("organization")?, &command)
        .await?;
    etag::changed(
        organization.row_version,
        &OrganizationDto::from(organization),
    )
}
