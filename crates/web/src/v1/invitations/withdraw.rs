//! `DELETE /organizations/{id}/invitations/{invitation_id}`

use accunode_application::Error;
use accunode_domain::id::InvitationId;
use actix_web::HttpResponse;
use uuid::Uuid;

use crate::{call::Call, problem::Answer};

/// Withdraw an invitation that nobody has accepted
#[utoipa::path(
    delete,
    path = "/api/v1/organizations/{id}/invitations/{invitation_id}",
    tag = "Users",
    operation_id = "withdraw_invitation",
    params(
        ("id" = Uuid, Path, description = "The organization"),
        ("invitation_id" = Uuid, Path, description = "The invitation"),
    ),
    responses(
        (status = 204, description = "It is gone, and its token worth nothing"),
        (status = 403, description = "`field_forbidden`, `role_not_assignable`, `key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn withdraw(call: Call) -> Answer {
    call.no_params()?;
    let text = call.request.match_info().query("invitation_id");
    let id = Uuid::try_parse(text).map_err(|_| Error::not_found("invitation"))?;
    let invitations = &call.application.invitations;
    invitations
        .withdraw(
            &call.confirmed()?,
            call.id("organization")?,
            InvitationId(id),
        )
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
