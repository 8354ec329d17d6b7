//! `GET /companies`

use accunode_application::companies::ListCompanies;
use accunode_domain::{
    company::Symbol,
    fault::Fault,
    page::{Cursor, Sort},
};
use accunode_ports::repositories::CompanyFilter;

use super::dto::CompanyDto;
use crate::{
    call::Call,
    export::Columns,
    names::AccessLevelName,
    page::{self, ListDto, Slice},
    params::Params,
    problem::{Answer, Problem},
};

fn query(mut params: Params) -> Result<ListCompanies, Problem> {
    let filter = CompanyFilter {
        q: params.text("q", 200),
        symbol: params.checked("symbol", Symbol::parse),
        sector: params.text("sector", 100),
        industry: params.text("industry", 100),
        country: params.text("country", 3),
        exchange: params.text("exchange", 10),
        market_cap_gte: params.parsed("market_cap_gte", "not_a_number", "a whole number"),
        market_cap_lte: params.parsed("market_cap_lte", "not_a_number", "a whole number"),
    };
    let sort = params.sort(&[Sort::CreatedAt, Sort::Name, Sort::Symbol]);
    let query = ListCompanies {
        access_level: params.name("access_level"),
        organization: params.id("organization_id"),
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

/// Companies that the caller can read
#[utoipa::path(
    get,
    path = "/api/v1/companies",
    tag = "Companies",
    operation_id = "list_companies",
    params(
        ("q" = Option<String>, Query, description = "Ranks by likeness of name and symbol; such a list has one page"),
        ("symbol" = Option<String>, Query),
        ("sector" = Option<String>, Query),
        ("industry" = Option<String>, Query),
        ("country" = Option<String>, Query),
        ("exchange" = Option<String>, Query),
        ("market_cap_gte" = Option<i64>, Query),
        ("market_cap_lte" = Option<i64>, Query),
        ("access_level" = Option<AccessLevelName>, Query),
        ("organization_id" = Option<uuid::Uuid>, Query),
        ("sort" = Option<String>, Query, description = "created_at (newest first), name or symbol"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page; as `text/csv` all of them", content(
            (ListDto<CompanyDto> = "application/json"), (String = "text/csv"),
        )),
        (status = 403, description = "`outside_scope`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(call: Call) -> Answer {
    let query = query(call.params())?;
    let (limit, after) = (query.limit, query.after.clone());
    let (application, caller) = (call.application.clone(), call.caller.clone());
    let fetch = Box::new(move |limit, after: Option<Cursor>| {
        let (companies, caller) = (application.companies.clone(), caller.clone());
        let query = ListCompanies {
            limit,
            after,
            ..query.clone()
        };
        let page = async move {
            let page = companies.list(&caller, query).await?;
            Ok(Slice::of(page, CompanyDto::from))
        };
        Box::pin(page) as _
    });
    page::answer(
        &call,
        "company",
        Columns::of(CompanyDto::COLUMNS),
        limit,
        after,
        fetch,
    )
    .await
}
