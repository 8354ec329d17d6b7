//! Operation `update_organization`.

use super::dto::{OrganizationChanges, OrganizationDto};
use crate::http::{
    body::Body,
    call::Authenticated,
    etag::{self, Precondition},
    problem::Answer,
};

/// Change an organization: each field by the one who may change that
#[utoipa::path(
    patch,
    path = super::ONE,
    tag = "Organizations",
    operation_id = "update_organization",
    params(
        ("id" = uuid::Uuid, Path, description = "The organization"),
    ),
    request_body = OrganizationChanges,
    responses(
        (status = 200, description = "The organization as it is now", body = OrganizationDto),
        (status = 403, description = "`field_forbidden`; `detail` names the fields"),
        (status = 409, description = "`domain_taken`, `not_a_root`"),
    )
)]
pub(crate) async fn update(call: Authenticated, body: Body<OrganizationChanges>) -> Answer {
    call.no_params()?;
    let precondition = Precondition::of(&call.request);
    let command = body
        .read()
        .await?
        .value
        .command(precondition.version(), &call)?;
    let organizations = &call.application.organizations;
    let updated = organizations
        .update(&call.caller, call.id("organization")?, &command)
        .await;
    let organization = precondition.apply(updated)?;
    etag::changed(
        organization.row_version,
        &OrganizationDto::from(organization),
    )
}
