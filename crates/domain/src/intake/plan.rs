//! How the rows of one table are read, once the whole table has been surveyed.

use std::collections::BTreeMap;

use super::{
    Cells, Layout, describe,
    names::DESCRIPTIONS,
    number::{Cell, NotANumber, Reading, Sign, shifted},
    period::{Likely, read_period},
};
use crate::{
    company::{CompanyDraft, Symbol},
    fault::{Fault, shorten},
    prediction::{Kind, Period},
    ratio::{RatioDefinition, RatioUnit},
};

/// How the rows of a table are read. The same row is always read in the same way.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub(super) layout: Layout,
    /// Whether every row must have as many cells as the header.
    pub(super) is_fixed_width: bool,
    /// The unit in which ratios are returned.
    pub(super) unit: RatioUnit,
    /// The unit of each ratio's column, for numbers without a unit sign.
    pub(super) units: Vec<RatioUnit>,
    pub(super) reading: Reading,
    /// Rows that are totals, averages or notes, with the reason.
    pub(super) other_rows: BTreeMap<u32, &'static str>,
}

/// The codes of rows that are not companies: totals, averages, notes, repeated headers, the
/// template's example.
const LEFT_OUT: [&str; 3] = ["summary_row", "repeated_header", "template_example"];
/// Why a row that repeats the header is left out.
pub(super) const REPEATED_HEADER: &str = "this row names the columns again and is not a company";

/// A row in the form that a model and the storage use.
#[derive(Clone, Debug, PartialEq)]
pub struct InputRow {
    /// The company that the row names.
    pub company: CompanyDraft,
    /// The period.
    pub period: Period,
    /// The ratios as decimals in the unit of the table's options; `None` where missing.
    pub ratios: Vec<Option<String>>,
    /// Parts of the period that are only likely.
    pub likely: Vec<Likely>,
}

impl Plan {
    /// Returns the meaning of the columns.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Reads a row.
    ///
    /// # Errors
    /// Every fault, with the names of columns as pointers: `cell_count`, `summary_row`,
    /// `repeated_header`, `template_example`, `required`, `invalid_symbol`, `invalid_year`, `invalid_quarter`,
    /// `not_a_number`, `broken_cell`, `ambiguous_number`.
    pub fn read(&self, row: &Cells<'_>) -> Result<InputRow, Vec<Fault>> {
        if let Some(why) = self.other_rows.get(&row.row) {
            let code = if *why == REPEATED_HEADER {
                "repeated_header"
            } else {
                "summary_row"
            };
            return Err(vec![Fault::new("", code, (*why).to_owned())]);
        }
        if let Some(fault) = self.layout.shape(row, self.is_fixed_width) {
            return Err(vec![fault]);
        }
        if is_template_example(&self.layout, row) {
            return Err(vec![Fault::new(
                "",
                "template_example",
                "this is the example row of the template; it is left out",
            )]);
        }
        let mut faults = Vec::new();
        let symbol = self.layout.read_symbol(row);
        let symbol = symbol.map_err(|fault| faults.push(fault)).ok();
        let year = row.at(self.layout.year());
        let quarter = self.layout.quarter().map(|column| row.at(column));
        let period = read_period(self.layout.kind(), year, quarter)
            .map_err(|more| faults.extend(more))
            .ok();
        let ratios = self.ratios(row, &mut faults);
        match (symbol, period) {
            (Some(symbol), Some(period)) if faults.is_empty() => Ok(InputRow {
                company: self.company(&symbol, row),
                period: period.period,
                likely: period.likely,
                ratios,
            }),
            _ => Err(faults),
        }
    }

    /// Whether the faults that [`Self::read`] returned mean that the row is not a company,
    /// so that it is left out without an error.
    #[must_use]
    pub fn is_left_out(faults: &[Fault]) -> bool {
        let is_none = |fault: &Fault| LEFT_OUT.contains(&fault.code.as_str());
        faults.first().is_some_and(is_none)
    }

