//! `DELETE /companies/{id}`

use actix_web::HttpResponse;

use crate::{call::Call, etag::if_match, problem::Answer};

/// Remove a company
#[utoipa::path(
    delete,
    path = "/api/v1/companies/{id}",
    tag = "Companies",
    operation_id = "delete_company",
    params(
        ("id" = uuid::Uuid, Path, description = "The company"),
        ("force" = Option<bool>, Query, description = "Whether predictions on it go with it"),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "`not_writable`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`company_in_use`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 412, description = "`stale`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(call: Call) -> Answer {
    let mut params = call.params();
    let force = params.flag("force");
    params.finish()?;
    let version = if_match(&call.request)?;
    let companies = &call.application.companies;
    companies
        .remove(&call.caller, call.id("company")?, force, version)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
