//! Operation `join_organization`.

use crate::http::body::RequestBody;
use accunode_domain::secret::Secret;
use actix_web::HttpResponse;
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::MeDto;
use crate::http::{body::Body, call::Authenticated, problem::Answer};

/// The token of an organization.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Join {
    #[schema(max_length = 512)]
    join_token: String,
}

impl RequestBody for Join {}

impl std::fmt::Debug for Join {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Join").finish_non_exhaustive()
    }
}

/// Join an organization by its token
///
/// For a user with the role `user`. Their personal rows stay personal.
#[utoipa::path(
    post,
    path = super::JOIN,
    tag = "Auth",
    operation_id = "join_organization",
    request_body = Join,
    responses(
        (status = 200, description = "Oneself, now a member", body = MeDto),
        (status = 403, description = "`email_not_allowed`, `role_forbidden`, `key_forbidden`"),
        (status = 404, description = "`not_found`: the token opens nothing, or not any more"),
        (status = 409, description = "`already_member`, `organization_full`"),
    )
)]
pub(crate) async fn join(call: Authenticated, body: Body<Join>) -> Answer {
    call.no_params()?;
    let token = Secret::shown(&body.read().await?.value.join_token);
    let auth = &call.application.auth;
    let me = auth.join(&call.confirmed()?, &token).await?;
    Ok(HttpResponse::Ok().json(MeDto::from(me)))
}
