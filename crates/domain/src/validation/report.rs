//! The report of a back-test: every figure, in order of importance.

use serde::Serialize;

use super::{
    calibration::{
        Brier, BrierParts, ExitTreatments, GradeCounts, HosmerLemeshow, Jeffreys,
        asset_correlation, brier, brier_parts, correlated_tail, holm, hosmer_lemeshow,
    },
    discrimination::{Auc, AucChange, auc, auc_change, roc_curve},
    migration::{Bandwidths, CellTest, MigrationMatrix},
    portfolio::{PdGroup, Portfolio},
    recalibration::{CalibrationLine, Shift, calibration_line, shift},
    sample::{Observation, SampleCounts},
    scale::MasterScale,
    stability::{Concentration, concentration, concentration_change},
    sum::Sum,
    tally::Tally,
    verdict::{Verdict, VerdictRule},
};

/// The number of points of the ROC curve in a report.
const ROC_POINTS: usize = 200;

/// The reference values for comparisons, where they are known.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reference {
    /// The AUC at the model's first validation.
    pub initial_auc: Option<f64>,
    /// The target default rate of the model's prior correction.
    pub target_rate: Option<f64>,
    /// Companies by grade at the model's first validation.
    pub initial_grades: Option<Vec<u64>>,
}

/// The figures of one window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// The companies in the sample, and those that are excluded.
    pub sample: SampleCounts,
    /// D/N, and the rates under other treatments of exits.
    pub default_rate: Option<ExitTreatments>,
    /// The default rate in which companies that left count until they left.
    pub kaplan_meier: Option<f64>,
    /// How well PDs match default rates.
    pub calibration: Calibration,
    /// ECB 2.5.3: Jeffreys' test of the portfolio and of each grade.
    pub predictive_ability: PredictiveAbility,
    /// ECB 2.5.4: whether defaulters had higher PDs than survivors.
    pub discriminatory_power: DiscriminatoryPower,
    /// ECB 2.5.5: movements between grades and their concentration.
    pub stability: GradeStability,
    /// The verdict of each area.
    pub verdicts: Verdicts,
}

/// Calibration, with the most informative figures first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// δ and e^δ.
    pub shift: Option<Shift>,
    /// The target rate that the manifest would need to match.
    pub new_target_rate: Option<f64>,
    /// Intercept and slope.
    pub line: Option<CalibrationLine>,
    /// The Brier score of the PDs.
    pub brier: Option<Brier>,
    /// Its parts over grades, where each company has the mean PD of its grade.
    pub brier_parts: Option<BrierParts>,
    /// The test of Hosmer and Lemeshow, because it is often asked for.
    pub hosmer_lemeshow: Option<HosmerLemeshow>,
}

/// Tests of PDs by grade and for the portfolio.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PredictiveAbility {
    /// All companies.
    pub portfolio: Option<PdTest>,
    /// Grades, best first; those without companies have no test.
    pub grades: Vec<GradeTest>,
}

/// Tests of one PD.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PdTest {
    /// N.
    pub companies: u64,
    /// D.
    pub defaults: u64,
    /// D/N.
    pub rate: f64,
    /// The mean PD, weighted by number.
    pub pd: f64,
    /// Jeffreys' test, which assumes independent defaults.
    pub jeffreys: Jeffreys,
    /// The asset correlation that `p_correlated` uses.
    pub correlation: f64,
    /// The probability of at least D defaults with that correlation.
    pub p_correlated: f64,
}

/// Tests of a grade.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GradeTest {
    /// Its code.
    pub code: String,
    /// The tests; `None` without companies.
    pub test: Option<PdTest>,
    /// The p-value of Jeffreys' test after Holm.
    pub p_holm: Option<f64>,
    /// The verdict by that p-value and the grade's own number of defaults.
    pub verdict: Verdict,
}

