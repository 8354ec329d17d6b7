//! Transitions of companies between grades over several windows: from the grades at the beginning
//! and the end of each window (cohorts), or from every change in between (durations, by the
//! Aalen–Johansen estimator).

use serde::Serialize;
use time::Date;

use super::{
    backtest::first_days,
    calibration::Jeffreys,
    migration::{Bandwidths, CellTest, End, FURTHER_COLUMNS, MigrationMatrix},
    request::{LONGEST_LAG, MOST_WINDOWS, RequestFault, not_covered, to_microseconds},
    sample::{Basis, Event, KnownEvent, PredictionVersion, Window, add_months},
    scale::MasterScale,
    survival::{Spell, aalen_johansen_of_windows, bootstrap},
};
use crate::{
    Timestamp,
    fault::{Fault, Faults},
    outcome::{CoverageDays, Definition},
};

/// The most spells that are kept. A spell takes 48 bytes.
pub const MOST_SPELLS: usize = 2_000_000;
/// The longest window of an estimate, in months.
pub const LONGEST_HORIZON: u8 = 120;
/// The most bootstrap samples that are drawn for an interval.
const DRAWS: usize = 1_000;
/// The most spells that all samples together may have. With fewer samples than `FEWEST_DRAWS` no
/// interval is computed.
const MOST_DRAWN: usize = 2_000_000;
const FEWEST_DRAWS: usize = 100;
/// The states of the shipped scale: its grades and the default. With more states a spell counts
/// several times towards [`MOST_DRAWN`].
const STATES_OF_SHIPPED_SCALE: usize = 18;

/// The method that estimates transitions.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    serde::Deserialize,
    strum::EnumCount,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum TransitionMethod {
    /// From the grades at the beginning and the end of each window, as in the ECB's instructions.
    Cohort,
    /// From every change of a grade, including those of companies that entered later or left
    /// earlier.
    Duration,
}

crate::fault::text_enum!(TransitionMethod);

/// The windows of an estimate, each of the same number of months from its first day.
#[derive(Clone, Debug, PartialEq)]
pub struct TransitionWindows {
    /// The windows, in order and without overlap.
    pub windows: Vec<Window>,
    /// The length of each window, in months.
    pub months: u8,
}

impl TransitionWindows {
    /// The last day of a window.
    #[must_use]
    pub fn last_day(&self, window: &Window) -> Date {
        add_months(window.first_day, self.months.into())
    }
}

/// What was observed of the companies in one grade.
#[derive(Clone, Debug, PartialEq)]
pub struct TransitionRow {
    /// N: the companies on the first days; by durations, the spells in this grade.
    pub companies: u64,
    /// The numbers by destination: K grades, then [`FURTHER_COLUMNS`]. By durations, the spells by
    /// how they ended, with those that did not end on the diagonal.
    pub counts: Vec<u64>,
    /// The probability of each destination: the simple mean of the windows that have one. By
    /// durations, for grades and default only. `None` if no company had the grade.
    pub probabilities: Vec<Option<f64>>,
    /// The interval of the probability of default: for cohorts a 90 % Jeffreys interval over all
    /// windows; for durations a 95 % bootstrap interval over companies.
    pub default_interval: Option<(f64, f64)>,
}

/// Transitions between grades.
#[derive(Clone, Debug, PartialEq)]
pub struct TransitionFigures {
    /// One row for each grade, best first.
    pub rows: Vec<TransitionRow>,
    /// How far companies moved (ECB 2.5.5.1); only for cohorts.
    pub bandwidths: Option<Bandwidths>,
    /// The tests of the cells (ECB 2.5.5.2); only for cohorts.
    pub cells: Option<Vec<Vec<Option<CellTest>>>>,
    /// The number of bootstrap samples behind the intervals; 0 if there are no intervals.
    pub draws: usize,
}

/// Counts companies one by one. Their order affects only which of them the bootstrap draws.
#[derive(Clone, Debug)]
pub struct TransitionTally {
    plan: TransitionWindows,
    scale: MasterScale,
    observations: Observations,
}

#[derive(Clone, Debug)]
enum Observations {
    Cohorts(Vec<MigrationMatrix>),
    Spells {
        companies: usize,
        spells: Vec<Spell>,
        ends: MigrationMatrix,
    },
}

