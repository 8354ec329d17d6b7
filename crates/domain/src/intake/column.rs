//! Statistics of one ratio's column, collected by a survey.

use super::{
    number::{Cell, Evidence, NumberText, Reading, Separators, Sign},
    units::Sizes,
};
use crate::{
    fault::shorten,
    ratio::{Flag, RatioDefinition, RatioUnit, flag_of},
};

/// How many different placeholders of a column are counted.
const MAX_PLACEHOLDERS: usize = 8;

/// A number of cells, with the first of them as an example.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) count: u32,
    pub(super) row: u32,
    pub(super) text: String,
}

impl Seen {
    pub(super) fn see(&mut self, row: u32, text: &str) {
        if self.count == 0 {
            self.row = row;
            self.text = shorten(text);
        }
        self.count = self.count.saturating_add(1);
    }

    /// Adds cells that were seen elsewhere; the first row's is the example.
    pub(super) fn add(&mut self, other: &Self) {
        if other.count > 0 && (self.count == 0 || other.row < self.row) {
            (self.row, self.text) = (other.row, other.text.clone());
        }
        self.count = self.count.saturating_add(other.count);
    }

    /// Describes the cells: `12 cells, first "0,41" in row 2`.
    pub(super) fn described(&self, what: &str) -> String {
        let plural = if self.count == 1 { "" } else { "s" };
        format!(
            "{} {what}{plural}, first {:?} in row {}",
            self.count, self.text, self.row
        )
    }
}

/// The statistics of one ratio's column.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ColumnStats {
    /// Cells with a number, and cells with a text that is none.
    pub(super) numbers: u32,
    pub(super) unreadable: u32,
    /// The cells that show which separators are used.
    pub(super) point: Seen,
    pub(super) comma: Seen,
    pub(super) lone_point: Seen,
    pub(super) lone_comma: Seen,
    /// The numbers that can be read in one way only.
    certain: Measures,
    /// `1,234` and `1.234` as decimals and as thousands: which they are, the whole file shows.
    comma_decimals: Measures,
    pub(super) comma_thousands: Measures,
    point_decimals: Measures,
    pub(super) point_thousands: Measures,
    /// The numbers that are read, once the separators are settled.
    pub(super) read: Measures,
    /// Formulas without a stored value, and with a stored 0; whether one has another value.
    pub(super) uncomputed: Seen,
    pub(super) zero_formulas: Seen,
    pub(super) is_computed: bool,
}

/// What numbers of a column reveal about its unit and its range.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Measures {
    /// Numbers with a unit sign other than `x`, without any, and equal to 0.
    pub(super) signed: Seen,
    pub(super) unsigned: u32,
    pub(super) zeros: u32,
    /// Sizes of values without a unit sign, and of those with one as fractions.
    pub(super) sizes: Sizes,
    pub(super) signed_sizes: Sizes,
    /// Values that cannot be stored unchanged, if the column is in fractions or in percent.
    fractions: Flagged,
    percent: Flagged,
    /// Values that consist of nines, such as -999, which represent missing values in many
    /// data sets.
    pub(super) placeholders: Vec<(f64, Seen)>,
    /// The figures with which totals and averages are distinguished from companies.
    pub(super) figures: Figures,
}

/// The cells of a column by the flag that their values get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Flagged {
    pub(super) implausible: Seen,
    pub(super) negative: Seen,
    pub(super) low: Seen,
    pub(super) high: Seen,
}

impl Flagged {
    /// Returns whether a number above the range has no unit sign.
    pub(super) fn has_unsigned_high(&self) -> bool {
        self.high.count > 0 && !self.high.text.ends_with('%')
    }

    fn see(&mut self, row: u32, text: &str, flag: Option<Flag>) {
        match flag {
            Some(Flag::Implausible) => self.implausible.see(row, text),
            Some(Flag::NonPositiveDenominator) => self.negative.see(row, text),
            Some(Flag::ClampedLow) => self.low.see(row, text),
            Some(Flag::ClampedHigh) => self.high.see(row, text),
            _ => {}
        }
    }
}

