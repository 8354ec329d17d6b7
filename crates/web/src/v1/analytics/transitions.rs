//! Transitions of companies between grades.

use accunode_application::validation::{TransitionsQuery, TransitionsResult};
use accunode_domain::{
    fault::Fault,
    id::OrganizationId,
    outcome::Definition,
    owner::AccessLevel,
    prediction::Kind,
    validation::{
        Basis, CellTest, FURTHER_COLUMNS, Grade, LONGEST_HORIZON, LONGEST_LAG, TransitionMethod,
        TransitionRow,
    },
};
use actix_web::HttpResponse;
use serde::Serialize;
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use super::grades::LONGEST_SCALE;
use crate::http::{
    call::Authenticated,
    enums::{AccessLevelName, BasisName, DefinitionName, KindName, TransitionMethodName},
    problem::Answer,
    query::{Months, Text, Until, query},
};

type Horizon = Months<1, LONGEST_HORIZON>;
type Lag = Months<0, LONGEST_LAG>;

query! {
    /// The transitions that are counted.
    pub(crate) struct TransitionQuery {
        /// The kind of prediction
        kind: Kind = Kind::Annual,
        /// The first day of the first window, which is needed; what happened on it was before
        from: Option<Date>,
        /// The last day: as many windows as end by then; by default one window
        to: Option<Date>,
        /// How many months a window lasts
        horizon_months: Horizon = Horizon { months: 12 },
        /// From the grades at both ends of each window, or from every change in between
        method: TransitionMethod = TransitionMethod::Cohort,
        /// The master scale: `accunode-17@1`, or the id of one that the caller can read; by default the shipped one
        scale: Option<Text<LONGEST_SCALE>>,
        /// What a default is; by default what the shipped models learned
        definition: Definition = Definition::Bankruptcy,
        /// Which predictions count
        basis: Basis = Basis::Recorded,
        /// Months from the end of a period until its statement is available, for the basis `period`
        lag_months: Lag = Lag { months: 6 },
        /// Ignore facts that were recorded later; by default now. A day counts to its end, in UTC
        as_of: Option<Until>,
        /// Whether system outcomes count in addition to the owner's
        include_system_outcomes: bool = false,
        /// Whose predictions and outcomes: by default `organization` for members of one, else `personal`
        access_level: Option<AccessLevel>,
        /// The organization, by default the caller's own
        organization_id: Option<OrganizationId>,
    }
}

impl TransitionQuery {
    fn without_beginning(&self) -> Option<Fault> {
        let detail = "say on which day the first window begins, as from=2023-12-31";
        self.from
            .is_none()
            .then(|| Fault::new("/from", "required", detail))
    }

    fn command(self, from: Date) -> TransitionsQuery {
        TransitionsQuery {
            kind: self.kind,
            from,
            to: self.to,
            horizon_months: self.horizon_months.months,
            method: self.method,
            scale: self.scale.map(|scale| scale.0),
            definition: self.definition,
            basis: self.basis,
            lag_months: self.lag_months.months,
            as_of: self.as_of.map(|time| time.0),
            include_system_outcomes: self.include_system_outcomes,
            access_level: self.access_level,
            organization: self.organization_id,
        }
    }
}

/// A migration matrix of one owner's companies, with what tests say of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transitions)]
pub(crate) struct TransitionsDto {
    #[schema(value_type = KindName)]
    kind: Kind,
    #[schema(value_type = TransitionMethodName)]
    method: TransitionMethod,
    /// Name and version of the scale.
    #[schema(example = "accunode-17@1")]
    scale: String,
    #[schema(value_type = DefinitionName)]
    definition: Definition,
    #[schema(value_type = BasisName)]
    basis: Basis,
    /// The windows, none of which overlaps another.
    windows: Vec<TransitionWindowDto>,
    /// Nothing that was recorded later counts.
    #[serde(with = "time::serde::rfc3339")]
    data_as_of: OffsetDateTime,
    #[schema(value_type = AccessLevelName)]
    access_level: AccessLevel,
    organization_id: Option<Uuid>,
    /// What the columns of a row are: the K grades, best first, `default`, `other_model` (rated by
    /// another model or version at the end: a rescoring is no migration), `exit`, `not_rated` (no
    /// prediction was recent enough at the end).
    #[schema(example = json!(["1", "2", "default", "other_model", "exit", "not_rated"]))]
    columns: Vec<String>,
    /// One for each grade at the beginning, best first.
    rows: Vec<TransitionRowDto>,
    /// Towards worse grades, 0 to 1: Σ|i − j| N over Σ max(|i − K|, |i − 1|) N (ECB 2.5.5.1). Null
    /// if no company moved in this direction, and by durations.
    bandwidth_upper: Option<f64>,
    /// The same towards better grades.
    bandwidth_lower: Option<f64>,
    /// The number of bootstrap samples behind the intervals, by durations: 0 if there are too many
    /// companies for an answer, or several windows.
    bootstrap_draws: usize,
}

