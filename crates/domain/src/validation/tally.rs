//! The data that are kept of one window's companies while they are read: eight bytes of each,
//! and counts.

use super::{
    calibration::exit_treatments,
    migration::MigrationMatrix,
    portfolio::Portfolio,
    report::{
        Calibration, DiscriminatoryPower, Figures, GradeStability, PredictiveAbility, Reference,
        Verdicts, by_grade,
    },
    sample::{Observation, SampleCounts},
    scale::MasterScale,
    survival::kaplan_meier_counted,
    verdict::VerdictRule,
};

/// The companies of a window, counted in any order as they are read. [`Tally::figures`]
/// computes the figures of the report.
#[derive(Clone, Debug)]
pub struct Tally {
    sample: SampleCounts,
    survivors: Vec<f64>,
    defaulters: Vec<f64>,
    /// By the day of the last observation: how many defaulted then, and how many left or were
    /// only observed until then.
    ended: Vec<(u64, u64)>,
    migration: MigrationMatrix,
}

impl Tally {
    /// Creates an empty tally, for the grades of this scale.
    #[must_use]
    pub fn new(scale: &MasterScale) -> Self {
        Self {
            sample: SampleCounts::default(),
            survivors: Vec::new(),
            defaulters: Vec::new(),
            ended: Vec::new(),
            migration: MigrationMatrix::new(scale.len()),
        }
    }

    /// Counts a company of the population, under the scale of [`Tally::new`].
    pub fn add(&mut self, seen: &Observation, scale: &MasterScale) {
        self.sample.add(seen);
        if seen.excluded.is_some() {
            return;
        }
        let day = usize::from(seen.days);
        if self.ended.len() <= day {
            self.ended.resize(day + 1, (0, 0));
        }
        if seen.defaulted {
            self.defaulters.push(seen.pd);
            self.ended[day].0 += 1;
        } else {
            self.survivors.push(seen.pd);
            self.ended[day].1 += 1;
        }
        let end = seen.end.graded(|pd| scale.grade(pd));
        self.migration.add(scale.grade(seen.pd), end);
    }

    /// Counts whether a deletion took the prediction of a company; for every company, where
    /// deletions are known.
    pub fn count_deleted(&mut self, is_lost: bool) {
        self.sample.add_deleted(is_lost);
    }

    /// Returns the counts of companies.
    #[must_use]
    pub const fn sample(&self) -> &SampleCounts {
        &self.sample
    }

    /// Returns the PDs of the sample and the defaults.
    #[must_use]
    pub fn portfolio(&self) -> Portfolio {
        Portfolio::of_pds(self.survivors.clone(), self.defaulters.clone())
    }

    /// Computes the figures, with verdicts by a rule.
    #[must_use]
    pub fn figures(
        self,
        scale: &MasterScale,
        reference: &Reference,
        rule: &VerdictRule,
    ) -> Figures {
        let Self {
            sample,
            survivors,
            defaulters,
            ended,
            migration,
        } = self;
        let portfolio = Portfolio::of_pds(survivors, defaulters);
        let grades = by_grade(&portfolio, scale);
        let calibration = Calibration::of(&portfolio, &grades, reference);
        let predictive_ability = PredictiveAbility::of(&portfolio, &grades, scale, rule);
        let discriminatory_power = DiscriminatoryPower::of(&portfolio, &grades, reference);
        let verdicts = Verdicts::of(
            &sample,
            &calibration,
            &predictive_ability,
            &discriminatory_power,
            rule,
        );
        let companies = portfolio.companies();
        Figures {
            default_rate: exit_treatments(sample.sample, sample.defaults, sample.exits),
            kaplan_meier: (companies > 0).then(|| kaplan_meier_counted(companies, ended)),
            stability: GradeStability::of(&migration, &grades, scale, reference),
            sample,
            calibration,
            predictive_ability,
            discriminatory_power,
            verdicts,
        }
    }
}
