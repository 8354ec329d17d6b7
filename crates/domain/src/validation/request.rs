//! The request for a back-test, and what is stored of its report.

use serde::{Deserialize, Serialize};
use time::{Date, format_description::well_known::Rfc3339};

use super::{
    Verdict, VerdictRule,
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

/// The most windows that a back-test can have.
pub const MOST_WINDOWS: usize = 120;
/// The most months that a statement may take to become available.
pub const LONGEST_LAG: u8 = 60;
/// The greatest length of the comment of a sign-off, in characters.
pub const LONGEST_COMMENT: usize = 2_000;

/// A back-test as it was sent; [`BacktestDraft::check`] turns it into a request.
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
    /// The scale of the grades; `None` for the shipped one.
    pub scale: Option<NamedScale>,
    pub verdict_rule: VerdictRule,
}

/// Facts about the model in use, from its manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFacts {
    /// The definition of default that the model learned.
    pub label: Definition,
    /// The target default rate of the model's prior correction.
    pub target_rate: Option<f64>,
    /// The version of the model.
    pub version: Option<String>,
}

/// The full input of a back-test: the same request gives the same report, whenever it is processed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BacktestRequest {
    /// Annual or quarterly predictions.
    pub kind: Kind,
    /// The first days of the windows (D0), in order; at least one.
    #[serde(with = "days")]
    pub first_days: Vec<Date>,
    /// Which predictions count.
    pub basis: Basis,
    /// The months after its period until a statement is available; for [`Basis::Period`].
    pub lag_months: u8,
    /// The definition of default for outcomes.
    pub definition: Definition,
    /// The definition of default that the model learned.
    pub label: Definition,
    /// The time up to which recorded facts count, to the microsecond.
    #[serde(with = "time::serde::rfc3339")]
    pub as_of: Timestamp,
    /// The day up to which outcomes are complete.
    #[serde(with = "one_day")]
    pub complete_through: Date,
    /// Whether outcomes of the system count in addition to the owner's.
    pub include_system_outcomes: bool,
    /// An AUC to compare with.
    pub initial_auc: Option<f64>,
    /// The target default rate to correct.
    pub target_rate: Option<f64>,
    /// The scale of the grades, with its grades; `None` for the shipped one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<NamedScale>,
    /// The version of the model whose label and target rate these are; `None` in reports that were
    /// requested before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_version: Option<String>,
    /// The limits by which verdicts are given.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub verdict_rule: VerdictRule,
}

/// The reason why a back-test cannot be requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestFault {
    /// The request is invalid.
    Invalid(Vec<Fault>),
    /// Outcomes are not complete for a window, so missing outcomes prove nothing there.
    NotCovered(String),
}

impl BacktestDraft {
    /// Checks the request against the current time and the owner's coverage of outcomes.
    ///
    /// # Errors
    /// All faults together: `invalid_day`, `out_of_order`, `out_of_range`, `too_many_windows`,
    /// `in_the_future`. After these, that outcomes do not cover a window.
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
        self.verdict_rule.check(&mut faults);
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
            model_version: model.version,
            verdict_rule: self.verdict_rule,
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

fn is_usual(rule: &VerdictRule) -> bool {
    *rule == VerdictRule::default()
}

/// The database stores times to the microsecond.
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

    /// The scale of the grades.
    #[must_use]
    pub fn scale(&self) -> &MasterScale {
        let own = self.scale.as_ref().map(|scale| &scale.grades);
        own.unwrap_or(MasterScale::standard())
    }

    /// The name of the scale, with its version.
    #[must_use]
    pub fn scale_name(&self) -> &str {
        let own = self.scale.as_ref().map(|scale| scale.name.as_str());
        own.unwrap_or(MasterScale::SHIPPED)
    }

    /// The description of the request for the report.
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
            verdict_rule: self.verdict_rule,
        }
    }
}

/// The reason why outcomes do not cover these windows, given by their first and last days; `None`
/// if they do.
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

/// A validation report as stored: its request, its state and its result.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidationReport {
    /// The id of the report, which is also the id of its job.
    pub id: ValidationId,
    /// The request.
    pub request: BacktestRequest,
    /// The state of the report. A completed report never changes, except for its sign-off.
    pub status: JobStatus,
    /// Why it failed.
    pub error: Option<Fault>,
    /// The result.
    pub result: Option<ValidationResult>,
    /// The sign-off.
    pub sign_off: Option<SignOff>,
    /// The owner.
    pub owner: Owner,
    /// The user who requested it, and the only one who may never sign it off.
    pub created_by: UserId,
    /// When it was requested.
    pub created_at: Timestamp,
    /// The row version, shown as the ETag.
    pub row_version: i64,
}

impl ValidationReport {
    /// The job of the report in the queue.
    #[must_use]
    pub const fn job(&self) -> JobId {
        JobId(self.id.0)
    }
}

/// The result of a back-test. Its files are stored separately.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidationResult {
    /// The worst verdict of all windows.
    pub verdict: Verdict,
    /// SHA-256 of the sample as CSV, in hexadecimal.
    pub sample_sha256: String,
    /// The number of rows in the sample.
    pub sample_rows: u64,
    /// SHA-256 of the report as JSON, in hexadecimal.
    pub report_sha256: String,
    /// The version of the program that computed the report.
    pub code_version: String,
    /// When it was completed.
    pub completed_at: Timestamp,
}

/// The sign-off of a report by a user who did not request it.
#[derive(Clone, Debug, PartialEq)]
pub struct SignOff {
    /// 1 (no deficiencies) to 4 (severe ones), as in the ECB's instructions.
    pub assessment: u8,
    /// The reason for the assessment.
    pub comment: String,
    /// The user who signed off.
    pub by: UserId,
    /// The time of the sign-off.
    pub at: Timestamp,
}

/// Checks the content of a sign-off.
///
/// # Errors
/// All faults together, at `/assessment` and `/comment`.
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
        version: None,
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
            verdict_rule: VerdictRule::default(),
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
    fn backtest_request_round_trips_through_json() {
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
    fn invalid_backtest_request_reports_every_field() {
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
    fn sign_off_needs_an_assessment_and_a_comment() {
        assert_eq!(check_sign_off(2, " fine ").unwrap(), "fine");
        assert_eq!(check_sign_off(0, "  ").unwrap_err().len(), 2);
        assert_eq!(
            check_sign_off(5, "x").unwrap_err()[0].pointer,
            "/assessment"
        );
    }
}
