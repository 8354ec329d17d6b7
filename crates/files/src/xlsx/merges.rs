//! The merged areas of a sheet.

use super::{count::Merged, sheet::Row};

/// The merged areas of a sheet: each displays the value of its first cell in all its rows.
pub(super) struct Merges<'a> {
    /// The areas by first row.
    merged: &'a [Merged],
    /// The areas that the rows have reached: by column the last row and the value.
    active: Vec<(usize, u32, String)>,
}

impl<'a> Merges<'a> {
    pub(super) const fn new(merged: &'a [Merged]) -> Self {
        Self {
            merged,
            active: Vec::new(),
        }
    }

    /// Returns the cells of a row that display the value of a merged area.
    pub(super) fn over(&mut self, row: &Row) -> Vec<(usize, String)> {
        self.active.retain(|(_, last, _)| *last >= row.number);
        let is_empty = |column: usize| row.cells.get(column).is_none_or(|c| c.trim().is_empty());
        self.active
            .iter()
            .filter(|(column, ..)| is_empty(*column))
            .map(|(column, _, text)| (*column, text.clone()))
            .collect()
    }

    /// Stores the values of the areas that begin in a row.
    pub(super) fn begin(&mut self, row: &Row) {
        while let Some((merged, rest)) = self.merged.split_first() {
            if merged.first_row > row.number {
                break;
            }
            self.merged = rest;
            let column = merged.column as usize;
            if merged.first_row < row.number {
                continue;
            }
            // Areas do not overlap: there is at most one for each column.
            self.active.retain(|(other, ..)| *other != column);
            if let Some(text) = row.cells.get(column).filter(|text| !text.is_empty()) {
                self.active.push((column, merged.last_row, text.clone()));
            }
        }
    }
}
