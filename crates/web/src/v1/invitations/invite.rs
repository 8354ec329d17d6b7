//! Operation `invite_user`.

use accunode_domain::invitation::{Invitation, InvitationStatus};
use actix_web::http::StatusCode;

use super::dto::{InvitationDto, NewInvitation};
use crate::http::{
    body::Body,
    call::Authenticated,
    idempotency::{self, Replies, Reply},
    problem::Answer,
};

fn reply(invitation: &Invitation) -> Reply {
    // It was just created, so it is pending.
    let dto = InvitationDto::from((invitation.clone(), InvitationStatus::Pending));
    Reply::new(StatusCode::ACCEPTED, &dto)
}

/// Invite a user into an organization; they set their own password
#[utoipa::path(
    post,
    path = super::INVITE,
    tag = "Users",
    operation_id = "invite_user",
    request_body = NewInvitation,
    responses(
        (status = 202, description = "The invitation; a mail is on its way", body = InvitationDto),
        (status = 403, description = "`role_forbidden`, `role_not_assignable`, `outside_scope`, `key_forbidden`"),
        (status = 404, description = "`not_found`: there is no such organization"),
        (status = 409, description = "`already_member`, `idempotency_in_flight`"),
    )
)]
pub(crate) async fn invite(call: Authenticated, body: Body<NewInvitation>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let request = idempotency::requested(&call.request, &body.raw)?;
    let replies = Replies::new(request, reply);
    let invitations = &call.application.invitations;
    let done = invitations
        .invite(
            &call.confirmed()?,
            &body.value.into(),
            replies.idempotency().as_ref(),
        )
        .await?;
    replies.answer(done)
}
