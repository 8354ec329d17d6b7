//! Listing predictions.

use accunode_application::{Error, predictions::ListPredictions};
use accunode_domain::{
    company::Symbol,
    fault::Fault,
    id::{CompanyId, JobId, OrganizationId},
    owner::AccessLevel,
    page::Sort,
    prediction::{Kind, Quarter, ReportingYear},
    risk::RiskLevel,
    validation::MasterScale,
};
use accunode_ports::repositories::PredictionFilter;
use utoipa::openapi::{RefOr, Schema};

use super::dto::{PredictionDto, prediction_columns};
use crate::http::{
    call::Authenticated,
    enums::KindName,
    list::{self, ListDto, Orders, Paging, Slice, Start},
    problem::Answer,
    query::{Parameter, Several, Share, Since, Text, Until, query, text, unknown},
};

/// A grade of the shipped master scale, by its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GradeCode(usize);

impl Parameter for GradeCode {
    fn schema() -> RefOr<Schema> {
        let grades = MasterScale::standard().grades().iter();
        text()
            .enum_values(Some(grades.map(|grade| grade.code.as_str())))
            .into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        let scale = MasterScale::standard();
        let codes = || scale.grades().iter().map(|grade| grade.code.as_str());
        let found = scale.number(text).map(Self);
        found.ok_or_else(|| unknown(pointer, text, &codes().collect::<Vec<_>>()))
    }
}

#[derive(Debug)]
pub(crate) struct PredictionOrders;

impl Orders for PredictionOrders {
    const ORDERS: &'static [Sort] = &[Sort::CreatedAt, Sort::Pd, Sort::UpdatedAt];
}

query! {
    /// The filters and the order of predictions.
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
        risk_level: Several<RiskLevel>,
        /// Only predictions with this grade of the shipped master scale: its code, `1` to `17`
        grade: Several<GradeCode>,
        /// Only predictions with at least this PD, compared in full precision
        pd_gte: Option<Share>,
        /// Only predictions with at most this PD, compared in full precision
        pd_lte: Option<Share>,
        /// Only predictions with this access level
        access_level: Option<AccessLevel>,
        /// Only predictions of this organization
        organization_id: Option<OrganizationId>,
        /// Only predictions that this version of the model made
        model_version: Option<Text<100>>,
        /// Only predictions of this bulk upload
        job_id: Option<JobId>,
        /// Only predictions that were created at this time or later; a day counts from its start, in UTC
        created_from: Option<Since>,
        /// Only predictions that were created at this time or earlier; a day counts to its end, in UTC
        created_to: Option<Until>,
        /// Only predictions that were changed at this time or later; a day counts from its start, in UTC
        updated_from: Option<Since>,
        /// Only predictions that were changed at this time or earlier; a day counts to its end, in UTC
        updated_to: Option<Until>,
        /// Only predictions whose last change was made by this upload or rescoring; with `sort=updated_at`
        changed_by_job: Option<JobId>,
        /// Whether the rows of all pages are counted: `total`
        total: bool = false,
        ; page: Paging<PredictionOrders>,
    }
}

impl PredictionQuery {
    fn command(self, Start { limit, after }: Start) -> ListPredictions {
        let grades: Vec<usize> = self.grade.0.iter().map(|grade| grade.0).collect();
        ListPredictions {
            filter: PredictionFilter {
                company: self.company_id,
                symbol: self.symbol,
                sector: self.sector.map(|sector| sector.0),
                year: self.reporting_year,
                quarter: self.reporting_quarter,
                risk_levels: self.risk_level.0,
                pd_gte: self.pd_gte.map(|bound| bound.0),
                pd_lte: self.pd_lte.map(|bound| bound.0),
                pd_ranges: MasterScale::standard().pd_ranges(&grades),
                model_version: self.model_version.map(|version| version.0),
                job: self.job_id,
                created_from: self.created_from.map(|from| from.0),
                created_to: self.created_to.map(|to| to.0),
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

/// List the predictions that the caller can read
#[utoipa::path(
    get,
    path = super::ALL,
    tag = "Predictions",
    operation_id = "list_predictions",
    params(("kind" = KindName, Path), PredictionQuery),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/x-ndjson` all of them", content(
            (ListDto<PredictionDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        )),
        (status = 403, description = "`outside_scope`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let kind: Kind = call.name("kind")?;
    let query = call.query_checked(|query: &PredictionQuery| {
        let is_misplaced = kind == Kind::Annual && query.reporting_quarter.is_some();
        let no_quarter = is_misplaced.then(|| {
            Fault::new(
                "/reporting_quarter",
                "unknown_parameter",
                "an annual prediction has no quarter; leave `reporting_quarter` out",
            )
        });
        no_quarter.or_else(|| list::of_job(query.changed_by_job, query.page.sort()))
    })?;
    let columns = prediction_columns(&[kind]);
    let name = match kind {
        Kind::Annual => "annual_prediction",
        Kind::Quarterly => "quarterly_prediction",
    };
    let start = query.page.start();
    let counted = query.clone();
    let count = async {
        if !counted.total {
            return Ok::<Option<u32>, Error>(None);
        }
        let command = counted.command(start.clone());
        let predictions = &call.application.predictions;
        Ok(Some(predictions.count(&call.caller, kind, &command).await?))
    };
    list::answer_counted(
        &call,
        name,
        columns,
        start.clone(),
        move |app, caller, start| {
            let command = query.clone().command(start);
            async move {
                let page = app.predictions.list(&caller, kind, command).await?;
                Ok(Slice::of(page, PredictionDto::from))
            }
        },
        count,
    )
    .await
}
