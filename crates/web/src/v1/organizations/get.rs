//! Operation `get_organization`.

use super::dto::OrganizationDto;
use crate::http::{call::Authenticated, etag, problem::Answer};

/// One organization
#[utoipa::path(
    get,
    path = super::ONE,
    tag = "Organizations",
    operation_id = "get_organization",
    params(("id" = uuid::Uuid, Path, description = "The organization")),
    responses(
        (status = 200, description = "The organization", body = OrganizationDto),
    )
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
    call.no_params()?;
    let organizations = &call.application.organizations;
    let organization = organizations
        .get(&call.caller, call.id("organization")?)
        .await?;
    let version = organization.row_version;
    etag::object(&call.request, version, &OrganizationDto::from(organization))
}
