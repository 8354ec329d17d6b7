//! Listing organizations.

use accunode_application::organizations::ListOrganizations;
use accunode_domain::id::OrganizationId;
use accunode_ports::repositories::OrganizationFilter;

use super::dto::OrganizationDto;
use crate::http::{
    call::Authenticated,
    export::Columns,
    list::{self, ListDto, NewestOrByName, Paging, Slice, Start},
    problem::Answer,
    query::{Text, query},
};

query! {
    /// The filters and the order of organizations.
    pub(crate) struct OrganizationQuery {
        /// Ranks by likeness of name and domain; such a list has one page
        q: Option<Text<200>>,
        /// Only organizations that are active, or that are not
        is_active: Option<bool>,
        /// Only the children of this root
        parent_id: Option<OrganizationId>,
        ; page: Paging<NewestOrByName>,
    }
}

impl OrganizationQuery {
    fn command(self, Start { limit, after }: Start) -> ListOrganizations {
        ListOrganizations {
            filter: OrganizationFilter {
                q: self.q.map(|q| q.0),
                is_active: self.is_active,
                parent: self.parent_id,
            },
            sort: self.page.sort(),
            limit,
            after,
        }
    }
}

/// List the caller's organizations: their own, their tenant's, or all
#[utoipa::path(
    get,
    path = super::ALL,
    tag = "Organizations",
    operation_id = "list_organizations",
    params(OrganizationQuery),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/x-ndjson` all of them", content(
            (ListDto<OrganizationDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        )),
        (status = 403, description = "`role_forbidden`, `outside_scope`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let query: OrganizationQuery = call.query()?;
    let columns = Columns::of(OrganizationDto::COLUMNS);
    list::answer(
        &call,
        "organization",
        columns,
        query.page.start(),
        move |app, caller, start| {
            let command = query.clone().command(start);
            async move {
                let page = app.organizations.list(&caller, command).await?;
                Ok(Slice::of(page, OrganizationDto::from))
            }
        },
    )
    .await
}
