//! Operation `revoke_api_key`.

use crate::http::{
    call::Authenticated,
    problem::{Answer, no_content},
};

/// End a key: your own, or that of a user whom you administer
#[utoipa::path(
    delete,
    path = super::ONE,
    tag = "API keys",
    operation_id = "revoke_api_key",
    params(("id" = uuid::Uuid, Path, description = "The key")),
    responses(
        (status = 204, description = "Its next request is refused"),
        (status = 403, description = "`rank_too_low`, `key_forbidden`"),
    )
)]
pub(crate) async fn revoke(call: Authenticated) -> Answer {
    call.no_params()?;
    let keys = &call.application.api_keys;
    keys.revoke(&call.confirmed()?, call.id("API key")?).await?;
    no_content()
}