/// How well the model ranks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DiscriminatoryPower {
    /// By the PDs.
    pub pd: Option<Auc>,
    /// By the grades, which are coarser.
    pub grades: Option<Auc>,
    /// Against the model's first validation, by the PDs.
    pub change: Option<AucChange>,
    /// The same, by the grades.
    pub grade_change: Option<AucChange>,
    /// The ROC curve of the PDs: shares of survivors and of defaulters.
    pub roc: Vec<(f64, f64)>,
}

/// Movements between grades, and concentration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GradeStability {
    /// From the first day to the last: K grades, default, other model, exit, not rated.
    pub migration: Vec<Vec<u64>>,
    /// How far companies moved.
    pub bandwidths: Bandwidths,
    /// The tests of the cells.
    pub cells: Vec<Vec<Option<CellTest>>>,
    /// The concentration over grades on the first day.
    pub concentration: Option<Concentration>,
    /// Small if it has grown since the model's first validation.
    pub p_concentration: Option<f64>,
}

/// The verdicts, by a [`VerdictRule`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Verdicts {
    /// The worst of the others.
    pub overall: Verdict,
    /// The verdict of δ and the slope.
    pub calibration: Verdict,
    /// The verdict of Jeffreys' test of the portfolio.
    pub portfolio: Verdict,
    /// The worst of the grades; undetermined if none has ten defaults.
    pub grades: Verdict,
    /// The verdict of the AUC's change; `None` without a reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discrimination: Option<Verdict>,
    /// Attention if deletions took more than the rule allows; missing otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletions: Option<Verdict>,
}

impl Figures {
    /// Computes the figures of the population's observations, in any order, with verdicts by the
    /// usual rule.
    #[must_use]
    pub fn of(observations: &[Observation], scale: &MasterScale, reference: &Reference) -> Self {
        let mut tally = Tally::new(scale);
        observations.iter().for_each(|seen| tally.add(seen, scale));
        tally.figures(scale, reference, &VerdictRule::default())
    }
}

/// Splits the groups grade by grade: both are ordered by PD.
pub(super) fn by_grade(portfolio: &Portfolio, scale: &MasterScale) -> Vec<GradeCounts> {
    let mut rest = portfolio.groups();
    let mut grades = Vec::with_capacity(scale.len());
    for grade in 1..=scale.len() {
        let own = rest.partition_point(|group| scale.grade(group.pd) <= grade);
        let (groups, behind) = rest.split_at(own);
        let companies = groups.iter().map(|g| g.companies).sum::<u64>();
        let total = groups.iter().map(|g| g.companies as f64 * g.pd);
        let total = total.collect::<Sum>().value();
        grades.push(GradeCounts {
            companies,
            defaults: groups.iter().map(|g| g.defaults).sum(),
            pd: if companies > 0 {
                total / companies as f64
            } else {
                0.0
            },
        });
        rest = behind;
    }
    grades
}

impl Calibration {
    pub(super) fn of(portfolio: &Portfolio, grades: &[GradeCounts], reference: &Reference) -> Self {
        let shift = shift(portfolio);
        Self {
            new_target_rate: shift
                .zip(reference.target_rate)
                .map(|(shift, rate)| shift.target_rate(rate)),
            shift,
            line: calibration_line(portfolio),
            brier: brier(portfolio),
            brier_parts: brier_parts(grades),
            hosmer_lemeshow: hosmer_lemeshow(grades),
        }
    }
}

impl PdTest {
    fn of(companies: u64, defaults: u64, pd: f64) -> Option<Self> {
        let correlation = asset_correlation(pd);
        Some(Self {
            companies,
            defaults,
            rate: defaults as f64 / companies as f64,
            pd,
            jeffreys: Jeffreys::test(companies, defaults, pd)?,
            correlation,
            p_correlated: correlated_tail(companies, defaults, pd, correlation),
        })
    }
}

