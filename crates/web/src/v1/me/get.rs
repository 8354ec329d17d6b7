//! Operation `get_account`.

use crate::{
    http::{call::Authenticated, etag, problem::Answer},
    v1::auth::dto::MeDto,
};

/// The caller: account, effective role, organization and tenant
#[utoipa::path(
    get,
    path = super::ONE,
    tag = "Account",
    operation_id = "get_account",
    responses((status = 200, description = "Oneself", body = MeDto))
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
    call.no_params()?;
    let auth = &call.application.auth;
    let me = auth.me(call.caller.actor.user()).await?;
    let version = me.user.row_version;
    etag::object(&call.request, version, &MeDto::from(me))
}
