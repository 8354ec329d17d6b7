//! `GET /users`

use accunode_application::people::ListPeople;
use accunode_domain::{
    fault::Fault,
    page::{Cursor, Sort},
};
use accunode_ports::repositories::PersonFilter;

use super::dto::UserDto;
use crate::{
    call::Call,
    export::Columns,
    names::RoleName,
    page::{self, ListDto, Slice},
    params::Params,
    problem::{Answer, Problem},
};

fn query(mut params: Params) -> Result<ListPeople, Problem> {
    let query = ListPeople {
        filter: PersonFilter {
            q: params.text("q", 200),
            role: params.name("role"),
            is_active: params.parsed("is_active", "wrong_type", "true or false"),
        },
        organization: params.id("organization_id"),
        limit: params.limit(),
        after: params.after(Sort::CreatedAt),
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

/// People of one's organizations, newest first: a directory for members, in full for administrators
#[utoipa::path(
    get,
    path = "/api/v1/users",
    tag = "Users",
    operation_id = "list_users",
    params(
        ("q" = Option<String>, Query, description = "Ranks by where name or address has this text; such a list has one page"),
        ("role" = Option<RoleName>, Query, description = "The role as stored"),
        ("is_active" = Option<bool>, Query, description = "Members see only those who are"),
        ("organization_id" = Option<uuid::Uuid>, Query),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page; as `text/csv` all of them", content(
            (ListDto<UserDto> = "application/json"), (String = "text/csv"),
        )),
        (status = 403, description = "`role_forbidden`, `outside_scope`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(call: Call) -> Answer {
    let query = query(call.params())?;
    let (limit, after) = (query.limit, query.after.clone());
    let (people, caller) = (call.application.people.clone(), call.caller.clone());
    let fetch = Box::new(move |limit, after: Option<Cursor>| {
        let (people, caller) = (people.clone(), caller.clone());
        let query = ListPeople {
            limit,
            after,
            ..query.clone()
        };
        let page = async move {
            let page = people.list(&caller, query).await?;
            Ok(Slice::of(page, UserDto::from))
        };
        Box::pin(page) as _
    });
    let columns = Columns::of(UserDto::COLUMNS);
    page::answer(&call, "user", columns, limit, after, fetch).await
}
