//! Operation `list_rating_scales`.

use accunode_application::rating_scales::ListScales;
use accunode_domain::{
    id::OrganizationId,
    owner::AccessLevel,
    page::Sort,
    rating_scale::{LONGEST_NAME, ScaleStatus},
};
use accunode_ports::repositories::ScaleFilter;

use super::dto::RatingScaleDto;
use crate::http::{
    call::Authenticated,
    export::Columns,
    list::{self, ListDto, Orders, Paging, Slice, Start},
    problem::Answer,
    query::{Text, query},
};

#[derive(Debug)]
pub(crate) struct ScaleOrders;

impl Orders for ScaleOrders {
    const ORDERS: &'static [Sort] = &[Sort::CreatedAt];
}

query! {
    /// The filters of master scales.
    pub(crate) struct ScaleQuery {
        /// Only versions of the scales of this name
        name: Option<Text<LONGEST_NAME>>,
        /// Only those that stand here
        status: Option<ScaleStatus>,
        /// Only those with this access level
        access_level: Option<AccessLevel>,
        /// Only those of this organization
        organization_id: Option<OrganizationId>,
        ; page: Paging<ScaleOrders>,
    }
}

impl ScaleQuery {
    fn command(self, Start { limit, after }: Start) -> ListScales {
        ListScales {
            filter: ScaleFilter {
                name: self.name.map(|name| name.0),
                status: self.status,
                shipped: false,
            },
            access_level: self.access_level,
            organization: self.organization_id,
            limit,
            after,
        }
    }
}

/// List master scales, as far as the caller can read them
///
/// The newest first, and the shipped one last.
#[utoipa::path(
    get,
    path = super::ALL,
    tag = "Validations",
    operation_id = "list_rating_scales",
    params(ScaleQuery),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/x-ndjson` all of them", content(
            (ListDto<RatingScaleDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        )),
        (status = 403, description = "`outside_scope`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let query: ScaleQuery = call.query()?;
    let columns = Columns::of(RatingScaleDto::COLUMNS);
    list::answer(
        &call,
        "rating_scale",
        columns,
        query.page.start(),
        move |app, caller, start| {
            let command = query.clone().command(start);
            async move {
                let page = app.rating_scales.list(&caller, command).await?;
                Ok(Slice::of(page, RatingScaleDto::from))
            }
        },
    )
    .await
}