/// Transitions as requested; [`TransitionDraft::check`] turns the request into windows.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the query's parameters")]
pub struct TransitionDraft {
    pub from: Date,
    pub to: Option<Date>,
    pub months: u8,
    pub basis: Basis,
    pub lag_months: u8,
    pub as_of: Option<Timestamp>,
    pub definition: Definition,
}

impl TransitionDraft {
    /// The windows and the time up to which recorded facts count. The windows are all that end by
    /// `to`; there must be at least one.
    ///
    /// # Errors
    /// All faults together: `out_of_range`, `in_the_future`, `out_of_order` if no window ends by
    /// `to`, `too_many_windows`. After these, that outcomes do not cover a window.
    pub fn check(
        &self,
        now: Timestamp,
        coverage: Option<&CoverageDays>,
    ) -> Result<(TransitionWindows, Timestamp), RequestFault> {
        let mut faults = Faults::new();
        if !(1..=LONGEST_HORIZON).contains(&self.months) {
            let rule = format!(
                "{} months are no window; from 1 to {LONGEST_HORIZON}",
                self.months
            );
            faults.push(Fault::new("/horizon_months", "out_of_range", rule));
        }
        if self.lag_months > LONGEST_LAG {
            let rule = format!(
                "{} months are too many; at most {LONGEST_LAG}",
                self.lag_months
            );
            faults.push(Fault::new("/lag_months", "out_of_range", rule));
        }
        let as_of = self.as_of.unwrap_or(now);
        if as_of > now {
            let rule = "lies in the future: what will be known then is not known yet";
            faults.push(Fault::new("/as_of", "in_the_future", rule));
        }
        let as_of = to_microseconds(as_of);
        let months = self.months.max(1);
        let first_end = add_months(self.from, months.into());
        let to = self.to.unwrap_or(first_end);
        let ends_in_time = |day: &Date| add_months(*day, months.into()) <= to;
        let days = first_days(self.from, to, months, MOST_WINDOWS + 1).into_iter();
        let days: Vec<Date> = days.take_while(ends_in_time).collect();
        if days.is_empty() {
            let rule = format!("the first window ends on {first_end}, and to is {to}");
            faults.push(Fault::new("/to", "out_of_order", rule));
        } else if days.len() > MOST_WINDOWS {
            let rule =
                format!("these are more than {MOST_WINDOWS} windows; choose a longer horizon");
            faults.push(Fault::new("/to", "too_many_windows", rule));
        }
        if !faults.is_empty() {
            return Err(RequestFault::Invalid(faults.listed().to_vec()));
        }
        let spans = days
            .iter()
            .map(|day| (*day, add_months(*day, months.into())));
        if let Some(detail) = not_covered(self.definition, coverage, spans) {
            return Err(RequestFault::NotCovered(detail));
        }
        let window = |first_day| Window {
            first_day,
            basis: self.basis,
            lag_months: self.lag_months,
            as_of: Some(as_of),
        };
        let windows = days.into_iter().map(window).collect();
        Ok((TransitionWindows { windows, months }, as_of))
    }
}

impl TransitionTally {
    /// A tally without companies.
    #[must_use]
    pub fn new(plan: TransitionWindows, scale: MasterScale, method: TransitionMethod) -> Self {
        let empty = MigrationMatrix::new(scale.len());
        let observations = match method {
            TransitionMethod::Cohort => Observations::Cohorts(vec![empty; plan.windows.len()]),
            TransitionMethod::Duration => Observations::Spells {
                companies: 0,
                spells: Vec::new(),
                ends: empty,
            },
        };
        Self {
            plan,
            scale,
            observations,
        }
    }

