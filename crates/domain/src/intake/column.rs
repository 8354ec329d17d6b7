//! What a survey learns of one ratio's column.

use super::{
    number::{Cell, Evidence, NumberText, Separators, Sign},
    units::Sizes,
};
use crate::{fault::shorten, ratio::RatioDefinition};

/// A number of cells, with the first of them.
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

    /// `12 cells, first "0,41" in row 2`
    pub(super) fn told(&self, what: &str) -> String {
        let plural = if self.count == 1 { "" } else { "s" };
        format!(
            "{} {what}{plural}, first {:?} in row {}",
            self.count, self.text, self.row
        )
    }
}

/// What a survey learns of one ratio's column.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ColumnStats {
    /// Cells with a number.
    pub(super) numbers: u32,
    /// Of these: with a percent sign, equal to 0, outside of the range they may have.
    pub(super) percents: Seen,
    pub(super) unsigned: u32,
    pub(super) zeros: u32,
    /// Sizes of values without a unit sign.
    pub(super) sizes: Sizes,
    /// What the cells show of the separators.
    pub(super) point: Seen,
    pub(super) comma: Seen,
    pub(super) lone_point: Seen,
    pub(super) lone_comma: Seen,
    /// Sizes of `1,234` as thousands.
    pub(super) thousands: Sizes,
    /// Formulas without a stored value, and with a stored 0.
    pub(super) uncomputed: Seen,
    pub(super) zero_formulas: Seen,
    /// For telling totals and averages from companies.
    pub(super) sum: f64,
}

impl ColumnStats {
    /// Looks at a cell; its value, where it holds a number that can be read by now.
    pub(super) fn see(&mut self, row: u32, text: &str, cell: &Cell) -> Option<f64> {
        let Cell::Number(number) = cell else {
            return None;
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
        let value = value(number)?;
        match number.sign {
            Some(Sign::Percent) => self.percents.see(row, text),
            Some(Sign::Times) => {}
            None => {
                self.unsigned += 1;
                self.sizes.see(value);
            }
        }
        self.zeros += u32::from(value == 0.0);
        self.sum += value;
        Some(value)
    }

    /// Whether every number is 0, of at least as many as say something.
    pub(super) fn is_all_zero(&self) -> bool {
        self.numbers >= super::units::MIN_VALUES && self.zeros == self.numbers
    }
}

/// A number's size for counting: a lone comma says nothing about it.
fn value(number: &NumberText) -> Option<f64> {
    let separators = match number.evidence() {
        Evidence::LoneComma => return None,
        Evidence::Comma => Separators::Comma,
        _ => Separators::Point,
    };
    number.decimal(separators)?.parse().ok()
}

/// The name of a column in the file and what it is, where these differ.
pub(super) fn named(name: &str, definition: &RatioDefinition) -> String {
    if name == definition.name {
        name.to_owned()
    } else {
        format!("{} ({:?} in the file)", definition.name, shorten(name))
    }
}
