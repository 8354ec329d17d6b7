//! What a back-test is asked for over the API, and what is kept of its report.

use serde::{Deserialize, Serialize};
use time::{Date, format_description::well_known::Rfc3339};

use super::{
    Verdict,
    backtest::{Parameters, first_days},
    report::Reference,
    sample::{Basis, Window},
    scale::MasterScale,
};
use crate::{
    Timestamp,
    fault::{Fault, Faults},
    id::{JobId, UserId, ValidationId},
    job::JobStatus,
    outcome::{CoverageDays, Definition, parse_day},
    owner::Owner,
    prediction::Kind,
    rating_scale::NamedScale,
    text::clean_prose,
};

/// How many windows a back-test has at most.
pub const MOST_WINDOWS: usize = 120;
/// How many months a statement may take to become available.
pub const LONGEST_LAG: u8 = 60;
/// The longest comment of a sign-off, in characters.
pub const LONGEST_COMMENT: usize = 2_000;

/// A back-test as it was asked for; [`BacktestDraft::check`] makes a request of it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the body's fields")]
pub struct BacktestDraft {
    pub kind: Kind,
    pub d0: String,
    pub d0_to: Option<String>,
    pub step: Option<u8>,
    pub definition: Definition,
    pub basis: Basis,
    pub lag_months: Option<u8>,
    pub as_of: Option<Timestamp>,
    pub include_system_outcomes: bool,
    pub initial_auc: Option<f64>,
    pub target_rate: Option<f64>,
    /// The scale that grades are of; the shipped one where it is `None`.
    pub scale: Option<NamedScale>,
}

/// What the model that predicts at the moment says of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModelFacts {
    /// What it learned as a default.
    pub label: Definition,
    /// The target default rate of its prior correction.
    pub target_rate: Option<f64>,
}

/// What a back-test is made of: the same request gives the same report, whenever it is worked on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BacktestRequest {
    /// Annual or quarterly predictions.
    pub kind: Kind,
    /// The first days of the windows, in order; at least one.
    #[serde(with = "days")]
    pub first_days: Vec<Date>,
    /// Which predictions count.
    pub basis: Basis,
    /// How many months after its period a statement is available; for [`Basis::Period`].
    pub lag_months: u8,
    /// What a default is.
    pub definition: Definition,
    /// What the model learned as a default.
    pub label: Definition,
    /// What was known then, to the microsecond.
    #[serde(with = "time::serde::rfc3339")]
    pub as_of: Timestamp,
    /// Until when outcomes are complete.
    #[serde(with = "one_day")]
    pub complete_through: Date,
    /// Whether outcomes of the system count, beside the owner's.
    pub include_system_outcomes: bool,
    /// An AUC to compare with.
    pub initial_auc: Option<f64>,
    /// The target default rate to correct.
    pub target_rate: Option<f64>,
    /// The scale that grades are of, with its grades; the shipped one where it is `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<NamedScale>,
}

/// Why a back-test cannot be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestFault {
    /// What was sent is wrong.
    Invalid(Vec<Fault>),
    /// Outcomes are not complete for a window: silence proves nothing there.
    NotCovered(String),
}

