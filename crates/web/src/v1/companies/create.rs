//! `POST /companies`

use accunode_application::Once;
use accunode_domain::company::Company;
use actix_web::http::StatusCode;

use super::dto::{CompanyDto, NewCompany};
use crate::{
    body::Body,
    call::Call,
    once::{self, Reply},
    problem::Answer,
    v1::BASE,
};

fn reply(company: &Company) -> Reply {
    let location = format!("{BASE}/companies/{}", company.id);
    Reply::new(StatusCode::CREATED, &CompanyDto::from(company.clone()))
        .tagged(company.row_version)
        .at(location)
}

/// Make a company
#[utoipa::path(
    post,
    path = "/api/v1/companies",
    tag = "Companies",
    operation_id = "create_company",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    request_body = NewCompany,
    responses(
        (status = 201, description = "The company", body = CompanyDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`, `key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`symbol_taken`, `idempotency_in_flight`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(call: Call, body: Body<NewCompany>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let render = |company: &Company| reply(company).kept();
    let once = once::requested(&call.request, &body.raw)?.map(|request| Once {
        request,
        render: &render,
    });
    let level = call.row_level(body.value.access_level)?;
    let command = body.value.command(level);
    let companies = &call.application.companies;
    let done = companies
        .create(&call.caller, &command, once.as_ref())
        .await?;
    once::answer(done, reply)
}
