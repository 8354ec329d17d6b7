//! Statistics of one ratio's column, collected by a survey.

use super::{
    number::{Cell, Evidence, NumberText, Separators, Sign},
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

    /// Describes the cells: `12 cells, first "0,41" in row 2`.
    pub(super) fn told(&self, what: &str) -> String {
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
    /// Cells with a number.
    pub(super) numbers: u32,
    /// Of these: with a percent sign, equal to 0, outside of the allowed range.
    pub(super) percents: Seen,
    pub(super) unsigned: u32,
    pub(super) zeros: u32,
    /// Sizes of values without a unit sign.
    pub(super) sizes: Sizes,
    /// The cells that show which separators are used.
    pub(super) point: Seen,
    pub(super) comma: Seen,
    pub(super) lone_point: Seen,
    pub(super) lone_comma: Seen,
    /// Sizes of `1,234` as thousands.
    pub(super) thousands: Sizes,
    /// Formulas without a stored value, and with a stored 0; whether one has another value.
    pub(super) uncomputed: Seen,
    pub(super) zero_formulas: Seen,
    pub(super) is_computed: bool,
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

    /// Returns the sum, the mean, both bounds and both standard deviations of at least two
    /// values.
    pub(super) fn summaries(&self) -> Option<[f64; 6]> {
        if self.count < 2 {
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

impl ColumnStats {
    /// Adds a cell to the statistics.
    pub(super) fn see(&mut self, definition: &RatioDefinition, row: u32, text: &str, cell: &Cell) {
        let Cell::Number(number) = cell else {
            return;
        };
        self.numbers += 1;
        match number.evidence() {
            Evidence::None => {}
            Evidence::Point => self.point.see(row, text),
            Evidence::Comma => self.comma.see(row, text),
            Evidence::LonePoint => self.lone_point.see(row, text),
            Evidence::LoneComma => {
                self.lone_comma.see(row, text);
                let thousand = number.decimal(Separators::Point);
                if let Some(value) = thousand.and_then(|decimal| decimal.parse().ok()) {
                    self.thousands.see(value);
                }
            }
        }
        let Some(value) = value(number) else {
            return;
        };
        match number.sign {
            Some(Sign::Percent) => self.percents.see(row, text),
            Some(Sign::Times) => {}
            None => {
                self.unsigned += 1;
                self.sizes.see(value);
            }
        }
        self.zeros += u32::from(value == 0.0);
        self.figures.see(value);
        let in_fractions = |unit: RatioUnit| match (number.sign, unit) {
            (Some(Sign::Percent), _) | (None, RatioUnit::Percent) => value / 100.0,
            _ => value,
        };
        for (unit, flagged) in [
            (RatioUnit::Fraction, &mut self.fractions),
            (RatioUnit::Percent, &mut self.percent),
        ] {
            flagged.see(row, text, flag_of(definition, in_fractions(unit)));
        }
        if number.sign.is_none() && is_of_nines(value) {
            self.see_placeholder(row, text, value);
        }
    }

    fn see_placeholder(&mut self, row: u32, text: &str, value: f64) {
        let known = self
            .placeholders
            .iter()
            .position(|(other, _)| *other == value);
        match known {
            Some(at) => self.placeholders[at].1.see(row, text),
            None if self.placeholders.len() < MAX_PLACEHOLDERS => {
                let mut seen = Seen::default();
                seen.see(row, text);
                self.placeholders.push((value, seen));
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

    /// Returns whether every number is 0 and there are enough of them to decide.
    pub(super) fn is_all_zero(&self) -> bool {
        self.numbers >= super::units::MIN_VALUES && self.zeros == self.numbers
    }
}

/// Returns whether a data set would write this value for a missing one: -99, -999.99, 9999.
fn is_of_nines(value: f64) -> bool {
    let digits = value.abs().to_string();
    let nines = digits.bytes().filter(|b| *b == b'9').count();
    let is_pure = digits.bytes().all(|b| matches!(b, b'9' | b'.'));
    is_pure && nines >= if value < 0.0 { 2 } else { 4 } && value.abs() >= 99.0
}

/// Returns a number's size for counting: a lone comma says nothing about it.
fn value(number: &NumberText) -> Option<f64> {
    let separators = match number.evidence() {
        Evidence::LoneComma => return None,
        Evidence::Comma => Separators::Comma,
        _ => Separators::Point,
    };
    number.decimal(separators)?.parse().ok()
}

/// Returns the name of a column in the file and the ratio's name, where these differ.
pub(super) fn named(name: &str, definition: &RatioDefinition) -> String {
    if name == definition.name {
        name.to_owned()
    } else {
        format!("{} ({:?} in the file)", definition.name, shorten(name))
    }
}
