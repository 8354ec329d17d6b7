//! `GET /companies/{id}/predictions`

use accunode_application::companies::TimelineQuery;
use accunode_domain::{
    fault::Fault,
    id::{CompanyId, PredictionId},
    prediction::{Kind, Period},
};
use accunode_ports::repositories::{TimelineFilter, TimelineMark};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    call::Call,
    export::Columns,
    names::KindName,
    page::{self, ListDto, Slice, invalid_cursor},
    params::Params,
    problem::{Answer, Problem},
    v1::predictions::dto::PredictionDto,
};

/// Where a page ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    period: String,
    id: Uuid,
}

impl After {
    fn of(mark: TimelineMark) -> Self {
        Self {
            period: mark.period.to_string(),
            id: mark.id.0,
        }
    }

    fn mark(&self) -> Result<TimelineMark, Fault> {
        Ok(TimelineMark {
            period: Period::read("/cursor", &self.period).map_err(|_| invalid_cursor())?,
            id: PredictionId(self.id),
        })
    }
}

fn query(mut params: Params) -> Result<TimelineQuery, Problem> {
    let filter = TimelineFilter {
        kind: params.name("kind"),
        from: params.checked("from", Period::read),
        to: params.checked("to", Period::read),
    };
    let limit = params.limit();
    let after = params.opaque::<After>().and_then(|after| {
        let mark = after.mark();
        mark.map_err(|fault| params.note(fault)).ok()
    });
    params.finish()?;
    Ok(TimelineQuery {
        filter,
        limit,
        after,
    })
}

/// What there is for a company, oldest period first, both kinds
#[utoipa::path(
    get,
    path = "/api/v1/companies/{id}/predictions",
    tag = "Companies",
    operation_id = "list_company_predictions",
    params(
        ("id" = uuid::Uuid, Path, description = "The company"),
        ("kind" = Option<KindName>, Query, description = "Both, by default"),
        ("from" = Option<String>, Query, description = "A period, 2024 or 2024-Q3; a year's own statement is of its last quarter"),
        ("to" = Option<String>, Query, description = "A period, 2024 or 2024-Q3"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "Those that the caller can read; as `text/csv` all of them", content(
            (ListDto<PredictionDto> = "application/json"), (String = "text/csv"),
        )),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn timeline(call: Call) -> Answer {
    let query = query(call.params())?;
    let id: CompanyId = call.id("company")?;
    let companies = call.application.companies.clone();
    // One that cannot be read is told before the first row, also of an export.
    let company = companies.get(&call.caller, id).await?;
    let caller = call.caller.clone();
    let fetch = Box::new(move |limit, after: Option<After>| {
        let (companies, caller) = (companies.clone(), caller.clone());
        let page = async move {
            // It came from a mark, or was checked.
            let after = after.and_then(|after| after.mark().ok());
            let query = TimelineQuery {
                limit,
                after,
                ..query
            };
            let part = companies.timeline(&caller, company.id, query).await?;
            Ok(Slice {
                rows: part
                    .predictions
                    .into_iter()
                    .map(PredictionDto::from)
                    .collect(),
                next: part.next.map(After::of),
            })
        };
        Box::pin(page) as _
    });
    let kinds: Vec<Kind> = Kind::ALL
        .into_iter()
        .filter(|kind| query.filter.kind.is_none_or(|wanted| wanted == *kind))
        .collect();
    let ratios: Vec<_> = kinds
        .into_iter()
        .flat_map(|kind| kind.ratios().iter().map(|definition| definition.name))
        .collect();
    let columns = Columns::of(PredictionDto::COLUMNS)
        .and("/ratios", &ratios)
        .named("model_name", "/model/name")
        .named("model_version", "/model/version");
    let after = query.after.map(After::of);
    page::answer(
        &call,
        "company_predictions",
        columns,
        query.limit,
        after,
        fetch,
    )
    .await
}
