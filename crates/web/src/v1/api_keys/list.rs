//! Listing API keys.

use accunode_domain::id::OrganizationId;

use super::dto::ApiKeyDto;
use crate::http::{
    call::Authenticated,
    export::Columns,
    list::{self, ListDto, NewestFirst, Paging, Slice, Start},
    problem::Answer,
    query::query,
};

query! {
    /// The filters of API keys.
    pub(crate) struct ApiKeyQuery {
        /// The keys of this organization's members, and those bound to it
        organization_id: Option<OrganizationId>,
        ; page: Paging<NewestFirst>,
    }
}

/// List your own keys, or those of an organization that you administer, newest first
#[utoipa::path(
    get,
    path = super::ALL,
    tag = "API keys",
    operation_id = "list_api_keys",
    params(ApiKeyQuery),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/x-ndjson` all of them", content(
            (ListDto<ApiKeyDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        )),
        (status = 403, description = "`role_forbidden`, `outside_scope`, `key_forbidden`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let ApiKeyQuery {
        organization_id,
        page,
    } = call.query()?;
    let columns = Columns::of(ApiKeyDto::COLUMNS);
    list::answer(
        &call,
        "api_key",
        columns,
        page.start(),
        move |app, caller, Start { limit, after }| async move {
            let keys = &app.api_keys;
            let page = keys.list(&caller, organization_id, limit, after).await?;
            Ok(Slice::of(page, ApiKeyDto::from))
        },
    )
    .await
}
