//! Listing users.

use accunode_application::users::ListUsers;
use accunode_domain::{id::OrganizationId, user::Role};
use accunode_ports::repositories::UserFilter;

use super::dto::UserDto;
use crate::http::{
    call::Authenticated,
    export::Columns,
    list::{self, ListDto, NewestFirst, Paging, Slice, Start},
    problem::Answer,
    query::{Several, Text, query},
};

query! {
    /// The filters of users.
    pub(crate) struct UserQuery {
        /// Ranks by where name or address has this text; such a list has one page
        q: Option<Text<200>>,
        /// Only users with this role, as stored
        role: Several<Role>,
        /// Only users who are active, or who are not; members see only those who are
        is_active: Option<bool>,
        /// Only members of this organization
        organization_id: Option<OrganizationId>,
        ; page: Paging<NewestFirst>,
    }
}

impl UserQuery {
    fn command(self, Start { limit, after }: Start) -> ListUsers {
        ListUsers {
            filter: UserFilter {
                q: self.q.map(|q| q.0),
                roles: self.role.0,
                is_active: self.is_active,
            },
            organization: self.organization_id,
            limit,
            after,
        }
    }
}

/// List the users of the caller's organizations, newest first
///
/// A directory for members; administrators see every field.
#[utoipa::path(
    get,
    path = super::ALL,
    tag = "Users",
    operation_id = "list_users",
    params(UserQuery),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/x-ndjson` all of them", content(
            (ListDto<UserDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        )),
        (status = 403, description = "`role_forbidden`, `outside_scope`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let query: UserQuery = call.query()?;
    let columns = Columns::of(UserDto::COLUMNS);
    list::answer(
        &call,
        "user",
        columns,
        query.page.start(),
        move |app, caller, start| {
            let command = query.clone().command(start);
            async move {
                let page = app.users.list(&caller, command).await?;
                Ok(Slice::of(page, UserDto::from))
            }
        },
    )
    .await
}
