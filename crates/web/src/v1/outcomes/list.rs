//! Operation `list_outcomes`.

use accunode_application::outcomes::ListOutcomes;
use accunode_domain::{
    company::Symbol,
    fault::Fault,
    id::{CompanyId, OrganizationId},
    outcome::Definition,
    owner::AccessLevel,
    page::Sort,
    validation::Event,
};
use accunode_ports::repositories::{OutcomeFilter, OutcomeValidity};
use time::Date;

use super::dto::OutcomeDto;
use crate::http::{
    call::Authenticated,
    export::Columns,
    list::{self, ListDto, Orders, Paging, Slice, Start},
    problem::Answer,
    query::{Until, query},
};

#[derive(Debug)]
pub(crate) struct OutcomeOrders;

impl Orders for OutcomeOrders {
    const ORDERS: &'static [Sort] = &[Sort::CreatedAt];
}

query! {
    /// The filters of outcomes.
    pub(crate) struct OutcomeQuery {
        /// Only outcomes of this company
        company_id: Option<CompanyId>,
        /// Only outcomes of companies with this symbol
        symbol: Option<Symbol>,
        /// Only outcomes under this definition
        definition: Option<Definition>,
        /// Only defaults, cures or exits
        event: Option<Event>,
        /// Only what happened on this day or later
        occurred_from: Option<Date>,
        /// Only what happened on this day or before
        occurred_to: Option<Date>,
        /// What was known at this time: recorded by then, and not withdrawn; a day counts to its end, in UTC
        as_of: Option<Until>,
        /// Whether withdrawn outcomes are listed, too
        include_withdrawn: bool = false,
        /// Only outcomes with this access level
        access_level: Option<AccessLevel>,
        /// Only outcomes of this organization
        organization_id: Option<OrganizationId>,
        ; page: Paging<OutcomeOrders>,
    }
}

impl OutcomeQuery {
    fn contradiction(&self) -> Option<Fault> {
        (self.include_withdrawn && self.as_of.is_some()).then(|| {
            let detail = "as_of says which outcomes had been withdrawn; leave one of the two out";
            Fault::new("/include_withdrawn", "contradiction", detail)
        })
    }

    fn command(self, Start { limit, after }: Start) -> ListOutcomes {
        ListOutcomes {
            filter: OutcomeFilter {
                company: self.company_id,
                symbol: self.symbol,
                definition: self.definition,
                event: self.event,
                occurred_from: self.occurred_from,
                occurred_to: self.occurred_to,
                validity: match self.as_of {
                    Some(time) => OutcomeValidity::AsOf(time.0),
                    None if self.include_withdrawn => OutcomeValidity::All,
                    None => OutcomeValidity::Current,
                },
            },
            access_level: self.access_level,
            organization: self.organization_id,
            limit,
            after,
        }
    }
}

/// List the outcomes of companies that the caller can read
///
/// The most recently recorded outcome comes first. `accunode validate` reads the CSV.
#[utoipa::path(
    get,
    path = super::ALL,
    tag = "Outcomes",
    operation_id = "list_outcomes",
    params(OutcomeQuery),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/x-ndjson` all of them", content(
            (ListDto<OutcomeDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        )),
        (status = 403, description = "`outside_scope`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let query: OutcomeQuery = call.query_checked(OutcomeQuery::contradiction)?;
    let columns = Columns::of(OutcomeDto::COLUMNS);
    list::answer(
        &call,
        "outcome",
        columns,
        query.page.start(),
        move |app, caller, start| {
            let command = query.clone().command(start);
            async move {
                let page = app.outcomes.list(&caller, command).await?;
                Ok(Slice::of(page, OutcomeDto::from))
            }
        },
    )
    .await
}