impl BacktestDraft {
    /// Checks everything, against the time of the clock and what the owner says of outcomes.
    ///
    /// # Errors
    /// Every fault: `invalid_day`, `out_of_order`, `out_of_range`, `too_many_windows`,
    /// `in_the_future`. Then that outcomes do not cover a window.
    pub fn check(
        &self,
        now: Timestamp,
        model: ModelFacts,
        coverage: Option<&CoverageDays>,
    ) -> Result<BacktestRequest, RequestFault> {
        let mut faults = Faults::new();
        let days = self.first_days(&mut faults);
        let lag_months = self.lag_months.unwrap_or(6);
        if lag_months > LONGEST_LAG {
            let rule = format!("{lag_months} months are too many; at most {LONGEST_LAG}");
            faults.push(Fault::new("/lag_months", "out_of_range", rule));
        }
        for (pointer, share) in [
            ("/initial_auc", self.initial_auc),
            ("/target_rate", self.target_rate),
        ] {
            if share.is_some_and(|share| !(share > 0.0 && share < 1.0)) {
                let rule = "must be a number above 0 and below 1";
                faults.push(Fault::new(pointer, "out_of_range", rule));
            }
        }
        let as_of = self.as_of.unwrap_or(now);
        if as_of > now {
            let rule = "lies in the future: what will be known then is not known yet";
            faults.push(Fault::new("/as_of", "in_the_future", rule));
        }
        if !faults.is_empty() {
            return Err(RequestFault::Invalid(faults.listed().to_vec()));
        }
        let request = BacktestRequest {
            kind: self.kind,
            first_days: days,
            basis: self.basis,
            lag_months,
            definition: self.definition,
            label: model.label,
            as_of: to_microseconds(as_of),
            complete_through: coverage.map_or(Date::MIN, |days| days.complete_through),
            include_system_outcomes: self.include_system_outcomes,
            initial_auc: self.initial_auc,
            target_rate: self.target_rate.or(model.target_rate),
            scale: self.scale.clone(),
        };
        let windows = request.windows();
        let spans = windows.map(|window| (window.first_day, window.last_day()));
        match not_covered(self.definition, coverage, spans) {
            Some(detail) => Err(RequestFault::NotCovered(detail)),
            None => Ok(request),
        }
    }

    fn first_days(&self, faults: &mut Faults) -> Vec<Date> {
        let mut day = |pointer, text: &str| {
            let day = parse_day(pointer, text);
            day.map_err(|fault| faults.push(fault)).ok()
        };
        let from = day("/d0", &self.d0);
        let to = self.d0_to.as_deref().map(|text| day("/d0_to", text));
        let step = self.step.unwrap_or(12);
        if !(1..=120).contains(&step) {
            let rule = format!("{step} months are no step; from 1 to 120");
            faults.push(Fault::new("/step", "out_of_range", rule));
        }
        let (Some(from), Some(to)) = (from, to.unwrap_or(from)) else {
            return Vec::new();
        };
        let days = first_days(from, to, step, MOST_WINDOWS + 1);
        if days.is_empty() {
            let rule = format!("{to} is before d0, {from}");
            faults.push(Fault::new("/d0_to", "out_of_order", rule));
        } else if days.len() > MOST_WINDOWS {
            let rule = format!("these are more than {MOST_WINDOWS} windows; choose a longer step");
            faults.push(Fault::new("/d0_to", "too_many_windows", rule));
        }
        days
    }
}

/// The database keeps no more of a time.
pub(super) fn to_microseconds(time: Timestamp) -> Timestamp {
    time.replace_nanosecond(time.nanosecond() / 1_000 * 1_000)
        .unwrap_or(time)
}

impl BacktestRequest {
    /// The windows, in order.
    pub fn windows(&self) -> impl Iterator<Item = Window> + '_ {
        self.first_days.iter().map(|day| Window {
            first_day: *day,
            basis: self.basis,
            lag_months: self.lag_months,
            as_of: Some(self.as_of),
        })
    }

    /// The scale that grades are of.
    #[must_use]
    pub fn scale(&self) -> &MasterScale {
        let own = self.scale.as_ref().map(|scale| &scale.grades);
        own.unwrap_or(MasterScale::standard())
    }

    /// Its name, with its version.
    #[must_use]
    pub fn scale_name(&self) -> &str {
        let own = self.scale.as_ref().map(|scale| scale.name.as_str());
        own.unwrap_or(MasterScale::SHIPPED)
    }

    /// What the report says that it was asked for.
    #[must_use]
    pub fn parameters(&self) -> Parameters {
        Parameters {
            first_days: self.first_days.iter().map(Date::to_string).collect(),
            basis: self.basis,
            lag_months: self.lag_months,
            definition: self.definition.to_string(),
            label: self.label.to_string(),
            scale: self.scale_name().to_owned(),
            as_of: self.as_of.format(&Rfc3339).ok(),
            complete_through: self.complete_through.to_string(),
            reference: Reference {
                initial_auc: self.initial_auc,
                target_rate: self.target_rate,
                initial_grades: None,
            },
        }
    }
}

