//! Operation `create_organization`.

use accunode_domain::organization::Organization;
use actix_web::http::StatusCode;

use super::dto::{NewOrganization, OrganizationDto};
use crate::{
    http::{
        body::Body,
        call::Authenticated,
        idempotency::{self, Replies, Reply},
        problem::Answer,
        route::address,
    },
    v1::BASE,
};

fn reply(organization: &Organization) -> Reply {
    let location = address(BASE, super::ONE, &[&organization.id]);
    let dto = OrganizationDto::from(organization.clone());
    Reply::new(StatusCode::CREATED, &dto)
        .tagged(organization.row_version)
        .at(location)
}

/// Create an organization: a child of the caller's root, or as super_admin any
#[utoipa::path(
    post,
    path = super::ALL,
    tag = "Organizations",
    operation_id = "create_organization",
    request_body = NewOrganization,
    responses(
        (status = 201, description = "The organization", body = OrganizationDto),
        (status = 403, description = "`role_forbidden`, `outside_scope`, `key_forbidden`"),
        (status = 404, description = "`not_found`: the parent"),
        (status = 409, description = "`domain_taken`, `idempotency_in_flight`"),
    )
)]
pub(crate) async fn create(call: Authenticated, body: Body<NewOrganization>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let request = idempotency::requested(&call.request, &body.raw)?;
    let replies = Replies::new(request, reply);
    let organizations = &call.application.organizations;
    let done = organizations
        .create(
            &call.confirmed()?,
            &body.value.into(),
            replies.idempotency().as_ref(),
        )
        .await?;
    replies.answer(done)
}
