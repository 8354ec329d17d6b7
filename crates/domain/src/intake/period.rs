//! Reads reporting periods as users and vendors write them.

mod quarter;
mod words;

use time::{Date, Month};

use super::{month::month, text::squeezed};
use crate::{
    fault::{Fault, shorten},
    prediction::{Kind, Period, ReportingYear},
};
use quarter::{bare_quarter, read_quarter};
use words::{quarter_and_year, without_remark};

/// How a period was read with a likely rather than a certain meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Likely {
    /// `FY24`: the century is missing.
    Century,
    /// `Dec-24`: a month and two digits that are read as a year.
    MonthAndYear,
    /// `2024E`: an estimate, not a reported figure.
    Estimate,
    /// A year that ends between January and May; some vendors assign it to the year before.
    EarlyYearEnd,
    /// The calendar quarter of a date; a fiscal quarter may differ.
    CalendarQuarter,
    /// `03/04/2024`: day and month may be exchanged. The year is the same.
    DayOrMonth,
    /// A quarter beside a date that is in another calendar quarter.
    FiscalQuarter,
    /// A year that has not begun a year from now, which is more often a slip than a forecast.
    Future,
    /// `2024 (restated)`: a remark beside the year.
    Remark,
}

impl Likely {
    /// Returns the text of the warning.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Century => "a year of two digits is read as one of this century",
            Self::MonthAndYear => "a month and two digits are read as a month and its year",
            Self::Estimate => "an estimate is scored like a reported figure",
            Self::EarlyYearEnd => {
                "a year that ends between January and May is counted for the year in which it ends"
            }
            Self::CalendarQuarter => "a date is read as the quarter of the calendar it lies in",
            Self::DayOrMonth => {
                "a date whose day and month can be exchanged is read for its year alone"
            }
            Self::FiscalQuarter => {
                "a quarter that is not the one of the calendar its date lies in is read as a fiscal quarter"
            }
            Self::Future => "a year that lies in the future is scored like a reported one",
            Self::Remark => "a remark beside a year is left out",
        }
    }
}

/// A period that was read, and which part of it is only likely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPeriod {
    /// The period.
    pub period: Period,
    /// The parts that were not certain.
    pub likely: Vec<Likely>,
    /// Why the period is doubtful, which stops the file it is in: a quarter beside a date belongs
    /// to a fiscal year that ends in a later year than the date.
    pub doubt: Option<Fault>,
}

/// Reads a period from the cells of the year and, where there is one, of the quarter.
///
/// # Errors
/// `required`, `invalid_year`, `invalid_quarter` at the names of the columns.
pub fn read_period(
    kind: Kind,
    year: &str,
    quarter: Option<&str>,
) -> Result<ReadPeriod, Vec<Fault>> {
    let mut likely = Vec::new();
    let mut doubt = None;
    let label = Label::read(year);
    let mut faults = Vec::new();
    let (mut year_read, quarter_in_year) = match label {
        Ok(label) => {
            likely.extend(label.likely);
            let early = label.month.is_some_and(|month| month <= 5) && kind == Kind::Annual;
            likely.extend(early.then_some(Likely::EarlyYearEnd));
            (year_of(label.year, year, &mut faults), Some(label))
        }
        Err(fault) => {
            faults.push(fault);
            (None, None)
        }
    };
    let quarter_read = match kind {
        Kind::Annual => {
            if quarter_in_year
                .as_ref()
                .is_some_and(|l| l.quarter.is_some())
            {
                faults.push(invalid_year(year, names_no_year(year)));
            }
            None
        }
        Kind::Quarterly => {
            let own = quarter.map(squeezed).filter(|text| !text.is_empty());
            match read_quarter(own.as_deref(), quarter_in_year.as_ref(), &mut likely) {
                Ok(read) => {
                    if let Some(named) = read.year {
                        year_read = year_of(named, year, &mut faults);
                    }
                    doubt = read.doubt;
                    Some(read.quarter)
                }
                Err(fault) => {
                    faults.push(fault);
                    None
                }
            }
        }
    };
    match year_read {
        Some(year) if faults.is_empty() => Ok(ReadPeriod {
            period: Period {
                year,
                quarter: quarter_read,
            },
            likely,
            doubt,
        }),
        _ => Err(faults),
    }
}

