//! The predictions of a period against a baseline, worked out while the caller waits.

use accunode_domain::{
    access::Scope,
    fault::Fault,
    id::OrganizationId,
    owner::{AccessLevel, Owner},
    prediction::{Kind, Period},
    validation::{
        Baseline, BinEdges, FigureShift, MOST_MOVERS, MOST_PERIODS, Mover, PeriodCounts,
        PeriodShift,
    },
};
use accunode_ports::{repositories::ModelPredictions, scoring::ModelInfo};

use super::Monitoring;
use crate::{Caller, Error, ErrorCode};

/// What is monitored.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the query's parameters")]
pub struct MonitoringQuery {
    pub name: String,
    pub version: Option<String>,
    pub period: Option<Period>,
    pub baseline: Baseline,
    pub access_level: Option<AccessLevel>,
    pub organization: Option<OrganizationId>,
}

/// The score of one period.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendPoint {
    /// The counts.
    pub counts: PeriodCounts,
    /// The comparison with the baseline.
    pub score: FigureShift,
}

/// The predictions of a period by one model, against a baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct MonitoringResult {
    /// The owner of the predictions.
    pub owner: Owner,
    /// The model that made them.
    pub model: ModelInfo,
    /// Their counts.
    pub counts: PeriodCounts,
    /// The comparison with the baseline.
    pub shift: PeriodShift,
    /// The score of the newest periods up to this one, oldest first.
    pub trend: Vec<TrendPoint>,
    /// The period with which the movers are compared: that of the baseline, or the one before;
    /// `None` if there is none.
    pub moved_from: Option<Period>,
    /// The companies whose PD moved most between the two.
    pub movers: Vec<Mover>,
}

/// What predictions are compared with: the edges of its bins, and its counts where they are
/// those of a period.
struct Expected {
    edges: BinEdges,
    period: Option<PeriodCounts>,
}

impl Monitoring {
    /// Compares the predictions of one owner by one model with a baseline: without a period
    /// those of the newest one.
    ///
    /// # Errors
    /// `NotFound` for an unknown model; `outside_scope`, `role_forbidden`,
    /// `organization_required`, `organization_mismatch`; `other_kind` for a period of the other
    /// kind of statements; `no_baseline` if the baseline has no counts; `too_few_rows` if the
    /// period has no predictions in scope.
    #[tracing::instrument(name = "monitoring.report", level = "debug", skip_all)]
    pub async fn report(
        &self,
        caller: &Caller,
        query: &MonitoringQuery,
    ) -> Result<MonitoringResult, Error> {
        let (scope, owner) = caller
            .actor
            .monitor(query.access_level, query.organization)
            .map_err(|denial| Error::denied_at(denial, "organization", "/organization_id"))?;
        let model = self.model(&query.name, query.version.as_deref())?;
        check_kind(model.kind, query)?;
        let of = ModelPredictions {
            kind: model.kind,
            model: &model.model,
        };
        let expected = self.expected(&scope, &model, query.baseline).await?;
        let mut trend = self.trend(&scope, &model, &expected).await?;
        let newest = trend
            .iter()
            .rev()
            .find(|point| point.score.actual.total() > 0);
        let period = query.period.or(newest.map(|point| point.counts.period));
        let period = period.ok_or_else(|| too_few_rows(&model, None))?;
        trend.retain(|point| point.counts.period <= period);
        trend.drain(..trend.len().saturating_sub(MOST_PERIODS));
        let repository = self.ports.store.monitoring();
        let counts = repository
            .counts(&scope, of, Some(period), &expected.edges)
            .await?;
        let counts = counts.into_iter().find(|counts| counts.score.total() > 0);
        let counts = counts.ok_or_else(|| too_few_rows(&model, Some(period)))?;
        let mut before = trend.iter().rev().map(|point| point.counts.period);
        let moved_from = match query.baseline {
            Baseline::Period(baseline) => Some(baseline),
            Baseline::Training => before.find(|earlier| *earlier < period),
        };
        let movers = match moved_from {
            Some(from) => {
                repository
                    .movers(&scope, of, from, period, MOST_MOVERS)
                    .await?
            }
            None => Vec::new(),
        };
        Ok(MonitoringResult {
            owner,
            shift: expected.shift(&model, &counts)?,
            counts,
            trend,
            moved_from,
            movers,
            model,
        })
    }

