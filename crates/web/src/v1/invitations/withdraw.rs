//! Operation `withdraw_invitation`.

use accunode_application::Error;
use accunode_domain::id::InvitationId;
use uuid::Uuid;

use crate::http::{
    call::Authenticated,
    problem::{Answer, no_content},
};

/// Withdraw an invitation that no one has accepted
#[utoipa::path(
    delete,
    path = super::ONE,
    tag = "Users",
    operation_id = "withdraw_invitation",
    params(
        ("id" = Uuid, Path, description = "The organization"),
        ("invitation_id" = Uuid, Path, description = "The invitation"),
    ),
    responses(
        (status = 204, description = "It is gone, and its token worth nothing"),
        (status = 403, description = "`field_forbidden`, `role_not_assignable`, `key_forbidden`"),
    )
)]
pub(crate) async fn withdraw(call: Authenticated) -> Answer {
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
    no_content()
}
