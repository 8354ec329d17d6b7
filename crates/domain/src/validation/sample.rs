//! The companies of a back-test, with their PDs and outcomes, after the ECB's instructions on
//! validation reporting (2019), 2.3 and 2.5.1.
//!
//! One company is processed at a time ([`Window::observe`]), so that a sample of any size can be
//! read as a stream ordered by company.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};
use time::{Date, Month};

use super::migration::End;
use crate::{Timestamp, fault::text_enum};

/// Which prediction counts at the beginning of a window.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
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
pub enum Basis {
    /// The prediction that was stored on that day and not yet replaced.
    #[default]
    Recorded,
    /// The latest statement that was available on that day, whenever it was scored. The report
    /// is marked as hindsight: the model may have been trained on these years.
    Period,
}

text_enum!(Basis);

/// What happened to a company. On one day a default is before a cure, and a cure before an exit.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Event {
    /// It defaulted.
    Default,
    /// It returned to non-defaulted status, after its probation.
    Cure,
    /// It repaid, merged or left.
    Exit,
}

text_enum!(Event);

/// A prediction, or a version of one, with the time during which it was in force.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PredictionVersion {
    /// The last day of its reporting period.
    pub period_end: Date,
    /// When it was made.
    pub predicted_at: Timestamp,
    /// When it was raised to the owner whose figures these are, if it was made for another owner.
    /// Until then it did not count for this one.
    pub owned_from: Option<Timestamp>,
    /// When another version replaced it, or it was raised to another owner.
    pub replaced_at: Option<Timestamp>,
    /// Above 0 and below 1.
    pub pd: f64,
    /// Whether the model's training excluded companies like this.
    pub out_of_scope: bool,
    /// The model as a number: two numbers differ if name or version do.
    pub model: u32,
}

impl PredictionVersion {
    /// Returns from when on it counted for its owner. Its age is that of `predicted_at`.
    pub(super) fn counts_from(&self) -> Timestamp {
        self.owned_from
            .map_or(self.predicted_at, |raised| raised.max(self.predicted_at))
    }

    /// Returns when it was replaced, as far as that was known at a time.
    pub(super) fn replaced_by(&self, as_of: Option<Timestamp>) -> Option<Timestamp> {
        let known = |at: &Timestamp| as_of.is_none_or(|time| *at <= time);
        self.replaced_at.filter(known)
    }

    /// Returns the precedence: later versions first; of two at one time the one that was
    /// replaced later.
    fn order(&self) -> impl Ord + use<> {
        let is_last = self.replaced_at.is_none();
        (
            self.period_end,
            self.predicted_at,
            is_last,
            self.replaced_at,
            self.model,
        )
    }
}

/// A prediction that was deleted. Nothing else of it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeletedPrediction {
    /// The last day of its reporting period.
    pub period_end: Date,
    /// When its first version was made.
    pub predicted_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Timestamp,
}

/// An outcome, with the time during which it was known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownEvent {
    /// What happened.
    pub event: Event,
    /// The day on which it happened.
    pub occurred_on: Date,
    /// Whether it was caused by systems or payments and not by the company: then it does not
    /// count.
    pub technical: bool,
    /// When it was recorded; with `None` it counts at any time.
    pub recorded_at: Option<Timestamp>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Timestamp>,
}

impl KnownEvent {
    /// Returns whether it was known at a time: recorded by then, and not withdrawn.
    #[must_use]
    pub fn is_known(&self, as_of: Option<Timestamp>) -> bool {
        match as_of {
            None => self.withdrawn_at.is_none(),
            Some(time) => {
                self.recorded_at.is_none_or(|recorded| recorded <= time)
                    && self.withdrawn_at.is_none_or(|withdrawn| withdrawn > time)
            }
        }
    }
}

/// Why a company of the population is not in the sample. The first reason that applies is used.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Exclusion {
    /// It was in default on the first day.
    InDefault,
    /// It had left by the first day, and no later statement shows that it returned.
    Left,
    /// Its prediction was more than twelve months old.
    RatingOutdated,
    /// Its statement was more than 24 months old.
    StatementOutdated,
    /// The model's training excluded its sector.
    OutOfScope,
    /// The owner's outcomes are not complete for the window.
    NotCovered,
}

text_enum!(Exclusion);

/// A company of the population: the input of the figures and of the sample's file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// The PD in force on the first day.
    pub pd: f64,
    /// The last day of the statement's period.
    pub period_end: Date,
    /// Why it is not in the sample, if so.
    pub excluded: Option<Exclusion>,
    /// y: whether it had a default within the window that counts.
    pub defaulted: bool,
    /// Whether it had a technical default within the window.
    pub technical: bool,
    /// Whether it left within the window.
    pub exited: bool,
    /// Days from the first day to the first default that counts, else to the exit, else to
    /// the end of the window.
    pub days: u16,
    /// Its state at the end; the grade is that of the PD in force then.
    pub end: EndState,
}

/// The state of a company at the end of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EndState {
    /// It has this PD, by the same model.
    Pd(f64),
    /// It defaulted.
    Default,
    /// It is rated by another model or version.
    OtherModel,
    /// It left.
    Exit,
    /// It stayed, and would not be in a sample of the last day: its prediction or its statement
    /// was out of date by then, or outside of what the model learned from.
    NotRated,
}

