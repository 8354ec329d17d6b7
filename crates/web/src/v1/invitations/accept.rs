//! `POST /auth/accept-invitation`

use accunode_application::invitations::AcceptInvitation;
use actix_web::HttpResponse;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{body::Body, call::Visitor, problem::Answer, v1::auth::dto::MeDto};

/// What whoever accepts an invitation says of himself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acceptance {
    /// The token of the mail.
    token: String,
    /// For a new account: 10 to 128 characters, and not easily guessed. Who has an account
    /// signs in instead.
    #[schema(example = "correct horse battery", format = Password)]
    password: Option<String>,
    /// For a new account.
    #[schema(example = "Ada")]
    first_name: Option<String>,
    /// For a new account.
    #[schema(example = "Lovelace")]
    last_name: Option<String>,
}

impl std::fmt::Debug for Acceptance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Acceptance").finish_non_exhaustive()
    }
}

/// Accept an invitation: with a new account, or signed in to the one that its address has
#[utoipa::path(
    post,
    path = "/api/v1/auth/accept-invitation",
    tag = "Auth",
    operation_id = "accept_invitation",
    security(()),
    request_body = Acceptance,
    responses(
        (status = 200, description = "Oneself, as a member", body = MeDto),
        (status = 401, description = "`sign_in_required`: the address has an account", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 403, description = "`other_account`, `role_forbidden`, `key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`already_member`, `organization_full`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 410, description = "`token_expired`: accepted, withdrawn, renewed, or too old", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn accept(visitor: Visitor, body: Body<Acceptance>) -> Answer {
    let caller = visitor.confirmed()?;
    let body = body.read().await?.value;
    let form = AcceptInvitation {
        token: body.token,
        password: body.password,
        first_name: body.first_name,
        last_name: body.last_name,
    };
    let invitations = &visitor.application.invitations;
    let me = invitations
        .accept(caller.as_ref(), &form, &visitor.context)
        .await?;
    Ok(HttpResponse::Ok().json(MeDto::from(me)))
}
