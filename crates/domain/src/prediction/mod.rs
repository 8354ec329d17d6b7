//! Predictions: the PD of a company and period, the model, and the reasons.

mod revision;

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};
use time::{Date, Month};

pub use revision::{Revision, RevisionReason};

use crate::{
    Timestamp,
    company::CompanySnapshot,
    decimal::Decimal,
    fault::{Fault, shorten, text_enum},
    id::{JobId, PredictionId, UserId},
    owner::Owner,
    ratio::RatioUnit,
    risk::{ModelRef, Pd, RiskLevel},
};

/// The kind of statements from which a prediction is made.
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
pub enum Kind {
    /// The statements of a year: five ratios, a logistic model.
    Annual,
    /// The statements of a quarter: six ratios, a logistic model, gradient boosting and
    /// their ensemble.
    Quarterly,
}

text_enum!(Kind);

/// A quarter of a reporting year.
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
#[expect(missing_docs, reason = "the names say it")]
#[strum(const_into_str)]
pub enum Quarter {
    Q1,
    Q2,
    Q3,
    Q4,
}

text_enum!(Quarter);

/// A reporting year, 1900 to 2100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReportingYear(u16);

impl ReportingYear {
    /// Reads four digits.
    ///
    /// # Errors
    /// `invalid_year` at `pointer`.
    pub fn parse(pointer: &str, value: &str) -> Result<Self, Fault> {
        let text = value.trim();
        let year = (text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse::<u16>().ok())
            .flatten()
            .filter(|year| (1900..=2100).contains(year));
        year.map(Self).ok_or_else(|| {
            Fault::new(
                pointer,
                "invalid_year",
                format!(
                    "{:?} is not a reporting year: four digits, 1900 to 2100",
                    shorten(text)
                ),
            )
        })
    }

    /// The year as a number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl std::fmt::Display for ReportingYear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

/// The period of a prediction. Its kind follows from whether it has a quarter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    /// The reporting year.
    pub year: ReportingYear,
    /// The quarter, for quarterly predictions.
    pub quarter: Option<Quarter>,
}

impl Period {
    /// Parses the period of a prediction of this kind, from the texts of a body or a row.
    ///
    /// # Errors
    /// Every fault: `invalid_year`, `invalid_quarter`, `required`.
    pub fn parse(kind: Kind, year: &str, quarter: Option<&str>) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let year = ReportingYear::parse("/reporting_year", year)
            .map_err(|f| faults.push(f))
            .ok();
        let quarter = match kind {
            Kind::Annual => None,
            Kind::Quarterly => {
                let text = quarter.unwrap_or_default().trim().to_uppercase();
                let text = if text.len() == 1 {
                    format!("Q{text}")
                } else {
                    text
                };
                text.parse::<Quarter>()
                    .map_err(|e| {
                        faults.push(Fault::new(
                            "/reporting_quarter",
                            "invalid_quarter",
                            e.to_string(),
                        ));
                    })
                    .ok()
            }
        };
        match year {
            Some(year) if faults.is_empty() => Ok(Self { year, quarter }),
            _ => Err(faults),
        }
    }

    /// Parses a period as written in a parameter: `2024`, or `2024-Q3`.
    ///
    /// # Errors
    /// `invalid_period` at `pointer`.
    pub fn read(pointer: &str, value: &str) -> Result<Self, Fault> {
        let text = value.trim();
        let (year, quarter) = match text.split_once(['-', ' ']) {
            Some((year, quarter)) => (year, Some(quarter)),
            None => (text, None),
        };
        let year = ReportingYear::parse(pointer, year).ok();
        let quarter = quarter.map(str::parse::<Quarter>).transpose().ok();
        match (year, quarter) {
            (Some(year), Some(quarter)) => Ok(Self { year, quarter }),
            _ => Err(Fault::new(
                pointer,
                "invalid_period",
                format!("{:?} is no period like 2024 or 2024-Q3", shorten(text)),
            )),
        }
    }

    /// Returns the last day: 31 December, or the last day of the quarter.
    #[must_use]
    pub fn last_day(self) -> Date {
        let month = match self.quarter {
            Some(Quarter::Q1) => Month::March,
            Some(Quarter::Q2) => Month::June,
            Some(Quarter::Q3) => Month::September,
            Some(Quarter::Q4) | None => Month::December,
        };
        let year = i32::from(self.year.get());
        // Every month of 1900 to 2100 has a valid last day.
        Date::from_calendar_date(year, month, month.length(year)).unwrap_or(Date::MIN)
    }

    /// Returns the kind: annual without a quarter, quarterly with one.
    #[must_use]
    pub const fn kind(self) -> Kind {
        if self.quarter.is_some() {
            Kind::Quarterly
        } else {
            Kind::Annual
        }
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.quarter {
            Some(quarter) => write!(f, "{} {quarter}", self.year),
            None => write!(f, "{}", self.year),
        }
    }
}

