//! Listing predictions.

use accunode_application::predictions::ListPredictions;
use accunode_domain::{
    Timestamp,
    company::Symbol,
    fault::Fault,
    id::{CompanyId, JobId, OrganizationId},
    owner::AccessLevel,
    page::Sort,
    prediction::{Kind, Quarter, ReportingYear},
    risk::RiskLevel,
};
use accunode_ports::repositories::PredictionFilter;

use super::dto::{PredictionDto, prediction_columns};
use crate::http::{
    call::Authenticated,
    enums::KindName,
    list::{self, ListDto, Orders, Paging, Slice, Start},
    problem::Answer,
    query::{Share, Text, query},
};

#[derive(Debug)]
pub(crate) struct PredictionOrders;

impl Orders for PredictionOrders {
    const ORDERS: &'static [Sort] = &[Sort::CreatedAt, Sort::Pd];
}

query! {
    /// Which predictions are listed, in which order.
    pub(crate) struct PredictionQuery {
        /// Only predictions of this company
        company_id: Option<CompanyId>,
        /// Only predictions of companies with this symbol
        symbol: Option<Symbol>,
        /// Only predictions of companies of this sector
        sector: Option<Text<100>>,
        /// Only predictions of this year
        reporting_year: Option<ReportingYear>,
        /// Only predictions of this quarter; for quarterly predictions
        reporting_quarter: Option<Quarter>,
        /// Only predictions with this risk level
        risk_level: Option<RiskLevel>,
        /// Only predictions with at least this PD, compared in full precision
        probability_gte: Option<Share>,
        /// Only predictions with at most this PD, compared in full precision
        probability_lte: Option<Share>,
        /// Only predictions with this access level
        access_level: Option<AccessLevel>,
        /// Only predictions of this organization
        organization_id: Option<OrganizationId>,
        /// Only predictions that this version of the model made
        model_version: Option<Text<100>>,
        /// Only predictions of this bulk upload
        job_id: Option<JobId>,
        /// Only predictions that were created at this time or later
        created_from: Option<Timestamp>,
        /// Only predictions that were created at this time or earlier
        created_to: Option<Timestamp>,
        ; page: Paging<PredictionOrders>,
    }
}

impl PredictionQuery {
    fn command(self, Start { limit, after }: Start) -> ListPredictions {
        ListPredictions {
            filter: PredictionFilter {
                company: self.company_id,
                symbol: self.symbol,
                sector: self.sector.map(|sector| sector.0),
                year: self.reporting_year,
                quarter: self.reporting_quarter,
                risk_level: self.risk_level,
                probability_gte: self.probability_gte.map(|bound| bound.0),
                probability_lte: self.probability_lte.map(|bound| bound.0),
                model_version: self.model_version.map(|version| version.0),
                job: self.job_id,
                created_from: self.created_from,
                created_to: self.created_to,
            },
            access_level: self.access_level,
            organization: self.organization_id,
            sort: self.page.sort(),
            limit,
            after,
        }
    }
}

/// List the predictions that the caller can read
#[utoipa::path(
    get,
    path = super::ALL,
    tag = "Predictions",
    operation_id = "list_predictions",
    params(("kind" = KindName, Path), PredictionQuery),
    responses(
        (status = 200, description = "A page; as `text/csv` all of them", content(
            (ListDto<PredictionDto> = "application/json"), (String = "text/csv"),
        )),
        (status = 403, description = "`outside_scope`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let kind: Kind = call.name("kind")?;
    let query = call.query_checked(|query: &PredictionQuery| {
        let is_misplaced = kind == Kind::Annual && query.reporting_quarter.is_some();
        is_misplaced.then(|| {
            Fault::new(
                "/reporting_quarter",
                "unknown_parameter",
                "an annual prediction has no quarter; leave `reporting_quarter` out",
            )
        })
    })?;
    let columns = prediction_columns(&[kind]);
    let name = match kind {
        Kind::Annual => "annual_prediction",
        Kind::Quarterly => "quarterly_prediction",
    };
    list::answer(
        &call,
        name,
        columns,
        query.page.start(),
        move |app, caller, start| {
            let command = query.clone().command(start);
            async move {
                let page = app.predictions.list(&caller, kind, command).await?;
                Ok(Slice::of(page, PredictionDto::from))
            }
        },
    )
    .await
}