impl Flagged {
    fn add(&mut self, other: &Self) {
        self.implausible.add(&other.implausible);
        self.negative.add(&other.negative);
        self.low.add(&other.low);
        self.high.add(&other.high);
    }
}

/// Sums and bounds of a column's values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Figures {
    pub(super) count: u32,
    pub(super) sum: f64,
    squares: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Figures {
    pub(super) fn see(&mut self, value: f64) {
        if self.count == 0 {
            (self.min, self.max) = (value, value);
        }
        self.count += 1;
        self.sum += value;
        self.squares += value * value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    fn add(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Returns the sum, the mean, both bounds and both standard deviations of at least two
    /// values that are not all the same.
    #[expect(
        clippy::float_cmp,
        reason = "the same values, not results of arithmetic"
    )]
    pub(super) fn summaries(&self) -> Option<[f64; 6]> {
        if self.count < 2 || self.min == self.max {
            return None;
        }
        let n = f64::from(self.count);
        let mean = self.sum / n;
        let spread = (self.squares - n * mean * mean).max(0.0);
        let deviations = [(spread / n).sqrt(), (spread / (n - 1.0)).sqrt()];
        Some([
            self.sum,
            mean,
            self.min,
            self.max,
            deviations[0],
            deviations[1],
        ])
    }
}

/// A number as it would be read with a decimal point and with a decimal comma.
pub(super) type Readings = [Option<f64>; 2];

impl ColumnStats {
    /// Adds a cell to the statistics, and returns its number. A number cell of a workbook,
    /// unlike a text, reveals nothing about separators and is never ambiguous. The values of a row
    /// that `is_stored` is not set for are not reported as stored otherwise than written.
    pub(super) fn see(
        &mut self,
        definition: &RatioDefinition,
        row: u32,
        text: &str,
        cell: &Cell,
        is_text: bool,
        is_stored: bool,
    ) -> Readings {
        let number = match cell {
            Cell::Number(number) => number,
            Cell::Missing => return [None; 2],
            Cell::Other(_) => {
                self.unreadable += 1;
                return [None; 2];
            }
        };
        self.numbers += 1;
        let readings = readings(number, is_text);
        let note = |measures: &mut Measures, value: Option<f64>| {
            if let Some(value) = value {
                measures.see(row, text, number.sign, value);
                if is_stored {
                    measures.see_flag(definition, row, text, number.sign, value);
                }
            }
        };
        let evidence = if is_text {
            number.evidence()
        } else {
            Evidence::None
        };
        match evidence {
            Evidence::LoneComma => {
                self.lone_comma.see(row, text);
                note(&mut self.comma_thousands, readings[0]);
                note(&mut self.comma_decimals, readings[1]);
            }
            Evidence::LonePoint => {
                self.lone_point.see(row, text);
                note(&mut self.point_decimals, readings[0]);
                note(&mut self.point_thousands, readings[1]);
            }
            Evidence::None => note(&mut self.certain, readings[0]),
            Evidence::Point => {
                self.point.see(row, text);
                note(&mut self.certain, readings[0]);
            }
            Evidence::Comma => {
                self.comma.see(row, text);
                note(&mut self.certain, readings[1]);
            }
        }
        readings
    }

    /// Settles which numbers are read, and as what.
    pub(super) fn settle(&mut self, reading: Reading) {
        let is_comma = reading.separators == Separators::Comma;
        self.read = self.certain.clone();
        if reading.lone_commas {
            self.read.add(if is_comma {
                &self.comma_decimals
            } else {
                &self.comma_thousands
            });
        }
        if reading.lone_points {
            self.read.add(if is_comma {
                &self.point_thousands
            } else {
                &self.point_decimals
            });
        }
    }

    /// Returns whether every number is 0 and there are enough of them to decide.
    pub(super) fn is_all_zero(&self) -> bool {
        self.numbers >= super::units::MIN_VALUES && self.read.zeros == self.numbers
    }
}

