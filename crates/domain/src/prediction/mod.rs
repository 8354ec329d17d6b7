//! Predictions: what was said of a company and period, by which model, and why.

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

/// Which statements a prediction is made from.
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
    /// A year's statements: five ratios, a logistic model.
    Annual,
    /// A quarter's: six ratios, a logistic model, gradient boosting and their ensemble.
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

/// The period a prediction speaks of. Its kind follows from whether it names a quarter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    /// The reporting year.
    pub year: ReportingYear,
    /// The quarter, for quarterly predictions.
    pub quarter: Option<Quarter>,
}

impl Period {
    /// The period of a prediction of this kind, from the texts of a body or a row.
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

    /// A period as a parameter names it: `2024`, or `2024-Q3`.
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

    /// Its last day: 31 December, or the last of the quarter.
    #[must_use]
    pub fn last_day(self) -> Date {
        let month = match self.quarter {
            Some(Quarter::Q1) => Month::March,
            Some(Quarter::Q2) => Month::June,
            Some(Quarter::Q3) => Month::September,
            Some(Quarter::Q4) | None => Month::December,
        };
        let year = i32::from(self.year.get());
        // Every month of 1900 to 2100 has its last day.
        Date::from_calendar_date(year, month, month.length(year)).unwrap_or(Date::MIN)
    }

    /// Annual without a quarter, quarterly with one.
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

/// What a model said of one company and period.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The headline probability of default over twelve months: the annual
    /// model's, or the ensemble's.
    pub pd: Pd,
    /// The two models behind the ensemble, for quarterly predictions.
    pub parts: Option<EnsembleParts>,
    /// Where the PD lies among the model's thresholds.
    pub risk_level: RiskLevel,
    /// 0 to 1: how well the inputs support the number, not the chance of being right.
    pub confidence: f64,
    /// By which model.
    pub model: ModelRef,
}

/// The probabilities that an ensemble is made of, corrected with the same prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnsembleParts {
    /// The logistic model's.
    pub logistic: Pd,
    /// The gradient boosting's.
    pub gbm: Pd,
}

/// Where a row of an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkOrigin {
    /// The upload.
    pub job: JobId,
    /// The row in its file; the header is row 1.
    pub row: u32,
}

/// The ratios as stored, by [`Kind::ratios`]' order, with what they were made from.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRatios {
    /// Within range, 4 decimals; `None` is missing.
    pub values: Vec<Option<Decimal>>,
    /// The texts as sent, from which a repetition starts.
    pub raw: Vec<Option<String>>,
    /// The unit of `raw`.
    pub unit: RatioUnit,
    /// `name:flag`.
    pub flags: Vec<String>,
}

/// A prediction as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Its id.
    pub id: PredictionId,
    /// The company as of scoring.
    pub company: CompanySnapshot,
    /// The period.
    pub period: Period,
    /// What the model said.
    pub outcome: Outcome,
    /// When.
    pub predicted_at: Timestamp,
    /// From which ratios.
    pub ratios: StoredRatios,
    /// Whose it is.
    pub owner: Owner,
    /// Who made it.
    pub created_by: UserId,
    /// The upload it came with.
    pub origin: Option<BulkOrigin>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts the changes; the ETag.
    pub row_version: i64,
}

/// What happens to a prediction whose company and period are already there.
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
    /// It is refused.
    #[default]
    Error,
    /// The one that is there stays.
    Skip,
    /// It takes the place of the one that is there, where the caller may write that.
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
    fn a_period_is_read_as_a_parameter_names_it() {
        let read = |text| Period::read("/from", text).map(|period| period.to_string());
        assert_eq!(read("2024").unwrap(), "2024");
        assert_eq!(read("2024-Q3").unwrap(), "2024 Q3");
        assert_eq!(read("2024 Q1").unwrap(), "2024 Q1");
        for bad in ["", "24", "2024-", "2024-Q5", "2024-01-01"] {
            assert_eq!(read(bad).unwrap_err().code, "invalid_period", "{bad:?}");
        }
    }

    #[test]
    fn periods_end_with_their_last_month() {
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
    fn a_quarter_is_needed_where_the_kind_has_quarters() {
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
