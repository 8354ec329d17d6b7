//! `DELETE /me`

use actix_web::HttpResponse;

use crate::{call::Call, etag::if_match, problem::Answer};

/// End one's account: personal rows go, shared ones stay, and who one was is forgotten
#[utoipa::path(
    delete,
    path = "/api/v1/me",
    tag = "Account",
    operation_id = "delete_account",
    params(("If-Match" = Option<String>, Header, description = "The ETag it was read with")),
    responses(
        (status = 204, description = "Done; this cannot be undone"),
        (status = 401, description = "`step_up_required`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 403, description = "`key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`last_super_admin`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 412, description = "`stale`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(call: Call) -> Answer {
    call.no_params()?;
    let version = if_match(&call.request)?;
    let people = &call.application.people;
    people.forget_me(&call.confirmed()?, version).await?;
    Ok(HttpResponse::NoContent().finish())
}
