//! Array formulas, which fill an area with their results.

use std::ops::RangeInclusive;

use quick_xml::events::BytesStart;

use super::{count::place, xml::attribute};

/// The areas of array formulas that the rows have reached: only the first cell of an area states
/// the formula, and the others hold its results.
#[derive(Debug, Default)]
pub(super) struct Arrays(Vec<RangeInclusive<(u32, u32)>>);

/// The largest number of areas that are open in one row.
const MOST_ARRAYS: usize = 1_000;

impl Arrays {
    /// Notes the area of an array formula in this row; an area that is no area covers nothing.
    pub(super) fn begin(&mut self, formula: &BytesStart<'_>, row: u32) {
        if attribute(formula, "t").as_deref() != Some("array") {
            return;
        }
        let area = attribute(formula, "ref").unwrap_or_default();
        self.0.retain(|open| open.end().1 >= row);
        let (first, last) = area.split_once(':').unwrap_or((&area, &area));
        if let (Some(first), Some(last)) = (place(first), place(last))
            && self.0.len() < MOST_ARRAYS
        {
            self.0.push(first..=last);
        }
    }

    /// Returns whether a cell is in the area of a formula.
    pub(super) fn cover(&self, column: u32, row: u32) -> bool {
        self.0.iter().any(|area| {
            let ((left, top), (right, bottom)) = (*area.start(), *area.end());
            (left..=right).contains(&column) && (top..=bottom).contains(&row)
        })
    }
}