/// Why outcomes do not cover each of these windows, by their first and last days; `None` where
/// they do.
pub(super) fn not_covered(
    definition: Definition,
    coverage: Option<&CoverageDays>,
    mut windows: impl Iterator<Item = (Date, Date)>,
) -> Option<String> {
    let Some(days) = coverage else {
        return Some(format!(
            "nothing says for which days the outcomes under {definition} are complete, and \
             silence proves nothing; say it by PUT /outcome-coverage/{definition}"
        ));
    };
    windows.find_map(|(first, last)| {
        let (from, through) = (days.complete_from, days.complete_through);
        if last > through {
            Some(format!(
                "the window from {first} ends on {last}, and the outcomes under {definition} \
                 are complete through {through} only: silence proves nothing after that"
            ))
        } else if first.next_day().is_none_or(|day| day < from) {
            Some(format!(
                "the window from {first} begins before the outcomes under {definition} are \
                 complete, on {from}"
            ))
        } else {
            None
        }
    })
}

/// A report as stored: what was asked for, where it stands, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidationReport {
    /// Its id, which is also that of its job.
    pub id: ValidationId,
    /// What was asked for.
    pub request: BacktestRequest,
    /// Where it stands. A completed one never changes any more, but for its sign-off.
    pub status: JobStatus,
    /// Why it failed.
    pub error: Option<Fault>,
    /// What came of it.
    pub result: Option<ValidationResult>,
    /// Who signed it off.
    pub sign_off: Option<SignOff>,
    /// Whose it is.
    pub owner: Owner,
    /// Who asked for it: the one user who may never sign it off.
    pub created_by: UserId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Counts the changes; the ETag.
    pub row_version: i64,
}

impl ValidationReport {
    /// Its job in the queue.
    #[must_use]
    pub const fn job(&self) -> JobId {
        JobId(self.id.0)
    }
}

/// What came of a back-test; the files are kept beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidationResult {
    /// The worst verdict of its windows.
    pub verdict: Verdict,
    /// SHA-256 of the sample as CSV, in hexadecimal.
    pub sample_sha256: String,
    /// How many rows the sample has.
    pub sample_rows: u64,
    /// SHA-256 of the report as JSON, in hexadecimal.
    pub report_sha256: String,
    /// The version of the program that computed it.
    pub code_version: String,
    /// When it was completed.
    pub completed_at: Timestamp,
}

/// That someone else than its maker stands for a report.
#[derive(Clone, Debug, PartialEq)]
pub struct SignOff {
    /// 1 (no deficiencies) to 4 (severe ones), as in the ECB's instructions.
    pub assessment: u8,
    /// Why.
    pub comment: String,
    /// By whom.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// Checks what is said with a sign-off.
///
/// # Errors
/// Every fault, at `/assessment` and `/comment`.
pub fn check_sign_off(assessment: u8, comment: &str) -> Result<String, Vec<Fault>> {
    let mut faults = Vec::new();
    if !(1..=4).contains(&assessment) {
        let rule = format!("{assessment} is no assessment: 1 (no deficiencies) to 4 (severe ones)");
        faults.push(Fault::new("/assessment", "out_of_range", rule));
    }
    let comment = if comment.trim().is_empty() {
        Err(Fault::new("/comment", "required", "say why"))
    } else {
        clean_prose("/comment", comment.trim(), LONGEST_COMMENT)
    };
    match comment {
        Ok(comment) if faults.is_empty() => Ok(comment),
        Ok(_) => Err(faults),
        Err(fault) => {
            faults.push(fault);
            Err(faults)
        }
    }
}

mod one_day {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use time::Date;

    use crate::outcome::parse_day;

    pub(super) fn serialize<S: Serializer>(day: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(day)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(reader: D) -> Result<Date, D::Error> {
        let text = String::deserialize(reader)?;
        parse_day("", &text).map_err(|fault| D::Error::custom(fault.detail))
    }
}

mod days {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use time::Date;

    use crate::outcome::parse_day;

