//! Operation `list_default_definitions`.

use accunode_application::default_definitions::ListDefinitions;
use accunode_domain::{
    default_definition::LONGEST_CODE, id::OrganizationId, owner::AccessLevel, page::Sort,
};
use accunode_ports::repositories::DefinitionFilter;

use super::dto::DefinitionDto;
use crate::http::{
    call::Authenticated,
    export::Columns,
    list::{self, ListDto, Orders, Paging, Slice, Start},
    problem::Answer,
    query::{Text, query},
};

#[derive(Debug)]
pub(crate) struct DefinitionOrders;

impl Orders for DefinitionOrders {
    const ORDERS: &'static [Sort] = &[Sort::CreatedAt];
}

query! {
    /// The filters of definitions of default.
    pub(crate) struct DefinitionQuery {
        /// Only versions of the definition with this code
        code: Option<Text<LONGEST_CODE>>,
        /// Only those that are retired, or only those that are not
        is_retired: Option<bool>,
        /// Only those with this access level
        access_level: Option<AccessLevel>,
        /// Only those of this organization
        organization_id: Option<OrganizationId>,
        ; page: Paging<DefinitionOrders>,
    }
}

impl DefinitionQuery {
    fn command(self, Start { limit, after }: Start) -> ListDefinitions {
        ListDefinitions {
            filter: DefinitionFilter {
                code: self.code.map(|code| code.0),
                is_retired: self.is_retired,
                shipped: false,
            },
            access_level: self.access_level,
            organization: self.organization_id,
            limit,
            after,
        }
    }
}

/// List definitions of default, as far as the caller can read them
///
/// The newest first, and the shipped ones last.
#[utoipa::path(
    get,
    path = super::ALL,
    tag = "Outcomes",
    operation_id = "list_default_definitions",
    params(DefinitionQuery),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/x-ndjson` all of them", content(
            (ListDto<DefinitionDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        )),
        (status = 403, description = "`outside_scope`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let query: DefinitionQuery = call.query()?;
    let columns = Columns::of(DefinitionDto::COLUMNS);
    list::answer(
        &call,
        "default_definition",
        columns,
        query.page.start(),
        move |app, caller, start| {
            let command = query.clone().command(start);
            async move {
                let page = app.default_definitions.list(&caller, command).await?;
                Ok(Slice::of(page, DefinitionDto::from))
            }
        },
    )
    .await
}