/// The result of a model for one company and period.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The PD: that of the annual model, or of the ensemble.
    pub pd: Pd,
    /// The PDs of the two models of the ensemble, for quarterly predictions.
    pub parts: Option<EnsembleParts>,
    /// The risk level of the PD, by the model's thresholds.
    pub risk_level: RiskLevel,
    /// How well the inputs support the PD, 0 to 1; not the probability of being right.
    pub confidence: f64,
    /// The model.
    pub model: ModelRef,
}

/// The PDs of the models of an ensemble, corrected with the same prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnsembleParts {
    /// The PD of the logistic model.
    pub logistic: Pd,
    /// The PD of gradient boosting.
    pub gbm: Pd,
}

/// The row of an upload that a prediction was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkOrigin {
    /// The upload.
    pub job: JobId,
    /// The row number in its file; the header is row 1.
    pub row: u32,
}

/// The ratios as stored, in the order of [`Kind::ratios`], with their source texts.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRatios {
    /// The values within range, with 4 decimals; `None` is missing.
    pub values: Vec<Option<Decimal>>,
    /// The texts as sent, from which a repeated scoring starts.
    pub raw: Vec<Option<String>>,
    /// The unit of `raw`.
    pub unit: RatioUnit,
    /// The flags as `name:flag`.
    pub flags: Vec<String>,
}

/// A prediction as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Its id.
    pub id: PredictionId,
    /// The company at the time of scoring.
    pub company: CompanySnapshot,
    /// The period.
    pub period: Period,
    /// The result of the model.
    pub outcome: Outcome,
    /// When the prediction was made.
    pub predicted_at: Timestamp,
    /// The ratios.
    pub ratios: StoredRatios,
    /// The owner.
    pub owner: Owner,
    /// The user who created it.
    pub created_by: UserId,
    /// The row of the upload that it was made from.
    pub origin: Option<BulkOrigin>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The number of changes; the ETag.
    pub row_version: i64,
}

/// What happens if a prediction of the same company and period already exists.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum OnConflict {
    /// The new prediction is refused.
    #[default]
    Error,
    /// The existing prediction stays.
    Skip,
    /// The new prediction replaces the existing one, if the caller may write it.
    Update,
}

text_enum!(OnConflict);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_four_ascii_digits_within_range() {
        assert_eq!(
            ReportingYear::parse("/y", "2024").unwrap().to_string(),
            "2024"
        );
        for bad in ["0000", "1899", "2101", "24", "٢٠٢٤", "2024.0", ""] {
            assert!(ReportingYear::parse("/y", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn period_is_parsed_as_in_query_parameters() {
        let read = |text| Period::read("/from", text).map(|period| period.to_string());
        assert_eq!(read("2024").unwrap(), "2024");
        assert_eq!(read("2024-Q3").unwrap(), "2024 Q3");
        assert_eq!(read("2024 Q1").unwrap(), "2024 Q1");
        for bad in ["", "24", "2024-", "2024-Q5", "2024-01-01"] {
            assert_eq!(read(bad).unwrap_err().code, "invalid_period", "{bad:?}");
        }
    }

    #[test]
    fn period_ends_on_the_last_day_of_its_last_month() {
        let end = |text| {
            Period::read("/period", text)
                .unwrap()
                .last_day()
                .to_string()
        };
        let ends = ["2024", "2024-Q1", "2023-Q2", "2024-Q3", "2024-Q4"].map(end);
        let expected = [
            "2024-12-31",
            "2024-03-31",
            "2023-06-30",
            "2024-09-30",
            "2024-12-31",
        ];
        assert_eq!(ends, expected);
    }

    #[test]
    fn quarter_is_required_for_quarterly_periods_only() {
        assert_eq!(
            Period::parse(Kind::Quarterly, "2024", Some("3"))
                .unwrap()
                .to_string(),
            "2024 Q3"
        );
        assert_eq!(
            Period::parse(Kind::Quarterly, "x", None).unwrap_err().len(),
            2
        );
        assert_eq!(
            Period::parse(Kind::Annual, "2024", Some("Q4"))
                .unwrap()
                .quarter,
            None
        );
    }
}
