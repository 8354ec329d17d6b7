//! Monitoring: whether the inputs and the score of a model still lie as in a baseline.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use super::{
    bins::{BinEdges, InputBins, ScoreBins, TrainingBins},
    stability::{Psi, Stability, psi},
};
use crate::{
    Timestamp,
    fault::Fault,
    id::{CompanyId, MonitoringSnapshotId},
    owner::Owner,
    prediction::{Kind, Period},
    risk::ModelRef,
};

/// The largest number of companies that are named because their PD moved most.
pub const MOST_MOVERS: u32 = 20;
/// The largest number of periods of a trend, the newest ones.
pub const MOST_PERIODS: usize = 12;
/// The smallest and the largest PD whose log-odds are compared: a model of one's own may give 0
/// or 1.
const EXTREME: f64 = 1e-12;

/// What the predictions of a period are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Baseline {
    /// The statements that the model was trained with.
    #[default]
    Training,
    /// The predictions of another period by the same model.
    Period(Period),
}

impl Baseline {
    /// The name of the training data.
    pub const TRAINING: &'static str = "training";

    /// Reads `training`, or a period.
    ///
    /// # Errors
    /// `invalid_baseline` at `pointer`.
    pub fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        if text.trim() == Self::TRAINING {
            return Ok(Self::Training);
        }
        let period = Period::read(pointer, text).map_err(|fault| Fault {
            code: "invalid_baseline".to_owned(),
            detail: format!("{}, nor is it {:?}", fault.detail, Self::TRAINING),
            ..fault
        })?;
        Ok(Self::Period(period))
    }
}

impl std::fmt::Display for Baseline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Training => f.write_str(Self::TRAINING),
            Self::Period(period) => period.fmt(f),
        }
    }
}

impl Serialize for Baseline {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How many statements lie in each bin of one input or of the score.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BinCounts {
    /// Between the bounds, bin by bin.
    pub bins: Vec<u64>,
    /// With the lower bound as value, brought there or not.
    pub at_min: u64,
    /// With the upper bound as value, brought there or not.
    pub at_max: u64,
    /// Without a value.
    pub missing: u64,
    /// Brought to the lower bound; `None` where that is not known.
    pub clamped_low: Option<u64>,
    /// Brought to the upper bound, also for a denominator that is not positive; `None` where
    /// that is not known.
    pub clamped_high: Option<u64>,
}

impl BinCounts {
    /// Returns counts of nothing in as many bins as there are between these edges.
    #[must_use]
    pub fn empty(edges: &[f64]) -> Self {
        Self {
            bins: vec![0; edges.len() + 1],
            clamped_low: Some(0),
            clamped_high: Some(0),
            ..Self::default()
        }
    }

    /// Returns the number of all statements.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.bins.iter().sum::<u64>() + self.at_min + self.at_max + self.missing
    }
}

impl From<&InputBins> for BinCounts {
    fn from(bins: &InputBins) -> Self {
        Self {
            bins: bins.counts.clone(),
            at_min: bins.at_min,
            at_max: bins.at_max,
            missing: bins.missing,
            ..Self::default()
        }
    }
}

impl From<&ScoreBins> for BinCounts {
    fn from(bins: &ScoreBins) -> Self {
        Self {
            bins: bins.counts.clone(),
            ..Self::default()
        }
    }
}

/// The predictions of one period by one model, counted.
#[derive(Clone, Debug, PartialEq)]
pub struct PeriodCounts {
    /// The reporting period.
    pub period: Period,
    /// Companies whose sector the model did not learn from. They are in no other count.
    pub out_of_scope: u64,
    /// The mean PD; `None` where no company is in scope.
    pub mean_pd: Option<f64>,
    /// One for each input, in the order of the kind's ratios; none where only the score is
    /// counted.
    pub inputs: Vec<BinCounts>,
    /// The PDs.
    pub score: BinCounts,
}

/// What is in a bin.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum BinKind {
    /// Statements without a value.
    Missing,
    /// Statements whose value is the lower bound.
    AtMin,
    /// Values between two edges.
    Between,
    /// Statements whose value is the upper bound.
    AtMax,
}