    async fn expected(
        &self,
        scope: &Scope,
        model: &ModelInfo,
        baseline: Baseline,
    ) -> Result<Expected, Error> {
        let period = match baseline {
            Baseline::Training => {
                let bins = training_bins(model)?;
                let edges = BinEdges::of_training(bins, model.shift);
                return Ok(Expected {
                    edges,
                    period: None,
                });
            }
            Baseline::Period(period) => period,
        };
        let of = ModelPredictions {
            kind: model.kind,
            model: &model.model,
        };
        let repository = self.ports.store.monitoring();
        let missing = || no_predictions(model, period);
        let cuts = repository.cuts(scope, of, period).await?;
        let cuts = cuts.ok_or_else(missing)?;
        let edges = BinEdges::above(&cuts.inputs, &cuts.pd);
        let counts = repository.counts(scope, of, Some(period), &edges).await?;
        Ok(Expected {
            period: Some(counts.into_iter().next().ok_or_else(missing)?),
            edges,
        })
    }

    /// Returns the score of every period.
    async fn trend(
        &self,
        scope: &Scope,
        model: &ModelInfo,
        expected: &Expected,
    ) -> Result<Vec<TrendPoint>, Error> {
        let of = ModelPredictions {
            kind: model.kind,
            model: &model.model,
        };
        let of_score = BinEdges {
            inputs: Vec::new(),
            pd: expected.edges.pd.clone(),
        };
        let repository = self.ports.store.monitoring();
        let periods = repository.counts(scope, of, None, &of_score).await?;
        let points = periods.into_iter().map(|counts| {
            let shift = expected.shift(model, &counts)?;
            Ok(TrendPoint {
                counts,
                score: shift.score,
            })
        });
        points.collect()
    }
}

impl Expected {
    /// Compares a period with it.
    fn shift(&self, model: &ModelInfo, counts: &PeriodCounts) -> Result<PeriodShift, Error> {
        Ok(match &self.period {
            Some(period) => PeriodShift::from_period(&self.edges, period, counts),
            None => PeriodShift::from_training(&self.edges, training_bins(model)?, counts),
        })
    }
}

fn training_bins(model: &ModelInfo) -> Result<&accunode_domain::validation::TrainingBins, Error> {
    model.training_bins.as_ref().ok_or_else(|| {
        no_baseline(format!(
            "the manifest of {} {} does not declare how its training data lie (`monitoring`): \
             name a period as baseline, as baseline=2023",
            model.model.name, model.model.version
        ))
    })
}

fn check_kind(kind: Kind, query: &MonitoringQuery) -> Result<(), Error> {
    let baseline = match query.baseline {
        Baseline::Period(period) => Some(period),
        Baseline::Training => None,
    };
    let given = [("/period", query.period), ("/baseline", baseline)];
    let others = given
        .into_iter()
        .filter_map(|(pointer, period)| Some((pointer, period.filter(|p| p.kind() != kind)?)));
    let faults: Vec<_> = others
        .map(|(pointer, period)| {
            let form = match kind {
                Kind::Annual => "a year, as 2024",
                Kind::Quarterly => "a quarter, as 2024-Q3",
            };
            let detail = format!(
                "the model predicts from {kind} statements, and {period} is no period of those: \
                 name {form}"
            );
            Fault::new(pointer, "other_kind", detail)
        })
        .collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::Invalid(faults))
}

fn no_predictions(model: &ModelInfo, period: Period) -> Error {
    no_baseline(format!(
        "{} {} has no prediction in its scope for {period}, so that nothing can be compared with \
         it: name another period, or baseline=training",
        model.model.name, model.model.version
    ))
}

fn no_baseline(detail: String) -> Error {
    Error::Conflict {
        code: ErrorCode::NoBaseline,
        detail,
        existing: None,
    }
}

fn too_few_rows(model: &ModelInfo, period: Option<Period>) -> Error {
    let of_period = period.map(|period| format!(" for {period}"));
    Error::Conflict {
        code: ErrorCode::TooFewRows,
        detail: format!(
            "this owner has no prediction by {} {} in its scope{}: check period, version, \
             access_level and organization_id",
            model.model.name,
            model.model.version,
            of_period.unwrap_or_default()
        ),
        existing: None,
    }
}
