//! Oneself: `GET /me`, and what one may do about oneself.

pub(crate) mod dto;
pub(crate) mod export;
pub(crate) mod mfa;
pub(crate) mod password;
pub(crate) mod remove;
pub(crate) mod sessions;
pub(crate) mod update;

use super::auth::dto::MeDto;
use crate::{call::Call, etag, problem::Answer};

/// Oneself: the account, the role that counts, organization and tenant
#[utoipa::path(
    get,
    path = "/api/v1/me",
    tag = "Account",
    operation_id = "get_account",
    responses((status = 200, description = "Oneself", body = MeDto))
)]
pub(crate) async fn me(call: Call) -> Answer {
    call.no_params()?;
    let accounts = &call.application.accounts;
    let me = accounts.me(call.caller.actor.user()).await?;
    let version = me.user.row_version;
    etag::object(&call.request, version, &MeDto::from(me))
}
