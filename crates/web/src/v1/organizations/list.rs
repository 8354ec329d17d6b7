//! `GET /organizations`

use accunode_application::organizations::ListOrganizations;
use accunode_domain::{
    fault::Fault,
    page::{Cursor, Sort},
};
use accunode_ports::repositories::OrganizationFilter;

use super::dto::OrganizationDto;
use crate::{
    call::Call,
    export::Columns,
    page::{self, ListDto, Slice},
    params::Params,
    problem::{Answer, Problem},
};

fn query(mut params: Params) -> Result<ListOrganizations, Problem> {
    let filter = OrganizationFilter {
        q: params.text("q", 200),
        is_active: params.parsed("is_active", "wrong_type", "true or false"),
        parent: params.id("parent_id"),
    };
    let sort = params.sort(&[Sort::CreatedAt, Sort::Name]);
    let query = ListOrganizations {
        sort,
        limit: params.limit(),
        after: params.after(sort),
        filter,
    };
    if query.filter.q.is_some() && query.after.is_some() {
        params.note(Fault::new(
            "/cursor",
            "invalid_cursor",
            "a search by `q` has no pages",
        ));
    }
    params.finish()?;
    Ok(query)
}

/// The caller's organizations: his own, his tenant's, or all
#[utoipa::path(
    get,
    path = "/api/v1/organizations",
    tag = "Organizations",
    operation_id = "list_organizations",
    params(
        ("q" = Option<String>, Query, description = "Ranks by likeness of name and domain; such a list has one page"),
        ("is_active" = Option<bool>, Query),
        ("parent_id" = Option<uuid::Uuid>, Query, description = "Only the children of this root"),
        ("sort" = Option<String>, Query, description = "created_at (newest first) or name"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page; as `text/csv` all of them", content(
            (ListDto<OrganizationDto> = "application/json"), (String = "text/csv"),
        )),
        (status = 403, description = "`role_forbidden`, `outside_scope`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(call: Call) -> Answer {
    let query = query(call.params())?;
    let (limit, after) = (query.limit, query.after.clone());
    let (application, caller) = (call.application.clone(), call.caller.clone());
    let fetch = Box::new(move |limit, after: Option<Cursor>| {
        let (organizations, caller) = (application.organizations.clone(), caller.clone());
        let query = ListOrganizations {
            limit,
            after,
            ..query.clone()
        };
        let page = async move {
            let page = organizations.list(&caller, query).await?;
            Ok(Slice::of(page, OrganizationDto::from))
        };
        Box::pin(page) as _
    });
    page::answer(
        &call,
        "organization",
        Columns::of(OrganizationDto::COLUMNS),
        limit,
        after,
        fetch,
    )
    .await
}
