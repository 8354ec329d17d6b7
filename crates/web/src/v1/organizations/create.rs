//! `POST /organizations`

use accunode_application::Once;
use accunode_domain::organization::Organization;
use actix_web::http::StatusCode;

use super::dto::{NewOrganization, OrganizationDto};
use crate::{
    body::Body,
    call::Call,
    once::{self, Reply},
    problem::Answer,
    v1::BASE,
};

fn reply(organization: &Organization) -> Reply {
    let location = format!("{BASE}/organizations/{}", organization.id);
    let dto = OrganizationDto::from(organization.clone());
    Reply::new(StatusCode::CREATED, &dto)
        .tagged(organization.row_version)
        .at(location)
}

/// Make an organization: a child of one's own root, or as super_admin any
#[utoipa::path(
    post,
    path = "/api/v1/organizations",
    tag = "Organizations",
    operation_id = "create_organization",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    request_body = NewOrganization,
    responses(
        (status = 201, description = "The organization", body = OrganizationDto),
        (status = 403, description = "`role_forbidden`, `outside_scope`, `key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the parent", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`domain_taken`, `idempotency_in_flight`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(call: Call, body: Body<NewOrganization>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let render = |organization: &Organization| reply(organization).kept();
    let once = once::requested(&call.request, &body.raw)?.map(|request| Once {
        request,
        render: &render,
    });
    let organizations = &call.application.organizations;
    let done = organizations
        .create(&call.confirmed()?, &body.value.into(), once.as_ref())
        .await?;
    once::answer(done, reply)
}
