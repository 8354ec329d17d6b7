//! `GET /companies/{id}`

use super::dto::CompanyDto;
use crate::{call::Call, etag, problem::Answer};

/// One company
#[utoipa::path(
    get,
    path = "/api/v1/companies/{id}",
    tag = "Companies",
    operation_id = "get_company",
    params(("id" = uuid::Uuid, Path, description = "The company")),
    responses(
        (status = 200, description = "The company", body = CompanyDto),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(call: Call) -> Answer {
    call.no_params()?;
    let companies = &call.application.companies;
    let company = companies.get(&call.caller, call.id("company")?).await?;
    etag::object(
        &call.request,
        company.row_version,
        &CompanyDto::from(company),
    )
}