fn year_of(year: u16, text: &str, faults: &mut Vec<Fault>) -> Option<ReportingYear> {
    ReportingYear::parse("reporting_year", &year.to_string())
        .map_err(|_| {
            faults.push(invalid_year(text, "years from 1900 to 2100 are accepted"));
        })
        .ok()
}

/// Returns why a year that may name a quarter is none of an annual prediction.
fn names_no_year(year: &str) -> &'static str {
    let is_decimal = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_digit() || b".,".contains(&b))
    };
    if is_decimal(year.trim()) {
        "a year has no decimals: write it like 2024; if the decimal is a quarter, send the file with \
         job_type=quarterly"
    } else {
        "it names a quarter, and annual predictions are for whole years; send the file with \
         job_type=quarterly or give the year alone"
    }
}

fn invalid_year(text: &str, why: &str) -> Fault {
    Fault::new(
        "reporting_year",
        "invalid_year",
        format!("{:?} is not a reporting year: {why}", shorten(text.trim())),
    )
}

/// Reads a number whose decimals are all zero: `2024.0`, `2024,00`, and with the noise of binary
/// fractions, `2024.0000000000002`.
fn whole(text: &str) -> Option<&str> {
    match text.split_once(['.', ',']) {
        None => Some(text),
        Some((whole, zeros)) => {
            let is_number = zeros.bytes().all(|b| b.is_ascii_digit());
            let is_whole =
                (1..=20).contains(&zeros.len()) && zeros.bytes().take(8).all(|b| b == b'0');
            (is_number && is_whole).then_some(whole)
        }
    }
}

/// The parsed label of a period.
struct Label {
    year: u16,
    quarter: Option<u8>,
    /// The month of a date, and its day.
    month: Option<u8>,
    day: Option<u8>,
    /// Whether the month is one digit that may also be a quarter, as in `2024/3`.
    may_be_quarter: bool,
    likely: Option<Likely>,
}

impl Label {
    const fn year(year: u16) -> Self {
        Self {
            year,
            quarter: None,
            month: None,
            day: None,
            may_be_quarter: false,
            likely: None,
        }
    }

    /// Returns the calendar quarter of a date.
    fn calendar_quarter(&self) -> Option<u8> {
        let month = self.month.filter(|_| !self.may_be_quarter)?;
        Some(month.div_ceil(3))
    }

    /// Returns the year and the month in which the fiscal year ends of which the date ends this
    /// quarter; `None` if the quarter is that of the calendar. Years of 52 or 53 weeks end up to a
    /// week into the next month.
    fn fiscal_year_end(&self, quarter: u8) -> Option<(u16, u8)> {
        let month = self.month.filter(|_| !self.may_be_quarter)?;
        let is_overhanging = self.day.is_some_and(|day| day <= 7) && month > 1;
        let ended = if is_overhanging { month - 1 } else { month };
        if quarter == month.div_ceil(3) || quarter == ended.div_ceil(3) {
            return None;
        }
        let end = ended + 3 * (4 - quarter);
        Some(if end > 12 {
            (self.year + 1, end - 12)
        } else {
            (self.year, end)
        })
    }

    fn read(text: &str) -> Result<Self, Fault> {
        let text = squeezed(text);
        if text.is_empty() {
            return Err(Fault::new(
                "reporting_year",
                "required",
                "the row names no reporting year",
            ));
        }
        if let Some(date) = date(&text)? {
            return Ok(date);
        }
        let lower = text.to_lowercase().replace(['\'', '’', '‘'], "");
        let (period, remark) = without_remark(&lower);
        let label = Self::of_words(period).map(|label| Self {
            likely: remark.or(label.likely),
            ..label
        });
        label.ok_or_else(|| {
            invalid_year(
                &text,
                "write four digits like 2024, FY2024, or the date of the year's end like 2024-12-31",
            )
        })
    }