/// A window: what happened after its first day and up to its last one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TransitionWindow)]
pub(crate) struct TransitionWindowDto {
    /// What happened on this day was before.
    #[schema(format = Date, example = "2023-12-31")]
    first_day: String,
    /// What happened on this day counts.
    #[schema(format = Date, example = "2024-12-31")]
    last_day: String,
}

/// Where the companies of one grade went.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TransitionRow)]
pub(crate) struct TransitionRowDto {
    /// The code of the grade at the beginning.
    #[schema(example = "10")]
    grade: String,
    /// N: companies in the grade on the first days, over all windows; by durations how often one
    /// was in it.
    total: u64,
    /// The numbers by destination, over all windows; by durations how each stay in the grade ended,
    /// with those that did not end on the diagonal.
    counts: Vec<u64>,
    /// The probability of each: N_ij/N_i, the simple mean of the windows in which the grade has
    /// companies. By durations the estimate of Aalen and Johansen, of grades and default.
    probabilities: Vec<Option<f64>>,
    /// The probability of default within a window.
    pd: Option<f64>,
    /// The lower end of its interval: by cohorts the 5 % quantile by Jeffreys over all windows, by
    /// durations the 2.5 % quantile of drawn companies.
    pd_from: Option<f64>,
    /// The upper end: the 95 % and the 97.5 % quantile.
    pd_to: Option<f64>,
    /// For each grade the statistic of its cell (ECB 2.5.5.2): below 0 if more companies went there
    /// than to the cell one step nearer to the diagonal.
    z: Vec<Option<f64>>,
    /// Φ(z): small where the matrix does not fall off from its diagonal.
    p: Vec<Option<f64>>,
}

impl TransitionRowDto {
    fn of(grade: &Grade, row: TransitionRow, cells: &[Option<CellTest>], default: usize) -> Self {
        let (pd_from, pd_to) = row.default_interval.unzip();
        Self {
            grade: grade.code.clone(),
            total: row.companies,
            counts: row.counts,
            pd: row.probabilities.get(default).copied().flatten(),
            probabilities: row.probabilities,
            pd_from,
            pd_to,
            z: cells.iter().map(|cell| cell.map(|cell| cell.z)).collect(),
            p: cells.iter().map(|cell| cell.map(|cell| cell.p)).collect(),
        }
    }
}

impl TransitionsDto {
    fn of(query: &TransitionsQuery, found: TransitionsResult) -> Self {
        let grades = found.scale.grades.grades();
        let (plan, figures) = (&found.plan, found.figures);
        let windows = plan.windows.iter().map(|window| TransitionWindowDto {
            first_day: window.first_day.to_string(),
            last_day: plan.last_day(window).to_string(),
        });
        let codes = grades.iter().map(|grade| grade.code.clone());
        let further = FURTHER_COLUMNS.map(str::to_owned);
        let none = vec![vec![None; grades.len()]; grades.len()];
        let cells = figures.cells.unwrap_or(none);
        let rows = grades.iter().zip(figures.rows).zip(&cells);
        Self {
            kind: query.kind,
            method: query.method,
            definition: query.definition,
            basis: query.basis,
            windows: windows.collect(),
            data_as_of: found.as_of,
            access_level: found.owner.level(),
            organization_id: found.owner.organization().map(|id| id.0),
            columns: codes.chain(further).collect(),
            rows: rows
                .map(|((grade, row), cells)| TransitionRowDto::of(grade, row, cells, grades.len()))
                .collect(),
            bandwidth_upper: figures.bandwidths.and_then(|found| found.upper),
            bandwidth_lower: figures.bandwidths.and_then(|found| found.lower),
            bootstrap_draws: figures.draws,
            scale: found.scale.name,
        }
    }
}

/// How companies moved between grades, one owner's at a time
///
/// Predictions of an owner meet outcomes of the same owner only. Members of an organization see
/// those of its companies. Windows have to lie within the days for which outcomes are complete.
#[utoipa::path(
    get,
    path = super::TRANSITIONS,
    tag = "Analytics",
    operation_id = "get_transitions",
    params(TransitionQuery),
    responses(
        (status = 200, description = "The matrix, row by row", body = TransitionsDto),
        (status = 403, description = "`outside_scope`"),
        (status = 409, description = "`window_not_covered`, `too_few_rows`"),
    )
)]
pub(crate) async fn transitions(call: Authenticated) -> Answer {
    let query = call.query_checked(TransitionQuery::without_beginning)?;
    let from = query.from.unwrap_or(Date::MIN);
    let query = query.command(from);
    let validations = &call.application.validations;
    let found = validations.transitions(&call.caller, &query).await?;
    Ok(HttpResponse::Ok().json(TransitionsDto::of(&query, found)))
}