    /// Counts a company from all versions of its predictions and all its outcomes.
    ///
    /// # Errors
    /// `too_many_rows` at `/method` for more than [`MOST_SPELLS`] spells.
    pub fn add(
        &mut self,
        predictions: &[PredictionVersion],
        events: &[KnownEvent],
    ) -> Result<(), Fault> {
        let Self {
            plan,
            scale,
            observations,
        } = self;
        match observations {
            Observations::Cohorts(matrices) => {
                for (window, matrix) in plan.windows.iter().zip(matrices) {
                    let last_day = plan.last_day(window);
                    let observation = window.observe_until(last_day, predictions, events);
                    let Some(observation) =
                        observation.filter(|observation| observation.excluded.is_none())
                    else {
                        continue;
                    };
                    matrix.add(
                        scale.grade(observation.pd),
                        observation.end.graded(|pd| scale.grade(pd)),
                    );
                }
            }
            Observations::Spells {
                companies,
                spells,
                ends,
            } => {
                let before = spells.len();
                let (Some(first), Some(last)) = (plan.windows.first(), plan.windows.last()) else {
                    return Ok(());
                };
                let history = History {
                    window: first,
                    until: plan.last_day(last),
                    predictions,
                    events,
                };
                history.spells(scale, *companies, |spell, end| {
                    spells.push(spell);
                    ends.add(spell.state + 1, end);
                });
                *companies += usize::from(spells.len() > before);
                if spells.len() > MOST_SPELLS {
                    let rule = format!(
                        "companies were in grades more than {MOST_SPELLS} times, which is too \
                         much for an answer; choose fewer months, or the method cohort"
                    );
                    return Err(Fault::new("/method", "too_many_rows", rule));
                }
            }
        }
        Ok(())
    }

    /// The figures; `None` if no company was counted.
    #[must_use]
    pub fn figures(self) -> Option<TransitionFigures> {
        match self.observations {
            Observations::Cohorts(matrices) => of_cohorts(&matrices),
            Observations::Spells { spells, ends, .. } => of_spells(&self.plan, &spells, &ends),
        }
    }
}

fn of_cohorts(matrices: &[MigrationMatrix]) -> Option<TransitionFigures> {
    let mut pooled = matrices.first()?.clone();
    for matrix in &matrices[1..] {
        pooled.add_all(matrix);
    }
    let companies = pooled.totals();
    if companies.iter().all(|count| *count == 0) {
        return None;
    }
    let shares: Vec<_> = matrices.iter().map(MigrationMatrix::shares).collect();
    let grades = companies.len();
    let row = |i: usize| {
        let of_windows: Vec<_> = shares.iter().filter_map(|rows| rows[i].as_ref()).collect();
        let mean = |j: usize| {
            let sum: f64 = of_windows.iter().map(|row| row[j]).sum();
            (!of_windows.is_empty()).then(|| sum / of_windows.len() as f64)
        };
        let counts = pooled.rows()[i].clone();
        let defaults = counts[grades];
        let jeffreys = Jeffreys::test(companies[i], defaults, 0.5);
        TransitionRow {
            companies: companies[i],
            probabilities: (0..grades + FURTHER_COLUMNS.len()).map(mean).collect(),
            default_interval: jeffreys.map(|found| (found.rate_from, found.rate_to)),
            counts,
        }
    };
    Some(TransitionFigures {
        rows: (0..grades).map(row).collect(),
        bandwidths: Some(pooled.bandwidths()),
        cells: Some(pooled.cell_tests()),
        draws: 0,
    })
}

fn of_spells(
    plan: &TransitionWindows,
    spells: &[Spell],
    ends: &MigrationMatrix,
) -> Option<TransitionFigures> {
    let first_day = plan.windows.first()?.first_day;
    if spells.is_empty() {
        return None;
    }
    let spans: Vec<(f64, f64)> = plan
        .windows
        .iter()
        .map(|window| {
            (
                days_between(first_day, window.first_day),
                days_between(first_day, plan.last_day(window)),
            )
        })
        .collect();
    let companies = ends.totals();
    let grades = companies.len();
    let estimates = aalen_johansen_of_windows(grades + 1, spells, &spans);
    let mean = |i: usize, j: usize| {
        let sum: f64 = estimates.iter().map(|p| p[i][j]).sum();
        sum / estimates.len() as f64
    };
    // A step of the product takes as long as the scale has grades.
    let of_a_draw = spells.len() * (grades + 1).div_ceil(STATES_OF_SHIPPED_SCALE);
    let draws = (MOST_DRAWN / of_a_draw).min(DRAWS);
    // With several windows, the intervals of single windows say nothing about their mean.
    let draws = match spans.as_slice() {
        [_] if draws >= FEWEST_DRAWS => draws,
        _ => 0,
    };
    let interval = (draws > 0).then(|| bootstrap(grades + 1, spells, spans[0], draws, SEED));
    let row = |i: usize| {
        let is_populated = companies[i] > 0;
        TransitionRow {
            companies: companies[i],
            counts: ends.rows()[i].clone(),
            probabilities: (0..grades + FURTHER_COLUMNS.len())
                .map(|j| (is_populated && j <= grades).then(|| mean(i, j)))
                .collect(),
            default_interval: interval
                .as_ref()
                .filter(|_| is_populated)
                .map(|found| (found.from[i][grades], found.to[i][grades])),
        }
    };
    Some(TransitionFigures {
        rows: (0..grades).map(row).collect(),
        bandwidths: None,
        cells: None,
        draws,
    })
}