    /// Reads `2024`, `2024.0`, `FY2024`, `FY24`, `2024 FY`, `2024A`, `2024E`, `Q3 2024`, `2024Q3`,
    /// `3Q24`, `3. Quartal 2024`, `Dec-24`, `Dec 2024`, `31-Dec-2024`, `Dec 31, 2024`, `FYE Mar-25`.
    fn of_words(lower: &str) -> Option<Self> {
        if let Some(year) = whole(lower).and_then(four_digits) {
            return Some(Self::year(year));
        }
        let words: Vec<&str> = lower
            .split([' ', '-', '/', '_', '.', ':', ','])
            .filter(|word| !matches!(*word, "" | "de"))
            .collect();
        match words.as_slice() {
            [one] => Self::of_word(one),
            ["fy" | "fye" | "year" | "fiscal" | "cy" | "gj", year] | [year, "fy"] => {
                Self::of_word(&format!("fy{year}"))
            }
            ["fye", name, year] => Self::of_month(month(name)?, year),
            [first, second] => month(first)
                .map(|month| (month, *second))
                .or_else(|| month(second).map(|month| (month, *first)))
                .and_then(|(month, year)| Self::of_month(month, year))
                .or_else(|| Self::of_quarter(first, second))
                .or_else(|| Self::of_quarter(second, first)),
            [quarter, "fy", year] => Self::of_quarter(quarter, year),
            [a, b, c] => Self::of_day(a, b, c)
                .or_else(|| Self::of_day(b, a, c))
                .or_else(|| Self::of_day(b, c, a))
                .or_else(|| Self::of_quarter(&format!("{a} {b}"), c))
                .or_else(|| Self::of_quarter(&format!("{b} {c}"), a)),
            _ => None,
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        let year = ["fy", "cy", "gj"]
            .iter()
            .find_map(|prefix| word.strip_prefix(prefix))
            .or_else(|| word.strip_suffix("fy"));
        if let Some(label) = year.and_then(Self::of_year) {
            return Some(label);
        }
        for (suffix, likely) in [
            ("a", None),
            ("e", Some(Likely::Estimate)),
            ("f", Some(Likely::Estimate)),
        ] {
            if let Some(year) = word.strip_suffix(suffix).and_then(four_digits) {
                return Some(Self {
                    likely,
                    ..Self::year(year)
                });
            }
        }
        let (quarter, year) = quarter_and_year(word)?;
        Self::of_quarter(quarter, year)
    }

    /// Reads `2024` or, with the century omitted, `24`.
    fn of_year(text: &str) -> Option<Self> {
        let text = text.strip_suffix('a').unwrap_or(text);
        if let Some(year) = text.strip_suffix('e').and_then(four_digits) {
            return Some(Self {
                likely: Some(Likely::Estimate),
                ..Self::year(year)
            });
        }
        four_digits(text).map(Self::year).or_else(|| {
            two_digits(text).map(|year| Self {
                likely: Some(Likely::Century),
                ..Self::year(year)
            })
        })
    }

    fn of_month(month: u8, year: &str) -> Option<Self> {
        let (year, likely) = match four_digits(year) {
            Some(year) => (year, None),
            None => (two_digits(year)?, Some(Likely::MonthAndYear)),
        };
        Some(Self {
            month: Some(month),
            likely,
            ..Self::year(year)
        })
    }

    /// Reads a day with the name of its month.
    fn of_day(month_name: &str, day: &str, year: &str) -> Option<Self> {
        let at = month(month_name)?;
        let label = Self::of_month(at, year)?;
        let day: u8 = day.parse().ok().filter(|_| day.len() <= 2)?;
        let month = Month::try_from(at).ok()?;
        Date::from_calendar_date(i32::from(label.year), month, day).ok()?;
        Some(Self {
            day: Some(day),
            likely: label.likely.map(|_| Likely::Century),
            ..label
        })
    }

    fn of_quarter(quarter: &str, year: &str) -> Option<Self> {
        let quarter = bare_quarter(quarter)?;
        let label = Self::of_year(year.strip_prefix("fy").unwrap_or(year))?;
        Some(Self {
            quarter: Some(quarter),
            ..label
        })
    }
}

fn four_digits(text: &str) -> Option<u16> {
    let is_year = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    is_year.then(|| text.parse().ok()).flatten()
}

fn two_digits(text: &str) -> Option<u16> {
    let is_year = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    is_year
        .then(|| text.parse::<u16>().ok())
        .flatten()
        .map(|year| 2000 + year)
}

/// Reads `2024-12-31`, `2024/12/31`, `31.12.2024`, `31/12/2024`, `12/31/2024`, `12/31/24`,
/// `2024-12`, `2024/12`, `12/2024`, `20241231`, `202412`, each also followed by a time.
fn date(text: &str) -> Result<Option<Label>, Fault> {
    let day = text.split(['T', ' ']).next().unwrap_or_default();
    let numbers = |text: &str| -> Option<Vec<u32>> {
        text.split(['-', '/', '.'])
            .map(|n| n.parse().ok())
            .collect()
    };
    let parts: Vec<&str> = day.split(['-', '/', '.']).collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let Some(n) = numbers(day) else {
        return Ok(None);
    };
    let small = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
    let mut likely = None;
    let (year, month, day_of_month) = match lengths.as_slice() {
        [1 | 2, 4] if (1..=12).contains(&n[0]) => (n[1], n[0], None),
        [6] if (1..=12).contains(&(n[0] % 100)) => (n[0] / 100, n[0] % 100, None),
        // The year is last, and a number beyond 12 must be the day.
        [1 | 2, 1 | 2, 2] if (n[0] > 12) != (n[1] > 12) => {
            likely = Some(Likely::Century);
            (2000 + n[2], n[0].min(n[1]), Some(n[0].max(n[1])))
        }
        [4, 1 | 2] if (1..=12).contains(&n[1]) && !day.contains('.') => (n[0], n[1], None),
        [4, 1 | 2, 1 | 2] => (n[0], n[1], Some(n[2])),
        [1 | 2, 1 | 2, 4] => {
            // 31/12 can be read in one way only, and so can 12/31. 03/04 is ambiguous: its
            // year is used with a warning, its month is not.
            let (a, b) = (n[0], n[1]);
            match (a > 12, b > 12) {
                (true, false) => (n[2], b, Some(a)),
                (false, true) => (n[2], a, Some(b)),
                _ if day.contains('.') || a == b => (n[2], b, Some(a)),
                (false, false) => {
                    return Ok(Some(Label {
                        likely: Some(Likely::DayOrMonth),
                        ..Label::year(small(n[2]))
                    }));
                }
                (true, true) => return Ok(None),
            }
        }
        [8] => (n[0] / 10_000, n[0] / 100 % 100, Some(n[0] % 100)),
        _ => return Ok(None),
    };
    let (year, day_of_month) = (small(year), day_of_month.map(small));
    let month = u8::try_from(month).unwrap_or_default();
    let valid = Month::try_from(month).is_ok_and(|m| {
        let day = day_of_month.map_or(1, |day| u8::try_from(day).unwrap_or_default());
        Date::from_calendar_date(i32::from(year), m, day).is_ok()
    });
    if !valid {
        return Ok(None);
    }
    if let Some(serial) = serial_of_a_year(year, month, day_of_month) {
        return Err(invalid_year(
            text,
            &format!(
                "the cell is a date; a number {serial} that is formatted as a date looks like \
                 this, so format the column as a number"
            ),
        ));
    }
    Ok(Some(Label {
        month: Some(month),
        day: day_of_month.and_then(|day| u8::try_from(day).ok()),
        may_be_quarter: lengths == [4, 1] && month <= 4,
        likely,
        ..Label::year(year)
    }))
}

/// Returns the year that a spreadsheet displays as this date because it is formatted as one:
/// the number 2024 is shown as 1905-07-16 (or, counted from 1904, as 1909-07-17).
fn serial_of_a_year(year: u16, month: u8, day: Option<u16>) -> Option<i64> {
    if !(1905..=1910).contains(&year) {
        return None;
    }
    let day = u8::try_from(day?).ok()?;
    let date = Date::from_calendar_date(i32::from(year), Month::try_from(month).ok()?, day).ok()?;
    let start = if year >= 1909 {
        Date::from_calendar_date(1904, Month::January, 1)
    } else {
        Date::from_calendar_date(1899, Month::December, 30)
    };
    let serial = (date - start.ok()?).whole_days();
    (1900..=2100).contains(&serial).then_some(serial)
}

#[cfg(test)]
mod tests;
