//! `DELETE /users/{id}`

use accunode_application::people::Remove;
use accunode_domain::{access::Removal, text::clean_text};
use actix_web::HttpResponse;

use crate::{call::Call, etag::if_match, names::RemovalName, problem::Answer};

/// Remove somebody from his organization, or for good; the rows he made stay
#[utoipa::path(
    delete,
    path = "/api/v1/users/{id}",
    tag = "Users",
    operation_id = "delete_user",
    params(
        ("id" = uuid::Uuid, Path, description = "The person"),
        ("mode" = Option<RemovalName>, Query, description = "`remove_from_org` by default; `anonymize` cannot be undone"),
        ("reason" = Option<String>, Query, description = "Why, for the audit log"),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with"),
    ),
    responses(
        (status = 204, description = "Done"),
        (status = 401, description = "`step_up_required`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 403, description = "`rank_too_low`, `role_forbidden`, `key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`not_a_member`, `last_super_admin`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 412, description = "`stale`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(call: Call) -> Answer {
    let mut params = call.params();
    let command = Remove {
        removal: params.name("mode").unwrap_or(Removal::RemoveFromOrg),
        reason: params.checked("reason", |pointer, text| clean_text(pointer, text, 500)),
        if_match: if_match(&call.request)?,
    };
    params.finish()?;
    let people = &call.application.people;
    people
        .remove(&call.confirmed()?, call.id("user")?, &command)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
