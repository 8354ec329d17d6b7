//! Checks whether a file's turnovers are annual figures: models learned from twelve months
//! of flow over a stock, and a quarter's flow is a quarter of that.

use super::Ratios;
use crate::prediction::Kind;

/// A median below this part of the training's indicates that the flow is not of twelve
/// months.
const LEAST_PART: f64 = 1.0 / 3.0;
/// The smallest number of values that is conclusive for a file.
const MIN_VALUES: usize = 20;

/// Collects the turnovers of a file's first rows.
#[derive(Clone, Debug, Default)]
pub struct TurnoverCheck {
    /// The values, in the order of [`Kind::ratios`].
    seen: Vec<Vec<f32>>,
}

impl TurnoverCheck {
    /// Adds one row.
    pub fn see(&mut self, ratios: &Ratios) {
        self.seen.resize_with(ratios.values().len(), Vec::new);
        for ((definition, ratio), seen) in ratios.iter().zip(&mut self.seen) {
            if definition.is_turnover()
                && let Some(value) = ratio.scored
            {
                seen.push(value);
            }
        }
    }

    /// Returns the turnovers whose median is below a third of the training's, with both
    /// medians. `training` has one median for each of the kind's ratios.
    #[must_use]
    pub fn verdict(&self, kind: Kind, training: &[f64]) -> Vec<(&'static str, f64, f64)> {
        let columns = kind.ratios().iter().zip(&self.seen).zip(training);
        columns
            .filter_map(|((definition, values), training)| {
                let median = median(values)?;
                (median < training * LEAST_PART).then_some((definition.name, median, *training))
            })
            .collect()
    }
}

fn median(values: &[f32]) -> Option<f64> {
    if values.len() < MIN_VALUES {
        return None;
    }
    let mut sorted = values.to_vec();
    let (_, median, _) = sorted.select_nth_unstable_by((values.len() - 1) / 2, f32::total_cmp);
    Some(f64::from(*median))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratio::{RatioUnit, check};

    fn seen(rows: usize, inventory: &str, receivables: Option<&str>) -> TurnoverCheck {
        let raw = [
            Some("1.6"),
            Some("1.1"),
            Some("0.8"),
            Some(inventory),
            receivables,
            Some("0.15"),
        ];
        let ratios = check(Kind::Quarterly, RatioUnit::Fraction, &raw).unwrap();
        let mut check = TurnoverCheck::default();
        for _ in 0..rows {
            check.see(&ratios);
        }
        check
    }

    const TRAINING: [f64; 6] = [1.6, 1.0, 0.9, 9.0, 6.0, 0.2];

    #[test]
    fn quarterly_flow_is_detected_by_each_turnover() {
        let suspects = seen(50, "2.9", Some("1.9")).verdict(Kind::Quarterly, &TRAINING);
        let names: Vec<_> = suspects.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names, ["inventory_turnover", "receivables_turnover"]);
        assert!((suspects[0].1 - 2.9).abs() < 1e-6 && suspects[0].2 == 9.0);
        let suspects = seen(50, "3.1", None).verdict(Kind::Quarterly, &TRAINING);
        assert_eq!(suspects, []);
    }

    #[test]
    fn turnover_check_needs_enough_rows() {
        assert_eq!(
            seen(19, "0.1", None).verdict(Kind::Quarterly, &TRAINING),
            []
        );
        assert_eq!(
            TurnoverCheck::default().verdict(Kind::Annual, &TRAINING),
            []
        );
    }
}
