//! Recognises rows whose figures are all means, medians, sums or bounds of the other rows, whatever
//! they are called.

use super::{
    Survey,
    no_company::{SAME, side},
};
use crate::intake::column::Seen;

/// How many rows must be summarised, and in how many columns.
const MIN_ROWS: usize = 4;
const MIN_FIGURES: usize = 3;
/// The largest number of values of a column that are kept for its median.
const KEPT: usize = 1_000;
/// The number of the first rows that are kept, because a summary may stand above its rows.
const FIRST: usize = 3;

/// The companies of a table so far. Its memory does not grow with the number of rows.
#[derive(Clone, Debug)]
pub(super) struct Above {
    columns: Vec<Column>,
    first: Vec<(u32, String, Vec<Option<f64>>)>,
    /// The rows that summarise those above them.
    summaries: Seen,
}

/// The values of one column.
#[derive(Clone, Debug, Default)]
struct Column {
    count: usize,
    sum: f64,
    /// The values in their order, up to [`KEPT`].
    sorted: Vec<f64>,
}

/// The sum, mean, median, minimum and maximum of other rows.
type Summaries = [Option<f64>; 5];

impl Column {
    fn see(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        if self.sorted.len() < KEPT {
            let at = self.sorted.partition_point(|other| *other < value);
            self.sorted.insert(at, value);
        }
    }

    /// Returns the summaries of the values without one of them; `None` if they are too few or all
    /// the same.
    fn summaries(&self, without: Option<f64>) -> Option<Summaries> {
        let count = self.count - usize::from(without.is_some());
        if count < MIN_ROWS {
            return None;
        }
        let sum = self.sum - without.unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "rows of a file")]
        let mean = sum / count as f64;
        // Once values are missing here, only the sum and the mean are known.
        let is_complete = self.sorted.len() == self.count;
        let left_out = without.map(|value| self.sorted.partition_point(|other| *other < value));
        let at = |place: usize| {
            let shift = usize::from(left_out.is_some_and(|left_out| place >= left_out));
            self.sorted.get(place + shift).copied()
        };
        let (min, max) = (at(0)?, at(count.min(self.sorted.len()) - 1).or(at(0))?);
        if is_same(min, max) {
            return None;
        }
        let median = (at((count - 1) / 2)? + at(count / 2)?) / 2.0;
        let known = |value: f64| is_complete.then_some(value);
        Some([Some(sum), Some(mean), known(median), known(min), known(max)])
    }
}

fn is_same(value: f64, other: f64) -> bool {
    (value - other).abs() <= SAME * other.abs().max(1e-9)
}

impl Above {
    pub(super) fn new(ratios: usize) -> Self {
        Self {
            columns: vec![Column::default(); ratios],
            first: Vec::new(),
            summaries: Seen::default(),
        }
    }

    /// Adds a row, or counts it if it summarises the rows above it.
    pub(super) fn see(&mut self, row: u32, label: &str, values: Vec<Option<f64>>) {
        if self.is_summary(&values, false) {
            self.summaries.see(row, label);
            return;
        }
        for (column, value) in self.columns.iter_mut().zip(&values) {
            if let Some(value) = value {
                column.see(*value);
            }
        }
        if self.first.len() < FIRST {
            self.first.push((row, label.to_owned(), values));
        }
    }

    /// Returns whether every figure of a row is the same summary of the rows so far, which may
    /// include the row itself.
    fn is_summary(&self, values: &[Option<f64>], is_included: bool) -> bool {
        let figures: Vec<(f64, Summaries)> = self
            .columns
            .iter()
            .zip(values)
            .filter_map(|(column, value)| {
                let value = (*value)?;
                Some((value, column.summaries(is_included.then_some(value))?))
            })
            .collect();
        let of = |place: usize| {
            let is = |(value, all): &(f64, Summaries)| {
                all.get(place)
                    .copied()
                    .flatten()
                    .is_some_and(|other| is_same(*value, other))
            };
            figures.iter().all(is)
        };
        figures.len() >= MIN_FIGURES && (0..5).any(of)
    }
}

impl Survey {
    /// Returns the rows whose figures are all the same summary of the other rows.
    pub(super) fn summaries_by_figures(&self) -> Seen {
        let above = &self.above[side(self.reading().separators)];
        let mut seen = Seen::default();
        for (row, label, values) in &above.first {
            if above.is_summary(values, true) {
                seen.see(*row, label);
            }
        }
        seen.add(&above.summaries);
        seen
    }
}
