//! Reads the quarter of a row, and its fiscal year beside a date.

use time::Month;

use super::{Label, Likely, whole};
use crate::{
    fault::{Fault, shorten},
    prediction::Quarter,
};

/// A quarter that was read.
pub(super) struct QuarterRead {
    pub(super) quarter: Quarter,
    /// The fiscal year that the quarter's cell names beside a date of another year.
    pub(super) year: Option<u16>,
    /// Why the fiscal year is doubtful.
    pub(super) doubt: Option<Fault>,
}

impl QuarterRead {
    fn certain(quarter: u8) -> Result<Self, Fault> {
        Ok(Self {
            quarter: quarter_of(quarter)?,
            year: None,
            doubt: None,
        })
    }
}

pub(super) fn read_quarter(
    own: Option<&str>,
    label: Option<&Label>,
    likely: &mut Vec<Likely>,
) -> Result<QuarterRead, Fault> {
    let in_year = label.and_then(|label| label.quarter);
    let Some(text) = own else {
        if let Some(quarter) = in_year {
            return QuarterRead::certain(quarter);
        }
        if let Some(quarter) = label.and_then(Label::calendar_quarter) {
            likely.push(Likely::CalendarQuarter);
            return QuarterRead::certain(quarter);
        }
        return Err(quarter_fault(
            "required",
            "the row names no quarter; write Q1 to Q4".to_owned(),
        ));
    };
    let mut own_year = None;
    let read = bare_quarter(text).or_else(|| {
        let label = Label::read(text).ok()?;
        own_year = Some(label.year);
        if label.quarter.is_none() && label.month.is_some() {
            likely.push(Likely::CalendarQuarter);
        }
        label.quarter.or_else(|| label.calendar_quarter())
    });
    let Some(quarter) = read else {
        return Err(invalid_quarter(text, "is not a quarter: write Q1 to Q4"));
    };
    if in_year.is_some_and(|other| other != quarter) {
        return Err(invalid_quarter(
            text,
            "contradicts the quarter that stands beside the year",
        ));
    }
    let date = label.filter(|label| in_year.is_none() && label.calendar_quarter().is_some());
    let fiscal_end = date.and_then(|date| date.fiscal_year_end(quarter));
    let is_of = |own: u16, year: u16| match fiscal_end {
        // A fiscal year that ends early in a year is also named after the year before.
        Some((end, month)) => own == end || own == year || month <= 5 && own + 1 == end,
        None => own == year,
    };
    if let (Some(own), Some(label)) = (own_year, label)
        && !is_of(own, label.year)
    {
        return Err(invalid_quarter(
            text,
            &format!(
                "is a quarter of {own}, and the row's year is {}; correct one of them",
                label.year
            ),
        ));
    }
    if date.is_some_and(|date| date.calendar_quarter() != Some(quarter)) {
        likely.push(Likely::FiscalQuarter);
    }
    let mut doubt = None;
    if let (Some((end, month)), Some(date), None) = (fiscal_end, date, own_year) {
        if end > date.year {
            doubt = Some(doubtful_fiscal_year(text, date.year, end, month));
        } else if month <= 5 {
            likely.push(Likely::EarlyYearEnd);
        }
    }
    Ok(QuarterRead {
        quarter: quarter_of(quarter)?,
        year: own_year,
        doubt,
    })
}

fn quarter_fault(code: &str, detail: String) -> Fault {
    Fault::new("reporting_quarter", code, detail)
}

fn invalid_quarter(text: &str, why: &str) -> Fault {
    quarter_fault("invalid_quarter", format!("{:?} {why}", shorten(text)))
}

/// Reports a quarter that belongs to a fiscal year after the year of its date.
fn doubtful_fiscal_year(quarter: &str, year: u16, end: u16, month: u8) -> Fault {
    let month = Month::try_from(month).map_or_else(|_| String::new(), |month| month.to_string());
    let quarter = shorten(quarter);
    Fault::new(
        "reporting_year",
        "fiscal_year",
        format!(
            "{quarter:?} beside a date in {year} is a quarter of a fiscal year that ends in {month} \
             {end}, and the row does not tell whether {year} or {end} is meant"
        ),
    )
}

fn quarter_of(quarter: u8) -> Result<Quarter, Fault> {
    format!("Q{quarter}")
        .parse()
        .map_err(|e: crate::fault::UnknownName| {
            Fault::new("reporting_quarter", "invalid_quarter", e.to_string())
        })
}

/// Reads `Q3`, `3`, `3.0`, `3Q`, `FQ3`, `Quarter 3`, `3rd quarter`, `III`, `T3`, `3. Quartal`.
pub(super) fn bare_quarter(text: &str) -> Option<u8> {
    const NAMES: [[&str; 3]; 4] = [
        ["1st", "i", "1er"],
        ["2nd", "ii", "2e"],
        ["3rd", "iii", "3e"],
        ["4th", "iv", "4e"],
    ];
    /// The word for a quarter, before or after its number, in the languages of the markets.
    const WORDS: [&str; 9] = [
        "quarter",
        "quartal",
        "vierteljahr",
        "trimestre",
        "kwartał",
        "qtr",
        "fq",
        "q",
        "t",
    ];
    let lower = text.to_lowercase();
    let named = |text: &str| NAMES.iter().position(|names| names.contains(&text));
    let digit = WORDS
        .iter()
        .find_map(|word| lower.strip_prefix(word))
        .or_else(|| WORDS.iter().find_map(|word| lower.strip_suffix(word)))
        .unwrap_or(&lower)
        .trim_matches([' ', '.']);
    if let Some(at) = named(&lower).or_else(|| named(digit)) {
        return u8::try_from(at + 1).ok();
    }
    whole(digit)?.parse().ok().filter(|q| (1..=4).contains(q))
}
