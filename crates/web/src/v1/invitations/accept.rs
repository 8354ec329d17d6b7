//! Operation `accept_invitation`.

use crate::http::body::RequestBody;
use crate::v1::auth::dto::account_faults;
use accunode_application::invitations::AcceptInvitation;
use accunode_domain::fault::Fault;
use actix_web::HttpResponse;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    http::{body::Body, call::MaybeAuthenticated, problem::Answer},
    v1::auth::dto::MeDto,
};

/// The form for accepting an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acceptance {
    /// The token of the mail.
    #[schema(max_length = 512)]
    token: String,
    /// For a new account: 10 to 128 characters, and not easily guessed. Who has an account
    /// signs in instead.
    #[schema(example = "correct horse battery", format = Password, max_length = 128)]
    password: Option<String>,
    /// For a new account.
    #[schema(example = "Ada", max_length = 100)]
    first_name: Option<String>,
    /// For a new account.
    #[schema(example = "Lovelace", max_length = 100)]
    last_name: Option<String>,
}

impl RequestBody for Acceptance {
    fn check_parts(body: &Value) -> Vec<Fault> {
        account_faults(body)
    }
}

impl std::fmt::Debug for Acceptance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Acceptance").finish_non_exhaustive()
    }
}

/// Accept an invitation: with a new account, or signed in to the one that its address has
#[utoipa::path(
    post,
    path = super::ACCEPT,
    tag = "Auth",
    operation_id = "accept_invitation",
    request_body = Acceptance,
    responses(
        (status = 200, description = "Oneself, as a member", body = MeDto),
        (status = 401, description = "`sign_in_required`: the address has an account"),
        (status = 403, description = "`other_account`, `role_forbidden`, `key_forbidden`"),
        (status = 409, description = "`already_member`, `organization_full`"),
        (status = 410, description = "`token_expired`: accepted, withdrawn, renewed, or too old"),
    )
)]
pub(crate) async fn accept(maybe: MaybeAuthenticated, body: Body<Acceptance>) -> Answer {
    let caller = maybe.confirmed()?;
    let body = body.read().await?.value;
    let form = AcceptInvitation {
        token: body.token,
        password: body.password,
        first_name: body.first_name,
        last_name: body.last_name,
    };
    let invitations = &maybe.application.invitations;
    let me = invitations
        .accept(caller.as_ref(), &form, &maybe.context)
        .await?;
    Ok(HttpResponse::Ok().json(MeDto::from(me)))
}