impl PredictiveAbility {
    pub(super) fn of(
        portfolio: &Portfolio,
        grades: &[GradeCounts],
        scale: &MasterScale,
        rule: &VerdictRule,
    ) -> Self {
        let tests: Vec<_> = grades
            .iter()
            .map(|g| PdTest::of(g.companies, g.defaults, g.pd))
            .collect();
        let p_values: Vec<_> = tests
            .iter()
            .flatten()
            .map(|t| t.jeffreys.p_too_low)
            .collect();
        let mut adjusted = holm(&p_values).into_iter();
        let graded = tests.into_iter().zip(scale.grades()).map(|(test, grade)| {
            let p_holm = test.and_then(|_| adjusted.next());
            let defaults = test.map_or(0, |test| test.defaults);
            GradeTest {
                code: grade.code.clone(),
                test,
                p_holm,
                verdict: rule.verdict(p_holm.unwrap_or(f64::NAN), defaults),
            }
        });
        Self {
            portfolio: portfolio
                .mean_pd()
                .and_then(|pd| PdTest::of(portfolio.companies(), portfolio.defaults(), pd)),
            grades: graded.collect(),
        }
    }
}

impl DiscriminatoryPower {
    pub(super) fn of(portfolio: &Portfolio, grades: &[GradeCounts], reference: &Reference) -> Self {
        let coarse = grades.iter().enumerate().map(|(i, g)| PdGroup {
            pd: (i + 1) as f64,
            companies: g.companies,
            defaults: g.defaults,
        });
        let (pd, grades) = (auc(portfolio), auc(&Portfolio::of_groups(coarse)));
        let change = |now: Option<Auc>| {
            now.zip(reference.initial_auc)
                .and_then(|(now, initial)| auc_change(&now, initial))
        };
        Self {
            change: change(pd),
            grade_change: change(grades),
            pd,
            grades,
            roc: roc_curve(portfolio, ROC_POINTS),
        }
    }
}

impl GradeStability {
    pub(super) fn of(
        matrix: &MigrationMatrix,
        grades: &[GradeCounts],
        scale: &MasterScale,
        reference: &Reference,
    ) -> Self {
        let counts: Vec<u64> = grades.iter().map(|g| g.companies).collect();
        let now = concentration(&counts);
        let initial = reference
            .initial_grades
            .as_deref()
            .filter(|initial| initial.len() == scale.len())
            .and_then(concentration);
        Self {
            bandwidths: matrix.bandwidths(),
            cells: matrix.cell_tests(),
            migration: matrix.rows().to_vec(),
            p_concentration: now
                .zip(initial)
                .and_then(|(now, initial)| concentration_change(scale.len(), now, initial)),
            concentration: now,
        }
    }
}

impl Verdicts {
    pub(super) fn of(
        sample: &SampleCounts,
        calibration: &Calibration,
        ability: &PredictiveAbility,
        power: &DiscriminatoryPower,
        rule: &VerdictRule,
    ) -> Self {
        let defaults = sample.defaults;
        let delta = calibration.shift.map(|shift| shift.delta.p);
        let slope = calibration.line.map(|line| line.slope.p);
        let worst = |values: [Option<f64>; 2]| {
            let smallest = values.into_iter().flatten().reduce(f64::min);
            rule.verdict(smallest.unwrap_or(f64::NAN), defaults)
        };
        let calibration = worst([delta, slope]);
        let portfolio = worst([ability.portfolio.map(|t| t.jeffreys.p_too_low), None]);
        let grades = Verdict::worst(ability.grades.iter().map(|grade| grade.verdict));
        let discrimination = power
            .change
            .map(|change| worst([Some(change.p), power.grade_change.map(|c| c.p)]));
        let deletions = sample
            .deleted_share()
            .filter(|share| *share > rule.most_deleted)
            .map(|_| Verdict::Attention);
        let all = [calibration, portfolio, grades]
            .into_iter()
            .chain(discrimination)
            .chain(deletions);
        Self {
            overall: Verdict::worst(all),
            calibration,
            portfolio,
            grades,
            discrimination,
            deletions,
        }
    }
}
