//! Listing companies.

use accunode_application::{Error, companies::ListCompanies};
use accunode_domain::{
    company::Symbol,
    fault::Fault,
    id::{JobId, OrganizationId},
    identifier::{IdentifierKind, Identifiers},
    owner::AccessLevel,
    page::Sort,
};
use accunode_ports::repositories::CompanyFilter;

use super::dto::CompanyDto;
use crate::http::{
    call::Authenticated,
    export::Columns,
    list::{self, ListDto, Orders, Paging, Slice, Start},
    problem::Answer,
    query::{Since, Text, Until, query},
};

#[derive(Debug)]
pub(crate) struct CompanyOrders;

impl Orders for CompanyOrders {
    const ORDERS: &'static [Sort] = &[Sort::CreatedAt, Sort::Name, Sort::Symbol, Sort::UpdatedAt];
}

query! {
    /// The filters and the order of companies.
    pub(crate) struct CompanyQuery {
        /// Ranks by likeness of name and symbol, and finds companies by their whole ISIN, LEI, FIGI or national number; such a list has one page
        q: Option<Text<200>>,
        /// Only the company with this symbol
        symbol: Option<Symbol>,
        /// Only companies of this sector
        sector: Option<Text<100>>,
        /// Only companies of this industry
        industry: Option<Text<100>>,
        /// Only companies of this country, ISO 3166 alpha-3
        country: Option<Text<3>>,
        /// Only companies of this exchange
        exchange: Option<Text<64>>,
        /// Only the companies with this ISIN
        isin: Option<Text<40>>,
        /// Only the companies with this LEI
        lei: Option<Text<40>>,
        /// Only the companies with this FIGI
        figi: Option<Text<40>>,
        /// Only the companies with this VAT or other national number
        national_id: Option<Text<64>>,
        /// Only companies with at least this market capitalization, in whole units of the currency
        market_cap_gte: Option<i64>,
        /// Only companies with at most this market capitalization
        market_cap_lte: Option<i64>,
        /// Only companies with this access level
        access_level: Option<AccessLevel>,
        /// Only companies of this organization
        organization_id: Option<OrganizationId>,
        /// Only companies that were changed at this time or later; a day counts from its start, in UTC
        updated_from: Option<Since>,
        /// Only companies that were changed at this time or earlier; a day counts to its end, in UTC
        updated_to: Option<Until>,
        /// Only companies whose last change was made by this upload or rescoring; with `sort=updated_at`
        changed_by_job: Option<JobId>,
        /// Whether the rows of all pages are counted: `total`
        total: bool = false,
        ; page: Paging<CompanyOrders>,
    }
}

impl CompanyQuery {
    /// Returns the fault of filters that cannot be combined.
    fn contradiction(&self) -> Option<Fault> {
        let is_search = self.q.is_some();
        let given = [
            ("updated_from", self.updated_from.is_some()),
            ("updated_to", self.updated_to.is_some()),
            ("changed_by_job", self.changed_by_job.is_some()),
            ("total", self.total),
        ];
        let beside_search = given
            .into_iter()
            .find(|(_, is_given)| is_search && *is_given);
        match beside_search {
            Some((name, _)) => {
                let detail = format!("a search by q has one page, and no {name}; leave one out");
                Some(Fault::new(format!("/{name}"), "contradiction", detail))
            }
            None => list::of_job(self.changed_by_job, self.page.sort()),
        }
    }

    fn command(self, Start { limit, after }: Start) -> ListCompanies {
        ListCompanies {
            filter: CompanyFilter {
                q: self.q.map(|q| q.0),
                symbol: self.symbol,
                sector: self.sector.map(|sector| sector.0),
                industry: self.industry.map(|industry| industry.0),
                country: self.country.map(|country| country.0),
                exchange: self.exchange.map(|exchange| exchange.0),
                identifiers: Identifiers {
                    isin: stored(IdentifierKind::Isin, self.isin),
                    lei: stored(IdentifierKind::Lei, self.lei),
                    figi: stored(IdentifierKind::Figi, self.figi),
                    national_id: stored(IdentifierKind::NationalId, self.national_id),
                },
                market_cap_gte: self.market_cap_gte,
                market_cap_lte: self.market_cap_lte,
                updated_from: self.updated_from.map(|from| from.0),
                updated_to: self.updated_to.map(|to| to.0),
                changed_by_job: self.changed_by_job,
            },
            access_level: self.access_level,
            organization: self.organization_id,
            sort: self.page.sort(),
            limit,
            after,
        }
    }
}

/// Converts an identifier to its stored form. An invalid one is searched as it is, and not found.
fn stored<const MAX: usize>(kind: IdentifierKind, given: Option<Text<MAX>>) -> Option<String> {
    given.map(|text| kind.read(&text.0).unwrap_or(text.0))
}

/// List the companies that the caller can read
#[utoipa::path(
    get,
    path = super::ALL,
    tag = "Companies",
    operation_id = "list_companies",
    params(CompanyQuery),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/x-ndjson` all of them", content(
            (ListDto<CompanyDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        )),
        (status = 403, description = "`outside_scope`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let query: CompanyQuery = call.query_checked(CompanyQuery::contradiction)?;
    let columns = Columns::of(CompanyDto::COLUMNS);
    let start = query.page.start();
    let counted = query.clone();
    let count = async {
        if !counted.total {
            return Ok::<Option<u32>, Error>(None);
        }
        let command = counted.command(start.clone());
        let companies = &call.application.companies;
        Ok(Some(companies.count(&call.caller, &command).await?))
    };
    list::answer_counted(
        &call,
        "company",
        columns,
        start.clone(),
        move |app, caller, start| {
            let command = query.clone().command(start);
            async move {
                let page = app.companies.list(&caller, command).await?;
                Ok(Slice::of(page, CompanyDto::from))
            }
        },
        count,
    )
    .await
}