    pub(super) fn serialize<S: Serializer>(
        days: &[Date],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(days.iter().map(Date::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<Date>, D::Error> {
        let texts = Vec::<String>::deserialize(reader)?;
        let days = texts.iter().map(|text| parse_day("", text));
        days.collect::<Result<_, _>>()
            .map_err(|fault| D::Error::custom(fault.detail))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    const NOW: Timestamp = datetime!(2026-06-01 12:00:00.123456789 UTC);
    const FACTS: ModelFacts = ModelFacts {
        label: Definition::Bankruptcy,
        target_rate: Some(0.015),
    };

    fn draft() -> BacktestDraft {
        BacktestDraft {
            kind: Kind::Annual,
            d0: "2024-12-31".to_owned(),
            d0_to: None,
            step: None,
            definition: Definition::Crr178,
            basis: Basis::Recorded,
            lag_months: None,
            as_of: None,
            include_system_outcomes: false,
            initial_auc: None,
            target_rate: None,
            scale: None,
        }
    }

    fn covered(from: Date, through: Date) -> CoverageDays {
        CoverageDays {
            complete_from: from,
            complete_through: through,
            note: None,
        }
    }

    #[test]
    fn request_is_kept_word_for_word() {
        let days = covered(date!(2020 - 01 - 01), date!(2025 - 12 - 31));
        let request = draft().check(NOW, FACTS, Some(&days)).unwrap();
        assert_eq!(request.as_of, datetime!(2026-06-01 12:00:00.123456 UTC));
        assert_eq!(request.target_rate, Some(0.015));
        let json = serde_json::to_value(&request).unwrap();
        assert_eq!(json["first_days"][0], "2024-12-31");
        assert_eq!(json.get("scale"), None, "as before there were other scales");
        assert_eq!(
            serde_json::from_value::<BacktestRequest>(json).unwrap(),
            request
        );
    }

    #[test]
    fn windows_outside_of_coverage_are_refused() {
        let check = |from, through| {
            let days = covered(from, through);
            draft().check(NOW, FACTS, Some(&days))
        };
        assert!(check(date!(2025 - 01 - 01), date!(2025 - 12 - 31)).is_ok());
        for (from, through) in [
            (date!(2025 - 01 - 01), date!(2025 - 12 - 30)),
            (date!(2025 - 01 - 02), date!(2025 - 12 - 31)),
        ] {
            let refused = check(from, through);
            assert!(
                matches!(refused, Err(RequestFault::NotCovered(_))),
                "{refused:?}"
            );
        }
        let silent = draft().check(NOW, FACTS, None);
        assert!(matches!(silent, Err(RequestFault::NotCovered(_))));
    }

    #[test]
    fn every_fault_of_a_request_is_named() {
        let wrong = BacktestDraft {
            d0: "2024-13-31".to_owned(),
            d0_to: Some("soon".to_owned()),
            step: Some(0),
            lag_months: Some(61),
            as_of: Some(datetime!(2027-01-01 00:00 UTC)),
            initial_auc: Some(1.0),
            target_rate: Some(f64::NAN),
            ..draft()
        };
        let Err(RequestFault::Invalid(faults)) = wrong.check(NOW, FACTS, None) else {
            panic!("it is wrong");
        };
        let pointers: Vec<_> = faults.iter().map(|fault| &*fault.pointer).collect();
        assert_eq!(
            pointers,
            [
                "/d0",
                "/d0_to",
                "/step",
                "/lag_months",
                "/initial_auc",
                "/target_rate",
                "/as_of"
            ]
        );
        let backwards = BacktestDraft {
            d0_to: Some("2023-12-31".to_owned()),
            ..draft()
        };
        let Err(RequestFault::Invalid(faults)) = backwards.check(NOW, FACTS, None) else {
            panic!("it is wrong");
        };
        assert_eq!(faults[0].code, "out_of_order");
    }

    #[test]
    fn sign_off_has_an_assessment_and_a_comment() {
        assert_eq!(check_sign_off(2, " fine ").unwrap(), "fine");
        assert_eq!(check_sign_off(0, "  ").unwrap_err().len(), 2);
        assert_eq!(
            check_sign_off(5, "x").unwrap_err()[0].pointer,
            "/assessment"
        );
    }
}
