//! Operations `put_join_token`, `delete_join_token`.

use accunode_application::organizations::JoinToken;
use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{
    call::Authenticated,
    problem::{Answer, no_content},
};

/// A join token. It is shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = JoinToken)]
pub(crate) struct JoinTokenDto {
    /// For `/auth/join`.
    join_token: String,
    /// The page to hand out; it holds the token.
    #[schema(example = "https://accunode.example/join#token=join_…")]
    join_url: String,
}

impl std::fmt::Debug for JoinTokenDto {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinTokenDto").finish_non_exhaustive()
    }
}

impl From<JoinToken> for JoinTokenDto {
    fn from(token: JoinToken) -> Self {
        Self {
            join_token: token.secret.expose().to_owned(),
            join_url: token.url,
        }
    }
}

/// Make a join token; the one before is worth nothing any more
///
/// Whom it lets in is the organization's `join_policy` to say: no one, until that is changed.
#[utoipa::path(
    put,
    path = super::JOIN_TOKEN,
    tag = "Organizations",
    operation_id = "put_join_token",
    params(("id" = uuid::Uuid, Path, description = "The organization")),
    responses(
        (status = 200, description = "The token, told once", body = JoinTokenDto),
        (status = 403, description = "`field_forbidden`"),
    )
)]
pub(crate) async fn put(call: Authenticated) -> Answer {
    call.no_params()?;
    let organizations = &call.application.organizations;
    let token = organizations
        .put_join_token(&call.confirmed()?, call.id("organization")?)
        .await?;
    Ok(HttpResponse::Ok().json(JoinTokenDto::from(token)))
}

/// Take the join token away
#[utoipa::path(
    delete,
    path = super::JOIN_TOKEN,
    tag = "Organizations",
    operation_id = "delete_join_token",
    params(("id" = uuid::Uuid, Path, description = "The organization")),
    responses(
        (status = 204, description = "No one can join by it any more"),
        (status = 403, description = "`field_forbidden`"),
    )
)]
pub(crate) async fn remove(call: Authenticated) -> Answer {
    call.no_params()?;
    let organizations = &call.application.organizations;
    organizations
        .remove_join_token(&call.confirmed()?, call.id("organization")?)
        .await?;
    no_content()
}