crate::fault::text_enum!(BinKind);

/// One bin in the baseline and in the period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinShift {
    /// What is in it.
    pub kind: BinKind,
    /// Its lower edge; `None` for the lowest one.
    pub from: Option<f64>,
    /// Its upper edge; `None` for the highest one.
    pub to: Option<f64>,
    /// The count of the baseline.
    pub expected: u64,
    /// The count of the period.
    pub actual: u64,
}

/// One input or the score in the baseline and in the period.
#[derive(Clone, Debug, PartialEq)]
pub struct FigureShift {
    /// Bins that hold a statement of either side: missing values, the lower bound, the bins
    /// between, the upper bound. The others tell nothing and are in no test.
    pub bins: Vec<BinShift>,
    /// The stability index; `None` with fewer than two bins or without statements.
    pub psi: Option<Psi>,
    /// The counts of the baseline.
    pub expected: BinCounts,
    /// The counts of the period.
    pub actual: BinCounts,
}

impl FigureShift {
    /// Compares counts in the bins between these edges.
    #[must_use]
    pub fn of(edges: &[f64], expected: BinCounts, actual: BinCounts) -> Self {
        let special = |kind, expected, actual| BinShift {
            kind,
            from: None,
            to: None,
            expected,
            actual,
        };
        let mut bins = vec![
            special(BinKind::Missing, expected.missing, actual.missing),
            special(BinKind::AtMin, expected.at_min, actual.at_min),
        ];
        let counts = expected.bins.iter().zip(&actual.bins).enumerate();
        bins.extend(counts.map(|(at, (expected, actual))| {
            BinShift {
                kind: BinKind::Between,
                from: at
                    .checked_sub(1)
                    .and_then(|below| edges.get(below).copied()),
                to: edges.get(at).copied(),
                expected: *expected,
                actual: *actual,
            }
        }));
        bins.push(special(BinKind::AtMax, expected.at_max, actual.at_max));
        bins.retain(|bin| bin.expected > 0 || bin.actual > 0);
        let (before, now): (Vec<_>, Vec<_>) = bins.iter().map(|b| (b.expected, b.actual)).unzip();
        Self {
            psi: psi(&before, &now),
            bins,
            expected,
            actual,
        }
    }

    /// Returns the degrees of freedom of the critical value: one less than there are bins.
    #[must_use]
    pub fn degrees(&self) -> usize {
        self.bins.len().saturating_sub(1)
    }

    /// Returns the verdict: undetermined where there is no index.
    #[must_use]
    pub fn verdict(&self) -> Stability {
        self.psi.map_or(Stability::Undetermined, |psi| psi.verdict)
    }
}

/// All figures of a period against a baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct PeriodShift {
    /// One for each input, in the order of the kind's ratios.
    pub inputs: Vec<FigureShift>,
    /// The PD.
    pub score: FigureShift,
}

impl PeriodShift {
    /// Compares a period with the training data, whose bins have these edges.
    #[must_use]
    pub fn from_training(edges: &BinEdges, bins: &TrainingBins, actual: &PeriodCounts) -> Self {
        let inputs = bins.inputs.iter().map(BinCounts::from).collect();
        Self::of(edges, inputs, BinCounts::from(&bins.score), actual)
    }

    /// Compares a period with another one.
    #[must_use]
    pub fn from_period(edges: &BinEdges, expected: &PeriodCounts, actual: &PeriodCounts) -> Self {
        let inputs = expected.inputs.clone();
        Self::of(edges, inputs, expected.score.clone(), actual)
    }

    fn of(
        edges: &BinEdges,
        expected: Vec<BinCounts>,
        score: BinCounts,
        actual: &PeriodCounts,
    ) -> Self {
        let inputs = edges.inputs.iter().zip(expected).zip(&actual.inputs);
        Self {
            inputs: inputs
                .map(|((edges, expected), actual)| FigureShift::of(edges, expected, actual.clone()))
                .collect(),
            score: FigureShift::of(&edges.pd, score, actual.score.clone()),
        }
    }

