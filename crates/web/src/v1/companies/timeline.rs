//! Listing the predictions of one company.

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
    http::{
        call::Authenticated,
        export::Columns,
        list::{self, ListDto, OwnPaging, Slice, Start, invalid_cursor},
        problem::Answer,
        query::query,
    },
    v1::predictions::dto::{PredictionDto, prediction_columns},
};

/// The end of a page.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct After {
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

query! {
    /// The filters of a company's predictions.
    pub(crate) struct CompanyPredictionQuery {
        /// Only this kind; both by default
        kind: Option<Kind>,
        /// From this period on, 2024 or 2024-Q3; a year's own statement is of its last quarter
        from: Option<Period>,
        /// Up to this period, 2024 or 2024-Q3
        to: Option<Period>,
        ; page: OwnPaging<After>,
    }
}

/// List the predictions of a company, oldest period first, both kinds
#[utoipa::path(
    get,
    path = super::PREDICTIONS,
    tag = "Companies",
    operation_id = "list_company_predictions",
    params(("id" = Uuid, Path, description = "The company"), CompanyPredictionQuery),
    responses((status = 200, description = "Those that the caller can read; as `text/csv` or `application/x-ndjson` all of them", content(
        (ListDto<PredictionDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
    )))
)]
pub(crate) async fn timeline(call: Authenticated) -> Answer {
    let query = call.query_checked(|query: &CompanyPredictionQuery| {
        let mark = query.page.0.after.as_ref().map(After::mark);
        mark.and_then(Result::err)
    })?;
    let start = query.page.0.clone();
    let id: CompanyId = call.id("company")?;
    // An unreadable company is reported before the first row, also for an export.
    let company = call.application.companies.get(&call.caller, id).await?;
    let filter = TimelineFilter {
        kind: query.kind,
        from: query.from,
        to: query.to,
    };
    let kinds: Vec<Kind> = Kind::ALL
        .into_iter()
        .filter(|kind| query.kind.is_none_or(|wanted| wanted == *kind))
        .collect();
    let columns: Columns = prediction_columns(&kinds);
    list::answer(
        &call,
        "company_predictions",
        columns,
        start,
        move |app, caller, Start { limit, after }| async move {
            let query = TimelineQuery {
                filter,
                limit,
                // It came from a mark, or was validated.
                after: after.and_then(|after: After| after.mark().ok()),
            };
            let part = app.companies.timeline(&caller, company.id, query).await?;
            Ok(Slice {
                rows: part
                    .predictions
                    .into_iter()
                    .map(PredictionDto::from)
                    .collect(),
                next: part.next.map(After::of),
            })
        },
    )
    .await
}