impl EndState {
    /// Returns the state as an end of the migration matrix.
    #[must_use]
    pub fn graded(self, grade: impl Fn(f64) -> usize) -> End {
        match self {
            Self::Pd(pd) => End::Grade(grade(pd)),
            Self::Default => End::Default,
            Self::OtherModel => End::OtherModel,
            Self::Exit => End::Exit,
            Self::NotRated => End::NotRated,
        }
    }
}

/// A window of twelve months after its first day, D0: (D0, D0 + 12 months].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// D0. Events on this day itself count as before the window.
    pub first_day: Date,
    /// Which prediction is used.
    pub basis: Basis,
    /// How many months after its period a statement is available; for [`Basis::Period`].
    pub lag_months: u8,
    /// The time up to which data are known; `None` is now.
    pub as_of: Option<Timestamp>,
}

impl Window {
    /// Returns the last day: twelve months after the first.
    #[must_use]
    pub fn last_day(&self) -> Date {
        add_months(self.first_day, 12)
    }

    /// Returns the observation of one company from all versions of its predictions and all its
    /// outcomes (in any order). Returns `None` if no prediction was in force: then it is not in
    /// the population.
    #[must_use]
    pub fn observe(
        &self,
        predictions: &[PredictionVersion],
        events: &[KnownEvent],
    ) -> Option<Observation> {
        self.observe_until(self.last_day(), predictions, events)
    }

    /// The same of a window that ends on another day.
    #[must_use]
    pub fn observe_until(
        &self,
        last_day: Date,
        predictions: &[PredictionVersion],
        events: &[KnownEvent],
    ) -> Option<Observation> {
        let rated = self.in_force(predictions, self.first_day)?;
        let known = || events.iter().filter(|e| e.is_known(self.as_of));
        let first = |event, technical| {
            known()
                .filter(|e| e.event == event && e.technical == technical)
                .filter(|e| e.occurred_on > self.first_day && e.occurred_on <= last_day)
                .min_by_key(|e| e.occurred_on)
        };
        let default = first(Event::Default, false);
        let exit = first(Event::Exit, false).or_else(|| first(Event::Exit, true));
        let ended = default.or(exit).map_or(last_day, |e| e.occurred_on);
        let days = (ended - self.first_day).whole_days();
        Some(Observation {
            pd: rated.pd,
            period_end: rated.period_end,
            excluded: self.excluded(rated, known()),
            defaulted: default.is_some(),
            technical: first(Event::Default, true).is_some(),
            exited: exit.is_some(),
            days: u16::try_from(days).unwrap_or(u16::MAX),
            end: if default.is_some() {
                EndState::Default
            } else if exit.is_some() {
                EndState::Exit
            } else {
                let at_end = Self {
                    first_day: last_day,
                    ..*self
                };
                match at_end.rated(predictions, events) {
                    Some(later) if later.model == rated.model => EndState::Pd(later.pd),
                    Some(_) => EndState::OtherModel,
                    None => EndState::NotRated,
                }
            },
        })
    }

    /// Returns whether a deletion after the first day took the prediction of a company that was in
    /// force on that day. A later deletion changes the sample whenever it happened, so `as_of`
    /// does not limit it. A prediction that was made again does not change the basis `period`.
    #[must_use]
    pub fn has_lost(
        &self,
        predictions: &[PredictionVersion],
        deleted: &[DeletedPrediction],
    ) -> bool {
        let day = self.first_day;
        let counted = |d: &&DeletedPrediction| {
            let is_known = self.as_of.is_none_or(|time| d.predicted_at <= time);
            let was_available = match self.basis {
                Basis::Recorded => d.predicted_at.date() <= day,
                Basis::Period => add_months(d.period_end, self.lag_months.into()) <= day,
            };
            is_known && was_available && d.deleted_at.date() > day
        };
        let lost = deleted.iter().filter(counted).map(|d| d.period_end).max();
        lost.is_some_and(|lost| {
            let rated = self.in_force(predictions, day);
            rated.is_none_or(|rated| rated.period_end < lost)
        })
    }

