//! Operation `preview_invitation`.

use accunode_application::invitations::InvitationPreview;
use actix_web::HttpResponse;

use super::dto::InvitationPreviewDto;
use crate::{
    http::{body::Body, call::Anonymous, problem::Answer},
    v1::auth::dto::MailToken,
};

/// Show an invitation before it is accepted
///
/// Returns the content of the mail with the token, and whether the address already has an account,
/// whose user must then sign in to accept. The preview changes nothing.
#[utoipa::path(
    post,
    path = super::PREVIEW,
    tag = "Auth",
    operation_id = "preview_invitation",
    request_body = MailToken,
    responses(
        (status = 200, description = "What it is for", body = InvitationPreviewDto),
        (status = 410, description = "`token_expired`: accepted, withdrawn, renewed, or too old"),
    )
)]
pub(crate) async fn preview(anonymous: Anonymous, body: Body<MailToken>) -> Answer {
    let MailToken { token } = body.read().await?.value;
    let invitations = &anonymous.application.invitations;
    let preview: InvitationPreview = invitations.preview(&token).await?;
    Ok(HttpResponse::Ok().json(InvitationPreviewDto::from(preview)))
}
