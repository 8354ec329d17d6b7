//! Company outcomes: defaults, cures and exits, and the days for which an owner's outcomes are
//! complete.
//!
//! An outcome is never changed. It is withdrawn with a reason, so that what was known at any
//! time can be reconstructed.

use serde::Serialize;
use time::{Date, format_description::FormatItem, macros::format_description};

pub use crate::default_definition::Definition;
use crate::{
    Timestamp,
    company::CompanySnapshot,
    fault::{Fault, Faults, shorten},
    id::{OutcomeId, UserId},
    owner::Owner,
    text::{clean_prose, clean_text},
    validation::Event,
};

const DAY: &[FormatItem<'_>] = format_description!("[year]-[month]-[day]");
/// The first year in which an outcome may have happened.
const FIRST_YEAR: i32 = 1900;

/// The longest reason code, in characters.
pub const LONGEST_REASON_CODE: usize = 50;
/// The longest id of another system, in characters.
pub const LONGEST_EXTERNAL_ID: usize = 100;
/// The longest note of an outcome, in characters.
pub const LONGEST_NOTE: usize = 1_000;
/// The longest reason of a withdrawal and note of a coverage, in characters.
pub const LONGEST_REASON: usize = 500;

/// Reads a day like 2024-12-31, from 1900 on.
///
/// # Errors
/// `invalid_day` at `pointer`.
pub fn parse_day(pointer: &str, text: &str) -> Result<Date, Fault> {
    let day = Date::parse(text.trim(), DAY).ok();
    day.filter(|day| day.year() >= FIRST_YEAR).ok_or_else(|| {
        Fault::new(
            pointer,
            "invalid_day",
            format!(
                "{:?} is no day like 2024-12-31, from {FIRST_YEAR} on",
                shorten(text)
            ),
        )
    })
}

/// An outcome as it was sent; [`OutcomeDraft::check`] turns it into facts.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the body's fields")]
pub struct OutcomeDraft {
    pub definition: String,
    pub event: String,
    pub occurred_on: String,
    pub technical: bool,
    pub reason_code: Option<String>,
    pub external_id: Option<String>,
    pub note: Option<String>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutcomeFacts {
    /// The definition of default.
    pub definition: Definition,
    /// Default, cure or exit.
    pub event: Event,
    /// The day on which it happened; never in the future.
    #[serde(serialize_with = "as_text")]
    pub occurred_on: Date,
    /// Whether the default was caused by systems or payments only: then it does not count.
    pub technical: bool,
    /// A code of the owner, at most [`LONGEST_REASON_CODE`] characters.
    pub reason_code: Option<String>,
    /// The id in the source system, unique for an owner among the outcomes that are not
    /// withdrawn.
    pub external_id: Option<String>,
    /// A note for readers.
    pub note: Option<String>,
}

fn as_text<S: serde::Serializer>(day: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(day)
}

impl OutcomeDraft {
    /// Checks every field. `today` is the day of the clock.
    ///
    /// # Errors
    /// Every fault: `unknown_value`, `invalid_day`, `in_the_future`, `not_technical`, and those
    /// of the text fields.
    pub fn check(&self, today: Date) -> Result<OutcomeFacts, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut named = |pointer: &str, error: crate::fault::UnknownName| {
            faults.push(Fault::new(pointer, "unknown_value", error.to_string()));
        };
        let definition = self.definition.trim().parse::<Definition>();
        let definition = definition.map_err(|error| named("/definition", error)).ok();
        let event = self.event.trim().to_ascii_lowercase().parse::<Event>();
        let event = event.map_err(|error| named("/event", error)).ok();
        let occurred_on = parse_day("/occurred_on", &self.occurred_on)
            .and_then(|day| not_in_the_future("/occurred_on", day, today))
            .map_err(|fault| faults.push(fault))
            .ok();
        if self.technical && event.is_some_and(|event| event != Event::Default) {
            faults.push(Fault::new(
                "/technical",
                "not_technical",
                "only a default can be technical",
            ));
        }
        let mut text = |pointer: &str, value: &Option<String>, max| {
            let given = value
                .as_deref()
                .map(str::trim)
                .filter(|text| !text.is_empty());
            let read = given.map(|text| clean_text(pointer, text, max)).transpose();
            read.map_err(|fault| faults.push(fault)).ok().flatten()
        };
        let reason_code = text("/reason_code", &self.reason_code, LONGEST_REASON_CODE);
        let external_id = text("/external_id", &self.external_id, LONGEST_EXTERNAL_ID);
        let note = self
            .note
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty());
        let note = note
            .map(|text| clean_prose("/note", text, LONGEST_NOTE))
            .transpose();
        let note = note.map_err(|fault| faults.push(fault)).ok().flatten();
        match (definition, event, occurred_on) {
            (Some(definition), Some(event), Some(occurred_on)) if faults.is_empty() => {
                Ok(OutcomeFacts {
                    definition,
                    event,
                    occurred_on,
                    technical: self.technical,
                    reason_code,
                    external_id,
                    note,
                })
            }
            _ => Err(faults),
        }
    }
}

fn not_in_the_future(pointer: &str, day: Date, today: Date) -> Result<Date, Fault> {
    if day <= today {
        return Ok(day);
    }
    Err(Fault::new(
        pointer,
        "in_the_future",
        format!("{day} has not come yet: today is {today}"),
    ))
}

