//! Array formulas, which fill an area with their results.

use std::ops::RangeInclusive;

use quick_xml::events::BytesStart;

use super::{count::place, xml::attribute};

/// The areas of array formulas that the rows have reached: only the first cell of an area states
/// the formula, and the others hold its results.
#[derive(Debug, Default)]
pub(super) struct Arrays {
    open: Vec<RangeInclusive<(u32, u32)>>,
    /// Whether there were more than [`MOST_OPEN`] in one row.
    is_over: bool,
}

/// The largest number of areas that are open in one row. With more of them, every cell counts as a
/// result: each cell is compared with each area.
const MOST_OPEN: usize = 64;

impl Arrays {
    /// Notes the area of an array formula in this row, and returns whether it has other cells than
    /// the first; an area that is no area covers nothing.
    pub(super) fn begin(&mut self, formula: &BytesStart<'_>, row: u32) -> bool {
        if attribute(formula, "t").as_deref() != Some("array") {
            return false;
        }
        let area = attribute(formula, "ref").unwrap_or_default();
        let Some((first, last)) = area.split_once(':') else {
            return false;
        };
        let (Some(first), Some(last)) = (place(first), place(last)) else {
            return false;
        };
        if first == last {
            return false;
        }
        self.open.retain(|open| open.end().1 >= row);
        if self.open.len() < MOST_OPEN {
            self.open.push(first..=last);
        } else {
            self.is_over = true;
        }
        true
    }

    /// Returns whether a cell is in the area of a formula.
    pub(super) fn cover(&self, column: u32, row: u32) -> bool {
        self.is_over
            || self.open.iter().any(|area| {
                let ((left, top), (right, bottom)) = (*area.start(), *area.end());
                (left..=right).contains(&column) && (top..=bottom).contains(&row)
            })
    }
}
