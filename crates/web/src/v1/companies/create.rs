//! Operation `create_company`.

use accunode_domain::company::Company;
use actix_web::http::StatusCode;

use super::dto::{CompanyDto, NewCompany};
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

fn reply(company: &Company) -> Reply {
    let location = address(BASE, super::ONE, &[&company.id]);
    Reply::new(StatusCode::CREATED, &CompanyDto::from(company.clone()))
        .tagged(company.row_version)
        .at(location)
}

/// Make a company
#[utoipa::path(
    post,
    path = super::ALL,
    tag = "Companies",
    operation_id = "create_company",
    request_body = NewCompany,
    responses(
        (status = 201, description = "The company", body = CompanyDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`, `key_forbidden`"),
        (status = 409, description = "`symbol_taken`, `identifier_taken`, `idempotency_in_flight`"),
    )
)]
pub(crate) async fn create(call: Authenticated, body: Body<NewCompany>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let request = idempotency::requested(&call.request, &body.raw)?;
    let replies = Replies::new(request, reply);
    let level = call.row_level(body.value.access_level)?;
    let command = body.value.command(level);
    let companies = &call.application.companies;
    let done = companies
        .create(&call.caller, &command, replies.idempotency().as_ref())
        .await?;
    replies.answer(done)
}
