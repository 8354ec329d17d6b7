//! `GET /predictions/{kind}`

use accunode_application::predictions::ListPredictions;
use accunode_domain::{
    company::Symbol,
    page::{Cursor, Sort},
    prediction::{Kind, ReportingYear},
};
use accunode_ports::repositories::PredictionFilter;

use super::dto::PredictionDto;
use crate::{
    call::Call,
    export::Columns,
    names::{AccessLevelName, KindName, QuarterName, RiskLevelName},
    page::{self, ListDto, Slice},
    params::Params,
    problem::{Answer, Problem},
};

fn query(kind: Kind, mut params: Params) -> Result<ListPredictions, Problem> {
    let filter = PredictionFilter {
        company: params.id("company_id"),
        symbol: params.checked("symbol", Symbol::parse),
        sector: params.text("sector", 100),
        year: params.checked("reporting_year", ReportingYear::parse),
        quarter: match kind {
            Kind::Annual => None,
            Kind::Quarterly => params.name("reporting_quarter"),
        },
        risk_level: params.name("risk_level"),
        probability_gte: params.probability("probability_gte"),
        probability_lte: params.probability("probability_lte"),
        model_version: params.text("model_version", 100),
        job: params.id("job_id"),
        created_from: params.time("created_from"),
        created_to: params.time("created_to"),
    };
    let sort = params.sort(&[Sort::CreatedAt, Sort::Pd]);
    let query = ListPredictions {
        access_level: params.name("access_level"),
        organization: params.id("organization_id"),
        sort,
        limit: params.limit(),
        after: params.after(sort),
        filter,
    };
    params.finish()?;
    Ok(query)
}

/// Predictions that the caller can read
#[utoipa::path(
    get,
    path = "/api/v1/predictions/{kind}",
    tag = "Predictions",
    operation_id = "list_predictions",
    params(
        ("kind" = KindName, Path),
        ("company_id" = Option<uuid::Uuid>, Query),
        ("symbol" = Option<String>, Query),
        ("sector" = Option<String>, Query),
        ("reporting_year" = Option<String>, Query),
        ("reporting_quarter" = Option<QuarterName>, Query, description = "Of quarterly predictions"),
        ("risk_level" = Option<RiskLevelName>, Query),
        ("probability_gte" = Option<f64>, Query, description = "On the PD in full precision"),
        ("probability_lte" = Option<f64>, Query, description = "On the PD in full precision"),
        ("access_level" = Option<AccessLevelName>, Query),
        ("organization_id" = Option<uuid::Uuid>, Query),
        ("model_version" = Option<String>, Query),
        ("job_id" = Option<uuid::Uuid>, Query, description = "The upload they came with"),
        ("created_from" = Option<String>, Query, description = "RFC 3339"),
        ("created_to" = Option<String>, Query, description = "RFC 3339"),
        ("sort" = Option<String>, Query, description = "created_at (newest first) or pd (riskiest first)"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page; as `text/csv` all of them", content(
            (ListDto<PredictionDto> = "application/json"), (String = "text/csv"),
        )),
        (status = 403, description = "`outside_scope`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(call: Call) -> Answer {
    let kind: Kind = call.name("kind")?;
    let query = query(kind, call.params())?;
    let (limit, after) = (query.limit, query.after.clone());
    let (application, caller) = (call.application.clone(), call.caller.clone());
    let fetch = Box::new(move |limit, after: Option<Cursor>| {
        let (predictions, caller) = (application.predictions.clone(), caller.clone());
        let query = ListPredictions {
            limit,
            after,
            ..query.clone()
        };
        let page = async move {
            let page = predictions.list(&caller, kind, query).await?;
            Ok(Slice::of(page, PredictionDto::from))
        };
        Box::pin(page) as _
    });
    let ratios: Vec<_> = kind
        .ratios()
        .iter()
        .map(|definition| definition.name)
        .collect();
    let columns = Columns::of(PredictionDto::COLUMNS)
        .and("/ratios", &ratios)
        .named("model_name", "/model/name")
        .named("model_version", "/model/version");
    let name = match kind {
        Kind::Annual => "annual_prediction",
        Kind::Quarterly => "quarterly_prediction",
    };
    page::answer(&call, name, columns, limit, after, fetch).await
}