    /// Returns the worst verdict of all figures: shifted before watch, undetermined, stable.
    #[must_use]
    pub fn verdict(&self) -> Stability {
        let rank = |verdict: &Stability| match verdict {
            Stability::Stable => 0,
            Stability::Undetermined => 1,
            Stability::Watch => 2,
            Stability::Shifted => 3,
        };
        let verdicts = self.inputs.iter().map(FigureShift::verdict);
        let score = self.score.verdict();
        verdicts.chain([score]).max_by_key(rank).unwrap_or(score)
    }
}

/// A company whose PD differs between two periods.
#[derive(Clone, Debug, PartialEq)]
pub struct Mover {
    /// The company.
    pub company: CompanyId,
    /// Its symbol as of the later prediction.
    pub symbol: String,
    /// Its name as of the later prediction.
    pub name: String,
    /// The PD in the earlier period.
    pub from_pd: f64,
    /// The PD in the later period.
    pub to_pd: f64,
}

impl Mover {
    /// Returns by how much the log-odds of the PD rose.
    #[must_use]
    pub fn change(&self) -> f64 {
        let log_odds = |pd: f64| {
            let pd = pd.clamp(EXTREME, 1.0 - EXTREME);
            (pd / (1.0 - pd)).ln()
        };
        log_odds(self.to_pd) - log_odds(self.from_pd)
    }
}

/// One figure of a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnapshotFigure {
    /// The name of the ratio; `None` for the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The counts of the period.
    pub counts: BinCounts,
    /// The stability index.
    pub psi: Option<f64>,
    /// Its critical value.
    pub critical: Option<f64>,
    /// The verdict.
    pub verdict: Stability,
}

impl SnapshotFigure {
    fn of(name: Option<&str>, shift: &FigureShift) -> Self {
        Self {
            name: name.map(str::to_owned),
            counts: shift.actual.clone(),
            psi: shift.psi.map(|psi| psi.value),
            critical: shift.psi.map(|psi| psi.critical),
            verdict: shift.verdict(),
        }
    }
}

/// The result of monitoring one owner's predictions of one period by one model.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotFigures {
    /// The number of companies in scope.
    pub total: u64,
    /// Companies whose sector the model did not learn from.
    pub out_of_scope: u64,
    /// The mean PD of those in scope.
    pub mean_pd: Option<f64>,
    /// One for each input, in the order of the kind's ratios.
    pub inputs: Vec<SnapshotFigure>,
    /// The PD.
    pub score: SnapshotFigure,
    /// The worst verdict of all.
    pub verdict: Stability,
}

impl SnapshotFigures {
    /// Returns the figures of a comparison.
    #[must_use]
    pub fn of(kind: Kind, counts: &PeriodCounts, shift: &PeriodShift) -> Self {
        let inputs = kind.ratios().iter().zip(&shift.inputs);
        Self {
            total: counts.score.total(),
            out_of_scope: counts.out_of_scope,
            mean_pd: counts.mean_pd,
            inputs: inputs
                .map(|(definition, shift)| SnapshotFigure::of(Some(definition.name), shift))
                .collect(),
            score: SnapshotFigure::of(None, &shift.score),
            verdict: shift.verdict(),
        }
    }
}

/// A snapshot as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct MonitoringSnapshot {
    /// Its id.
    pub id: MonitoringSnapshotId,
    /// Whose predictions were counted.
    pub owner: Owner,
    /// Annual or quarterly predictions.
    pub kind: Kind,
    /// The model that made them.
    pub model: ModelRef,
    /// Their reporting period.
    pub period: Period,
    /// What they were compared with.
    pub baseline: Baseline,
    /// The figures.
    pub figures: SnapshotFigures,
    /// When the period was first counted.
    pub created_at: Timestamp,
    /// When the figures last changed.
    pub updated_at: Timestamp,
}

/// An owner with predictions by one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitoredPredictions {
    /// The owner.
    pub owner: Owner,
    /// Annual or quarterly predictions.
    pub kind: Kind,
    /// The model that made them.
    pub model: ModelRef,
}
