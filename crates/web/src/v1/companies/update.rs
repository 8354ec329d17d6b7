//! Operation `update_company`.

use super::dto::{CompanyChanges, CompanyDto};
use crate::http::{
    body::Body,
    call::Authenticated,
    etag::{self, Precondition},
    problem::Answer,
};

/// Describe a company better, or share it more widely
#[utoipa::path(
    patch,
    path = super::ONE,
    tag = "Companies",
    operation_id = "update_company",
    params(
        ("id" = uuid::Uuid, Path, description = "The company"),
    ),
    request_body = CompanyChanges,
    responses(
        (status = 200, description = "The company as it is now", body = CompanyDto),
        (status = 403, description = "`not_writable`, `level_forbidden`, `outside_scope`"),
        (status = 409, description = "`company_in_use`, `level_change`, `symbol_taken`, `identifier_taken`"),
    )
)]
pub(crate) async fn update(call: Authenticated, body: Body<CompanyChanges>) -> Answer {
    call.no_params()?;
    let precondition = Precondition::of(&call.request);
    let changes = body.read().await?.value;
    let raised = call.row_level(changes.access_level)?;
    let command = changes.command(precondition.version(), raised);
    let companies = &call.application.companies;
    let updated = companies
        .update(&call.caller, call.id("company")?, &command)
        .await;
    let company = precondition.apply(updated)?;
    etag::changed(company.row_version, &CompanyDto::from(company))
}