    /// Returns the prediction by which a company would be in the sample on the first day.
    pub(super) fn rated<'a>(
        &self,
        predictions: &'a [PredictionVersion],
        events: &[KnownEvent],
    ) -> Option<&'a PredictionVersion> {
        let known = events.iter().filter(|e| e.is_known(self.as_of));
        self.in_force(predictions, self.first_day)
            .filter(|rated| self.excluded(rated, known).is_none())
    }

    /// Returns the version that was in force at the end of a day (UTC), of the latest period.
    /// Data that were not known at `as_of` are ignored, so that a report can be reproduced.
    fn in_force<'a>(
        &self,
        predictions: &'a [PredictionVersion],
        day: Date,
    ) -> Option<&'a PredictionVersion> {
        let counts = |p: &&PredictionVersion| {
            let replaced_at = p.replaced_by(self.as_of);
            match self.basis {
                Basis::Recorded => {
                    p.counts_from().date() <= day && replaced_at.is_none_or(|at| at.date() > day)
                }
                Basis::Period => {
                    replaced_at.is_none() && add_months(p.period_end, self.lag_months.into()) <= day
                }
            }
        };
        let made = |p: &&PredictionVersion| self.as_of.is_none_or(|time| p.counts_from() <= time);
        let counting = predictions.iter().filter(made).filter(counts);
        counting.max_by(|a, b| a.order().cmp(&b.order()).then(a.pd.total_cmp(&b.pd)))
    }

    fn excluded<'a>(
        &self,
        rated: &PredictionVersion,
        known: impl Iterator<Item = &'a KnownEvent>,
    ) -> Option<Exclusion> {
        let before: Vec<_> = known.filter(|e| e.occurred_on <= self.first_day).collect();
        let turned = before
            .iter()
            .filter(|e| !e.technical && e.event != Event::Exit);
        let in_default = turned
            .max_by_key(|e| (e.occurred_on, e.event))
            .is_some_and(|e| e.event == Event::Default);
        let last = before.iter().max_by_key(|e| (e.occurred_on, e.event));
        let has_left = last
            .is_some_and(|last| last.event == Event::Exit && rated.period_end <= last.occurred_on);
        let outdated = self.basis == Basis::Recorded
            && rated.predicted_at.date() < add_months(self.first_day, -12);
        if in_default {
            Some(Exclusion::InDefault)
        } else if has_left {
            Some(Exclusion::Left)
        } else if outdated {
            Some(Exclusion::RatingOutdated)
        } else if rated.period_end < add_months(self.first_day, -24) {
            Some(Exclusion::StatementOutdated)
        } else if rated.out_of_scope {
            Some(Exclusion::OutOfScope)
        } else {
            None
        }
    }
}

/// Returns the same day `months` months later (or earlier, if negative); the last day of a month
/// stays the last, and a day that the month does not have becomes its last.
#[must_use]
pub fn add_months(date: Date, months: i32) -> Date {
    let index = date.year() * 12 + i32::from(u8::from(date.month())) - 1 + months;
    let (year, zero_based) = (index.div_euclid(12), index.rem_euclid(12));
    let month = u8::try_from(zero_based + 1)
        .ok()
        .and_then(|month| Month::try_from(month).ok())
        .unwrap_or(Month::January);
    let is_last = date.day() == date.month().length(date.year());
    let length = month.length(year);
    let day = if is_last {
        length
    } else {
        date.day().min(length)
    };
    Date::from_calendar_date(year, month, day).unwrap_or(date)
}

/// The number of companies in each category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SampleCounts {
    /// Companies with a prediction in force on the first day.
    pub population: u64,
    /// Of those, in default on the first day.
    pub in_default: u64,
    /// Of those, had left by the first day.
    pub left: u64,
    /// M: the population without those in default and those that had left.
    pub customers: u64,
    /// Left out: predictions more than twelve months old.
    pub rating_outdated: u64,
    /// Left out: statements more than 24 months old.
    pub statement_outdated: u64,
    /// Left out: sectors that the model did not learn from.
    pub out_of_scope: u64,
    /// Left out: outcomes are not complete for their owner.
    pub not_covered: u64,
    /// N: the sample.
    pub sample: u64,
    /// D: defaults in the sample.
    pub defaults: u64,
    /// Companies of the sample that left without a default. They stay in N.
    pub exits: u64,
    /// Companies of the sample with a technical default, which does not count.
    pub technical: u64,
    /// Companies whose prediction in force on the first day was deleted after it, so that the
    /// population has another one of them, or none; `None` if that is not known.
    pub deleted: Option<u64>,
}

impl SampleCounts {
    /// Counts a company of which deletions are known, and whether one took its prediction.
    pub fn add_deleted(&mut self, is_lost: bool) {
        *self.deleted.get_or_insert(0) += u64::from(is_lost);
    }

    /// Returns the share that deletions took of the population and them; `None` if no deletion is
    /// known or nothing was there.
    #[must_use]
    pub fn deleted_share(&self) -> Option<f64> {
        let deleted = self.deleted?;
        let all = self.population + deleted;
        (all > 0).then(|| deleted as f64 / all as f64)
    }

    /// Counts an observation.
    pub fn add(&mut self, seen: &Observation) {
        self.population += 1;
        if !matches!(seen.excluded, Some(Exclusion::InDefault | Exclusion::Left)) {
            self.customers += 1;
        }
        match seen.excluded {
            Some(Exclusion::InDefault) => self.in_default += 1,
            Some(Exclusion::Left) => self.left += 1,
            Some(Exclusion::RatingOutdated) => self.rating_outdated += 1,
            Some(Exclusion::StatementOutdated) => self.statement_outdated += 1,
            Some(Exclusion::OutOfScope) => self.out_of_scope += 1,
            Some(Exclusion::NotCovered) => self.not_covered += 1,
            None => {
                self.sample += 1;
                self.defaults += u64::from(seen.defaulted);
                self.exits += u64::from(seen.exited && !seen.defaulted);
                self.technical += u64::from(seen.technical);
            }
        }
    }
}