impl Measures {
    fn see(&mut self, row: u32, text: &str, sign: Option<Sign>, value: f64) {
        match sign {
            Some(Sign::Times) => {}
            Some(sign) => {
                self.signed.see(row, text);
                self.signed_sizes.see(scaled(value, sign));
            }
            None => {
                self.unsigned += 1;
                self.sizes.see(value);
            }
        }
        self.zeros += u32::from(value == 0.0);
        self.figures.see(value);
        if sign.is_none() && is_of_nines(value) {
            let mut seen = Seen::default();
            seen.see(row, text);
            self.add_placeholder(value, &seen);
        }
    }

    fn add(&mut self, other: &Self) {
        self.signed.add(&other.signed);
        self.unsigned += other.unsigned;
        self.zeros += other.zeros;
        self.sizes.add(&other.sizes);
        self.signed_sizes.add(&other.signed_sizes);
        self.fractions.add(&other.fractions);
        self.percent.add(&other.percent);
        for (value, seen) in &other.placeholders {
            self.add_placeholder(*value, seen);
        }
        self.figures.add(&other.figures);
    }

    /// Counts a value that cannot be stored unchanged.
    fn see_flag(
        &mut self,
        definition: &RatioDefinition,
        row: u32,
        text: &str,
        sign: Option<Sign>,
        value: f64,
    ) {
        for (unit, flagged) in [
            (RatioUnit::Fraction, &mut self.fractions),
            (RatioUnit::Percent, &mut self.percent),
        ] {
            let value = match (sign, unit) {
                (Some(sign), _) => scaled(value, sign),
                (None, RatioUnit::Percent) => value / 100.0,
                (None, RatioUnit::Fraction) => value,
            };
            flagged.see(row, text, flag_of(definition, value));
        }
    }

    fn add_placeholder(&mut self, value: f64, cells: &Seen) {
        let known = self
            .placeholders
            .iter()
            .position(|(other, _)| *other == value);
        match known {
            Some(at) => self.placeholders[at].1.add(cells),
            None if self.placeholders.len() < MAX_PLACEHOLDERS => {
                self.placeholders.push((value, cells.clone()));
            }
            None => {}
        }
    }

    /// Returns the values that cannot be stored unchanged, in the unit of the column.
    pub(super) const fn flagged(&self, unit: RatioUnit) -> &Flagged {
        match unit {
            RatioUnit::Fraction => &self.fractions,
            RatioUnit::Percent => &self.percent,
        }
    }
}

/// Returns a number with a unit sign as a fraction or a multiple.
fn scaled(value: f64, sign: Sign) -> f64 {
    value / 10_f64.powf(sign.places() as f64)
}

/// Returns whether a data set would write this value for a missing one: -99, -999.99, 9999.
fn is_of_nines(value: f64) -> bool {
    let digits = value.abs().to_string();
    let nines = digits.bytes().filter(|b| *b == b'9').count();
    let is_pure = digits.bytes().all(|b| matches!(b, b'9' | b'.'));
    is_pure && nines >= if value < 0.0 { 2 } else { 4 } && value.abs() >= 99.0
}

/// Returns a number as it would be read with either decimal mark.
pub(super) fn readings(number: &NumberText, is_text: bool) -> Readings {
    let read = |separators| number.decimal(separators)?.parse().ok();
    match number.evidence() {
        Evidence::Comma => [read(Separators::Comma); 2],
        Evidence::LoneComma | Evidence::LonePoint if is_text => {
            [read(Separators::Point), read(Separators::Comma)]
        }
        _ => [read(Separators::Point); 2],
    }
}

/// Returns the name of a column in the file and the ratio's name, where these differ.
pub(super) fn named(name: &str, definition: &RatioDefinition) -> String {
    if name == definition.name {
        name.to_owned()
    } else {
        format!("{} ({:?} in the file)", definition.name, shorten(name))
    }
}