/// Checks the reason of a withdrawal.
///
/// # Errors
/// `required` and those of texts, at `/reason`.
pub fn check_reason(reason: &str) -> Result<String, Fault> {
    if reason.trim().is_empty() {
        return Err(Fault::new("/reason", "required", "say why it is withdrawn"));
    }
    clean_prose("/reason", reason.trim(), LONGEST_REASON)
}

/// The withdrawal of an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// When it was withdrawn.
    pub at: Timestamp,
    /// The user who withdrew it.
    pub by: UserId,
    /// The reason.
    pub reason: String,
}

/// An outcome as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Its id.
    pub id: OutcomeId,
    /// The company as of recording.
    pub company: CompanySnapshot,
    /// What happened.
    pub facts: OutcomeFacts,
    /// The withdrawal, if it was withdrawn.
    pub withdrawn: Option<Withdrawal>,
    /// The owner.
    pub owner: Owner,
    /// The user who recorded it.
    pub created_by: UserId,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// 1, and 2 after a withdrawal; the ETag.
    pub row_version: i64,
}

/// The properties of an outcome that determine the order of outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineMark {
    /// What happened.
    pub event: Event,
    /// The day on which it happened.
    pub occurred_on: Date,
    /// Whether the outcome is technical and does not count.
    pub technical: bool,
}

impl From<&OutcomeFacts> for TimelineMark {
    fn from(facts: &OutcomeFacts) -> Self {
        Self {
            event: facts.event,
            occurred_on: facts.occurred_on,
            technical: facts.technical,
        }
    }
}

/// A fault in the order of one company's outcomes under one definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelineFault {
    /// A default on the second day follows one on the first day without a cure between them.
    AlreadyInDefault(Date, Date),
    /// No default precedes this cure.
    NotInDefault(Date),
}

/// Checks that defaults and cures alternate and begin with a default; a cure may be on the day
/// of its default. Technical defaults and exits are ignored.
///
/// # Errors
/// The first fault by day.
pub fn check_timeline(marks: impl IntoIterator<Item = TimelineMark>) -> Result<(), TimelineFault> {
    let counts = |mark: &TimelineMark| !mark.technical && mark.event != Event::Exit;
    let mut marks: Vec<_> = marks.into_iter().filter(counts).collect();
    marks.sort_by_key(|mark| (mark.occurred_on, mark.event));
    let mut open: Option<Date> = None;
    for TimelineMark {
        event,
        occurred_on: day,
        ..
    } in marks
    {
        open = match (event, open) {
            (Event::Default, Some(since)) => {
                return Err(TimelineFault::AlreadyInDefault(since, day));
            }
            (Event::Default, None) => Some(day),
            (_, Some(_)) => None,
            (_, None) => return Err(TimelineFault::NotInDefault(day)),
        };
    }
    Ok(())
}

/// A coverage as it was sent.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the body's fields")]
pub struct CoverageDraft {
    pub complete_from: String,
    pub complete_through: String,
    pub note: Option<String>,
}

/// The days for which an owner states that the outcomes are complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoverageDays {
    /// The first day.
    #[serde(serialize_with = "as_text")]
    pub complete_from: Date,
    /// The last day.
    #[serde(serialize_with = "as_text")]
    pub complete_through: Date,
    /// A note for readers.
    pub note: Option<String>,
}

impl CoverageDraft {
    /// Checks the draft against the existing coverage: a coverage with fewer days than before
    /// needs a note.
    ///
    /// # Errors
    /// Every fault: `invalid_day`, `in_the_future`, `out_of_order`, `note_required`.
    pub fn check(
        &self,
        today: Date,
        before: Option<&CoverageDays>,
    ) -> Result<CoverageDays, Vec<Fault>> {
        let mut faults = Faults::new();
        let mut day = |pointer: &str, text: &str| {
            let day =
                parse_day(pointer, text).and_then(|day| not_in_the_future(pointer, day, today));
            day.map_err(|fault| faults.push(fault)).ok()
        };
        let from = day("/complete_from", &self.complete_from);
        let through = day("/complete_through", &self.complete_through);
        let note = self
            .note
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty());
        let note = note
            .map(|text| clean_prose("/note", text, LONGEST_REASON))
            .transpose();
        let note = note.map_err(|fault| faults.push(fault)).ok().flatten();
        let (Some(complete_from), Some(complete_through)) = (from, through) else {
            return Err(faults.listed().to_vec());
        };
        if complete_from > complete_through {
            faults.push(Fault::new(
                "/complete_through",
                "out_of_order",
                format!("{complete_through} is before complete_from, {complete_from}"),
            ));
        }
        let narrower = before.is_some_and(|before| {
            complete_from > before.complete_from || complete_through < before.complete_through
        });
        if narrower && note.is_none() {
            faults.push(Fault::new(
                "/note",
                "note_required",
                "these are fewer days than before; say why",
            ));
        }
        if !faults.is_empty() {
            return Err(faults.listed().to_vec());
        }
        Ok(CoverageDays {
            complete_from,
            complete_through,
            note,
        })
    }
}

/// The coverage of an owner's outcomes under one definition, as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Coverage {
    /// The definition of default.
    pub definition: Definition,
    /// The days for which the outcomes are complete.
    pub days: CoverageDays,
    /// The owner of the outcomes.
    pub owner: Owner,
    /// When the coverage was last changed.
    pub updated_at: Timestamp,
    /// The number of changes.
    pub row_version: i64,
}

#[cfg(test)]
mod tests;