    fn ratios(&self, row: &Cells<'_>, faults: &mut Vec<Fault>) -> Vec<Option<String>> {
        let definitions = self.layout.kind().ratios().iter();
        definitions
            .zip(self.layout.ratios())
            .zip(&self.units)
            .map(|((definition, column), unit)| {
                let reading = if row.is_text(*column, self.is_fixed_width) {
                    self.reading
                } else {
                    Reading::CELL
                };
                self.ratio(definition, *unit, row.at(*column), reading)
                    .unwrap_or_else(|fault| {
                        faults.push(fault);
                        None
                    })
            })
            .collect()
    }

    fn ratio(
        &self,
        definition: &RatioDefinition,
        unit: RatioUnit,
        text: &str,
        reading: Reading,
    ) -> Result<Option<String>, Fault> {
        let number = match Cell::read(text) {
            Cell::Missing => return Ok(None),
            Cell::Number(number) => number,
            Cell::Other(why) => return Err(no_number(definition, text, why)),
        };
        let decimal = reading.decimal(&number).ok_or_else(|| {
            Fault::new(
                definition.name,
                "ambiguous_number",
                format!(
                    "{:?} can be read in two ways, and the file does not tell which is meant: \
                     write it without separators of thousands and with a decimal point, or send \
                     decimal=comma or decimal=point for the file",
                    shorten(text)
                ),
            )
        })?;
        let from = match (number.sign, unit) {
            (Some(sign), _) => sign.places(),
            (None, RatioUnit::Percent) => Sign::Percent.places(),
            (None, RatioUnit::Fraction) => 0,
        };
        // Multiples are returned as such, whatever the unit of the shares.
        let to = match self.unit {
            RatioUnit::Percent if definition.is_share => Sign::Percent.places(),
            _ => 0,
        };
        let places = to - from;
        Ok(Some(shifted(&decimal, places)))
    }

    /// Returns the row's company. Descriptions that cannot be understood are left out.
    fn company(&self, symbol: &Symbol, row: &Cells<'_>) -> CompanyDraft {
        let texts = describe::of_row(&self.layout, row, self.reading.separators, |_, _| {});
        describe::draft(symbol.as_str(), texts)
    }
}

pub(super) fn no_number(definition: &RatioDefinition, text: &str, why: NotANumber) -> Fault {
    let text = shorten(text);
    let (code, detail) = match why {
        NotANumber::BrokenCell => (
            "broken_cell",
            format!(
                "{text} says that the sheet's formula is broken; mend it and send the file again"
            ),
        ),
        NotANumber::Infinite => (
            "not_a_number",
            format!("{text:?} is infinite: leave the cell empty where the denominator is 0"),
        ),
        NotANumber::Footnote => (
            "not_a_number",
            format!("{text:?} has a footnote mark or a raised digit in it: write the number alone"),
        ),
        NotANumber::Text => (
            "not_a_number",
            format!("{text:?} is not a number; write it like 0.254, or leave the cell empty"),
        ),
    };
    Fault::new(definition.name, code, detail)
}

/// Returns the example that the template shows in a column.
#[must_use]
pub fn example(kind: Kind, name: &str) -> &'static str {
    match name {
        "company_symbol" => "ACME",
        "reporting_year" => "2024",
        "reporting_quarter" => "Q2",
        "company_name" => "Acme Corporation",
        "sector" => "Industrials",
        "industry" => "Machinery",
        "market_cap" => "1250000000",
        "country" => "USA",
        "currency" => "USD",
        "exchange" => "NYSE",
        _ => match kind.ratios().iter().find(|ratio| ratio.name == name) {
            Some(ratio) if ratio.is_share => "0.254",
            Some(_) => "2.5",
            // An identifier that is copied down would make every company the same.
            None => "",
        },
    }
}

/// Whether a row is the template's example in every column; a real company with the same
/// symbol differs in at least one.
pub(super) fn is_template_example(layout: &Layout, row: &Cells<'_>) -> bool {
    let kind = layout.kind();
    let is = |column: usize, name: &str| row.at(column) == example(kind, name);
    is(layout.symbol(), "company_symbol")
        && is(layout.year(), "reporting_year")
        && layout.quarter().is_none_or(|c| is(c, "reporting_quarter"))
        && layout
            .descriptions()
            .iter()
            .zip(DESCRIPTIONS)
            .all(|(column, name)| column.is_none_or(|column| is(column, name)))
        && layout
            .ratios()
            .iter()
            .zip(kind.ratios())
            .all(|(column, ratio)| is(*column, ratio.name))
}
