//! `POST /users`

use accunode_application::Once;
use accunode_domain::invitation::{Invitation, InvitationStatus};
use actix_web::http::StatusCode;

use super::dto::{InvitationDto, NewInvitation};
use crate::{
    body::Body,
    call::Call,
    once::{self, Reply},
    problem::Answer,
};

fn reply(invitation: &Invitation) -> Reply {
    // It was made just now, so it waits.
    let dto = InvitationDto::from((invitation.clone(), InvitationStatus::Pending));
    Reply::new(StatusCode::ACCEPTED, &dto)
}

/// Invite somebody into an organization; he sets his own password
#[utoipa::path(
    post,
    path = "/api/v1/users",
    tag = "Users",
    operation_id = "invite_user",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    request_body = NewInvitation,
    responses(
        (status = 202, description = "The invitation; a mail is on its way", body = InvitationDto),
        (status = 403, description = "`role_forbidden`, `role_not_assignable`, `outside_scope`, `key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no such organization", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`already_member`, `idempotency_in_flight`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn invite(call: Call, body: Body<NewInvitation>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let render = |invitation: &Invitation| reply(invitation).kept();
    let once = once::requested(&call.request, &body.raw)?.map(|request| Once {
        request,
        render: &render,
    });
    let invitations = &call.application.invitations;
    let done = invitations
        .invite(&call.confirmed()?, &body.value.into(), once.as_ref())
        .await?;
    once::answer(done, reply)
}
