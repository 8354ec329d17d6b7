//! Monitoring as it is written.

use accunode_application::monitoring::{MonitoringResult, TrendPoint};
use accunode_domain::{
    outcome::Definition,
    owner::AccessLevel,
    prediction::Kind,
    validation::{
        Baseline, BinCounts, BinKind, BinShift, FigureShift, MonitoringSnapshot, Mover,
        SnapshotFigure, Stability,
    },
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::period_text;
use crate::{
    http::enums::{AccessLevelName, BinKindName, DefinitionName, KindName, StabilityName},
    v1::predictions::outcome::ModelDto,
};

/// The predictions of a period by one model against a baseline.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Monitoring)]
pub(crate) struct MonitoringDto {
    /// The model that made the predictions.
    model: ModelDto,
    #[schema(value_type = KindName)]
    kind: Kind,
    /// What the model learned to predict; null where its manifest says nothing.
    #[schema(value_type = Option<DefinitionName>)]
    label: Option<Definition>,
    #[schema(value_type = AccessLevelName)]
    access_level: AccessLevel,
    organization_id: Option<Uuid>,
    /// The reporting period that is monitored.
    #[schema(example = "2024")]
    period: String,
    /// `training`, or the period that it is compared with.
    #[schema(example = "training")]
    baseline: String,
    /// Statements of the baseline.
    #[schema(example = 6197)]
    total_baseline: u64,
    /// Predictions of the period in the scope of the model, one of a company.
    total_predictions: u64,
    /// Predictions of companies whose sector the model did not learn from, which count nowhere else.
    out_of_scope_count: u64,
    /// Of the PDs in full precision.
    mean_pd: Option<f64>,
    /// The worst of all figures: shifted before watch, undetermined, stable.
    #[schema(value_type = StabilityName)]
    verdict: Stability,
    /// The PD.
    score: FigureDto,
    /// The model's inputs, in its order.
    inputs: Vec<MonitoredInputDto>,
    /// The score of the newest 12 periods up to this one against the same baseline, oldest first.
    trend: Vec<MonitoredPeriodDto>,
    /// The period that `movers` are compared with: that of the baseline, or the one before. Null
    /// where there is none.
    #[schema(example = "2023")]
    moved_from: Option<String>,
    /// The companies whose PD moved most between the two periods, at most 20.
    movers: Vec<MoverDto>,
}

/// An input, and how it lies.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MonitoredInput)]
pub(crate) struct MonitoredInputDto {
    #[schema(example = "return_on_assets")]
    name: &'static str,
    label: &'static str,
    /// Whether its edges are shares of one, and not multiples.
    is_share: bool,
    #[serde(flatten)]
    figure: FigureDto,
}

/// How an input or the score lies in the period and in the baseline.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MonitoredFigure)]
pub(crate) struct FigureDto {
    /// The population stability index, Σ (a − e) ln(a/e), with half a statement added to each bin.
    /// Null where everything is in one bin.
    #[schema(example = 0.0260)]
    psi: Option<f64>,
    /// The same without the half; null where a bin is empty.
    unsmoothed_psi: Option<f64>,
    /// What chance alone stays below in 95 of 100 periods: χ²(degrees)·(1/n + 1/m).
    #[schema(example = 0.0114)]
    critical_psi: Option<f64>,
    /// One less than there are bins.
    degrees: usize,
    /// What the index says.
    #[schema(value_type = StabilityName)]
    verdict: Stability,
    /// The share of statements without a value, 0 to 1.
    #[schema(example = 0.02)]
    missing_share: f64,
    /// The same in the baseline.
    baseline_missing_share: f64,
    /// The share of statements that were brought up to the lower bound, 0 to 1. Null for the score.
    clamped_low_share: Option<f64>,
    /// The same in the baseline; null for the training data, where it is not known.
    baseline_clamped_low_share: Option<f64>,
    /// The share that were brought down to the upper bound, also for a denominator that is not
    /// positive. Null for the score.
    clamped_high_share: Option<f64>,
    /// The same in the baseline; null for the training data, where it is not known.
    baseline_clamped_high_share: Option<f64>,
    /// Those with a statement on either side: missing values, values at the lower bound, those
    /// between, values at the upper bound.
    bins: Vec<BinDto>,
}

/// A bin in the period and in the baseline.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MonitoredBin)]
pub(crate) struct BinDto {
    /// What is in it.
    #[schema(value_type = BinKindName)]
    kind: BinKind,
    /// The lowest value of a bin between edges; null where it has no lower edge. Of the score a PD.
    from: Option<f64>,
    /// The first value that is too high; null where there is no upper edge.
    to: Option<f64>,
    /// Statements of the baseline.
    expected_count: u64,
    /// Predictions of the period.
    actual_count: u64,
    /// The share of the baseline, 0 to 1.
    #[schema(example = 0.1)]
    expected_share: f64,
    /// The share of the period, 0 to 1.
    #[schema(example = 0.12)]
    actual_share: f64,
}

/// The score of one period.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MonitoredPeriod)]
pub(crate) struct MonitoredPeriodDto {
    /// The reporting period.
    #[schema(example = "2024")]
    period: String,
    total_predictions: u64,
    /// Of the PDs in full precision.
    mean_pd: Option<f64>,
    /// The stability index of the PD.
    psi: Option<f64>,
    /// Its critical value.
    critical_psi: Option<f64>,
    /// What the index says.
    #[schema(value_type = StabilityName)]
    verdict: Stability,
}

/// A company whose PD moved.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mover)]
pub(crate) struct MoverDto {
    company_id: Uuid,
    /// Its symbol as of the later prediction.
    company_symbol: String,
    company_name: String,
    /// The PD in the earlier period.
    from_pd: f64,
    /// The PD in the later period.
    to_pd: f64,
    /// By how much its log-odds rose; below 0 where the company has become safer. 0.7 doubles the
    /// odds.
    #[schema(example = 0.7)]
    log_odds_change: f64,
}

impl From<Mover> for MoverDto {
    fn from(mover: Mover) -> Self {
        Self {
            company_id: mover.company.0,
            log_odds_change: mover.change(),
            company_symbol: mover.symbol,
            company_name: mover.name,
            from_pd: mover.from_pd,
            to_pd: mover.to_pd,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 statements")]
fn share(count: u64, total: u64) -> f64 {
    if total == 0 {
        0.0
    } else {
        count as f64 / total as f64
    }
}

impl FigureDto {
    /// Of an input, or of the score, of which nothing is clamped.
    fn of(shift: &FigureShift, is_input: bool) -> Self {
        let (before, now) = (shift.expected.total(), shift.actual.total());
        let of = |counts: &BinCounts, count: fn(&BinCounts) -> Option<u64>| {
            let count = count(counts).filter(|_| is_input);
            count.map(|count| share(count, counts.total()))
        };
        let bin = |bin: &BinShift| BinDto {
            kind: bin.kind,
            from: bin.from,
            to: bin.to,
            expected_count: bin.expected,
            actual_count: bin.actual,
            expected_share: share(bin.expected, before),
            actual_share: share(bin.actual, now),
        };
        Self {
            psi: shift.psi.map(|psi| psi.value),
            unsmoothed_psi: shift.psi.and_then(|psi| psi.unsmoothed),
            critical_psi: shift.psi.map(|psi| psi.critical),
            degrees: shift.degrees(),
            verdict: shift.verdict(),
            missing_share: share(shift.actual.missing, now),
            baseline_missing_share: share(shift.expected.missing, before),
            clamped_low_share: of(&shift.actual, |counts| counts.clamped_low),
            baseline_clamped_low_share: of(&shift.expected, |counts| counts.clamped_low),
            clamped_high_share: of(&shift.actual, |counts| counts.clamped_high),
            baseline_clamped_high_share: of(&shift.expected, |counts| counts.clamped_high),
            bins: shift.bins.iter().map(bin).collect(),
        }
    }
}

impl From<&TrendPoint> for MonitoredPeriodDto {
    fn from(point: &TrendPoint) -> Self {
        Self {
            period: period_text(point.counts.period),
            total_predictions: point.counts.score.total(),
            mean_pd: point.counts.mean_pd,
            psi: point.score.psi.map(|psi| psi.value),
            critical_psi: point.score.psi.map(|psi| psi.critical),
            verdict: point.score.verdict(),
        }
    }
}

fn baseline_text(baseline: Baseline) -> String {
    match baseline {
        Baseline::Training => Baseline::TRAINING.to_owned(),
        Baseline::Period(period) => period_text(period),
    }
}

impl MonitoringDto {
    pub(super) fn of(found: MonitoringResult, baseline: Baseline) -> Self {
        let inputs = found.model.kind.ratios().iter().zip(&found.shift.inputs);
        Self {
            model: (&found.model.model).into(),
            kind: found.model.kind,
            label: found.model.label,
            access_level: found.owner.level(),
            organization_id: found.owner.organization().map(|id| id.0),
            period: period_text(found.counts.period),
            baseline: baseline_text(baseline),
            total_baseline: found.shift.score.expected.total(),
            total_predictions: found.counts.score.total(),
            out_of_scope_count: found.counts.out_of_scope,
            mean_pd: found.counts.mean_pd,
            verdict: found.shift.verdict(),
            score: FigureDto::of(&found.shift.score, false),
            inputs: inputs
                .map(|(definition, shift)| MonitoredInputDto {
                    name: definition.name,
                    label: definition.label,
                    is_share: definition.is_share,
                    figure: FigureDto::of(shift, true),
                })
                .collect(),
            trend: found.trend.iter().map(Into::into).collect(),
            moved_from: found.moved_from.map(period_text),
            movers: found.movers.into_iter().map(Into::into).collect(),
        }
    }
}

/// What nightly monitoring counted of one owner's predictions of a period.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MonitoringSnapshot)]
pub(crate) struct SnapshotDto {
    id: Uuid,
    /// The model that made the predictions.
    model: ModelDto,
    #[schema(value_type = KindName)]
    kind: Kind,
    /// The reporting period.
    #[schema(example = "2024")]
    period: String,
    /// What it was compared with: `training`.
    #[schema(example = "training")]
    baseline: String,
    /// Predictions in the scope of the model.
    total_predictions: u64,
    /// Predictions of companies whose sector the model did not learn from, which count nowhere else.
    out_of_scope_count: u64,
    /// Of the PDs in full precision; null where none is in scope.
    mean_pd: Option<f64>,
    /// The worst of all figures.
    #[schema(value_type = StabilityName)]
    verdict: Stability,
    /// The PD.
    score: SnapshotFigureDto,
    /// The model's inputs, in its order.
    inputs: Vec<SnapshotFigureDto>,
    #[schema(value_type = AccessLevelName)]
    access_level: AccessLevel,
    organization_id: Option<Uuid>,
    /// When the period was first counted.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When a count last changed.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

/// One figure of a snapshot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MonitoringSnapshotFigure)]
pub(crate) struct SnapshotFigureDto {
    /// The name of the ratio; null for the score.
    #[schema(example = "return_on_assets")]
    name: Option<String>,
    /// The stability index.
    psi: Option<f64>,
    /// Its critical value.
    critical_psi: Option<f64>,
    /// What the index says.
    #[schema(value_type = StabilityName)]
    verdict: Stability,
    /// The share of statements without a value, 0 to 1.
    missing_share: f64,
    /// The share of statements that were brought up to the lower bound, 0 to 1.
    clamped_low_share: f64,
    /// The share that were brought down to the upper bound, 0 to 1.
    clamped_high_share: f64,
}

impl From<SnapshotFigure> for SnapshotFigureDto {
    fn from(figure: SnapshotFigure) -> Self {
        let total = figure.counts.total();
        let of = |count: Option<u64>| share(count.unwrap_or(0), total);
        Self {
            missing_share: share(figure.counts.missing, total),
            clamped_low_share: of(figure.counts.clamped_low),
            clamped_high_share: of(figure.counts.clamped_high),
            name: figure.name,
            psi: figure.psi,
            critical_psi: figure.critical,
            verdict: figure.verdict,
        }
    }
}

impl SnapshotDto {
    /// The columns of an export.
    pub(super) const COLUMNS: &'static [&'static str] = &[
        "id",
        "model",
        "kind",
        "period",
        "baseline",
        "total_predictions",
        "out_of_scope_count",
        "mean_pd",
        "verdict",
        "score",
        "inputs",
        "access_level",
        "organization_id",
        "created_at",
        "updated_at",
    ];
}

impl From<MonitoringSnapshot> for SnapshotDto {
    fn from(snapshot: MonitoringSnapshot) -> Self {
        let figures = snapshot.figures;
        Self {
            id: snapshot.id.0,
            model: (&snapshot.model).into(),
            kind: snapshot.kind,
            period: period_text(snapshot.period),
            baseline: baseline_text(snapshot.baseline),
            total_predictions: figures.total,
            out_of_scope_count: figures.out_of_scope,
            mean_pd: figures.mean_pd,
            verdict: figures.verdict,
            score: figures.score.into(),
            inputs: figures.inputs.into_iter().map(Into::into).collect(),
            access_level: snapshot.owner.level(),
            organization_id: snapshot.owner.organization().map(|id| id.0),
            created_at: snapshot.created_at,
            updated_at: snapshot.updated_at,
        }
    }
}
