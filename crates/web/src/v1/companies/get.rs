//! Operation `get_company`.

use super::dto::CompanyDto;
use crate::http::{call::Authenticated, etag, problem::Answer};

/// One company
#[utoipa::path(
    get,
    path = super::ONE,
    tag = "Companies",
    operation_id = "get_company",
    params(("id" = uuid::Uuid, Path, description = "The company")),
    responses(
        (status = 200, description = "The company", body = CompanyDto),
    )
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
    call.no_params()?;
    let companies = &call.application.companies;
    let company = companies.get(&call.caller, call.id("company")?).await?;
    etag::object(
        &call.request,
        company.row_version,
        &CompanyDto::from(company),
    )
}
