//! `GET /api-keys`

use accunode_domain::{
    id::OrganizationId,
    page::{Cursor, Sort},
};

use super::dto::ApiKeyDto;
use crate::{
    call::Call,
    export::Columns,
    page::{self, ListDto, Slice},
    problem::Answer,
};

/// Your own keys, or those of an organization that you administer, newest first
#[utoipa::path(
    get,
    path = "/api/v1/api-keys",
    tag = "API keys",
    operation_id = "list_api_keys",
    params(
        ("organization_id" = Option<uuid::Uuid>, Query, description = "Those of its members, and those bound to it"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page; as `text/csv` all of them", content(
            (ListDto<ApiKeyDto> = "application/json"), (String = "text/csv"),
        )),
        (status = 403, description = "`role_forbidden`, `outside_scope`, `key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(call: Call) -> Answer {
    let mut params = call.params();
    let organization: Option<OrganizationId> = params.id("organization_id");
    let (limit, after) = (params.limit(), params.after(Sort::CreatedAt));
    params.finish()?;
    let (keys, caller) = (call.application.api_keys.clone(), call.caller.clone());
    let fetch = Box::new(move |limit, after: Option<Cursor>| {
        let (keys, caller) = (keys.clone(), caller.clone());
        let page = async move {
            let page = keys.list(&caller, organization, limit, after).await?;
            Ok(Slice::of(page, ApiKeyDto::from))
        };
        Box::pin(page) as _
    });
    let columns = Columns::of(ApiKeyDto::COLUMNS);
    page::answer(&call, "api_key", columns, limit, after, fetch).await
}