/// A fixed seed, so that the same companies give the same intervals.
const SEED: u64 = 0x0061_6363_756e_6f64;

fn days_between(first: Date, day: Date) -> f64 {
    (day - first).whole_days() as f64
}

/// The known facts about one company.
struct History<'a> {
    /// The first window.
    window: &'a Window,
    /// The last day of the last window.
    until: Date,
    predictions: &'a [PredictionVersion],
    events: &'a [KnownEvent],
}

impl History<'_> {
    /// The spells of the company in grades, each with how it ended.
    fn spells(&self, scale: &MasterScale, company: usize, mut each: impl FnMut(Spell, End)) {
        let first_day = self.window.first_day;
        let default_state = scale.len();
        let mut open: Option<(usize, u32, Date)> = None;
        let rated = |day| {
            let rated = self.standing(day)?;
            Some((scale.grade(rated.pd) - 1, rated.model))
        };
        let days = std::iter::once(first_day).chain(self.changes());
        for day in days {
            let exited = day > first_day && self.happened(Event::Exit, day);
            let defaulted = day > first_day && self.happened(Event::Default, day);
            let now = rated(day).filter(|_| !exited && !defaulted);
            if let Some((state, model, since)) = open {
                let (next, end) = match now {
                    _ if defaulted => (Some(default_state), End::Default),
                    _ if exited => (None, End::Exit),
                    Some((grade, same)) if same == model && grade == state => continue,
                    Some((grade, same)) if same == model => (Some(grade), End::Grade(grade + 1)),
                    Some(_) => (None, End::OtherModel),
                    // The company was observed until its prediction was outdated.
                    None => (None, End::NotRated),
                };
                each(self.spell(company, state, since, day, next), end);
            }
            open = now.map(|(state, model)| (state, model, day));
            if exited {
                return;
            }
        }
        if let Some((state, _, since)) = open
            && since < self.until
        {
            let spell = self.spell(company, state, since, self.until, None);
            each(spell, End::Grade(state + 1));
        }
    }

    fn spell(
        &self,
        company: usize,
        state: usize,
        from: Date,
        to: Date,
        next: Option<usize>,
    ) -> Spell {
        let first_day = self.window.first_day;
        Spell {
            company,
            state,
            from: days_between(first_day, from),
            to: days_between(first_day, to),
            next,
        }
    }

    /// The prediction in force at the end of a day, unless the company is in default.
    fn standing(&self, day: Date) -> Option<&PredictionVersion> {
        let window = Window {
            first_day: day,
            ..*self.window
        };
        window.rated(self.predictions, self.events)
    }

    /// Whether an event that counts happened on this day.
    fn happened(&self, event: Event, day: Date) -> bool {
        let known = |e: &&KnownEvent| e.is_known(self.window.as_of);
        self.events.iter().filter(known).any(|e| {
            e.event == event && e.occurred_on == day && (event == Event::Exit || !e.technical)
        })
    }

    /// The days after the first, up to the last, on which the state may change.
    fn changes(&self) -> Vec<Date> {
        let of_prediction = |p: &PredictionVersion| {
            let made = match self.window.basis {
                Basis::Recorded => p.counts_from().date(),
                Basis::Period => add_months(p.period_end, self.window.lag_months.into()),
            };
            let day_after = |day: Date| day.next_day();
            [
                Some(made),
                p.replaced_by(self.window.as_of).map(|at| at.date()),
                day_after(add_months(p.predicted_at.date(), 12)),
                day_after(add_months(p.period_end, 24)),
            ]
        };
        let made = self.predictions.iter().flat_map(of_prediction).flatten();
        let happened = self.events.iter().map(|event| event.occurred_on);
        let within = |day: &Date| *day > self.window.first_day && *day <= self.until;
        let mut days: Vec<Date> = made.chain(happened).filter(within).collect();
        days.sort_unstable();
        days.dedup();
        days
    }
}
