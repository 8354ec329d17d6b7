//! `DELETE /organizations/{id}`

use actix_web::HttpResponse;

use crate::{call::Call, etag::if_match, problem::Answer};

/// Remove an organization; with `force` also where it has members or rows
///
/// Its companies, predictions and uploads go with it, its members become `user`s, its
/// children roots.
#[utoipa::path(
    delete,
    path = "/api/v1/organizations/{id}",
    tag = "Organizations",
    operation_id = "delete_organization",
    params(
        ("id" = uuid::Uuid, Path, description = "The organization"),
        ("force" = Option<bool>, Query, description = "Whether its members and rows may be touched"),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "`role_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`organization_not_empty`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 412, description = "`stale`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(call: Call) -> Answer {
    let mut params = call.params();
    let force = params.flag("force");
    params.finish()?;
    let version = if_match(&call.request)?;
    let organizations = &call.application.organizations;
    organizations
        .remove(&call.confirmed()?, call.id("organization")?, force, version)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
