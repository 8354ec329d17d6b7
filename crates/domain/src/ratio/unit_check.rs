//! Checks whether a file was sent in the wrong unit, before anything is stored.

use super::{RatioUnit, Ratios};

/// Counts the shares of a file's first rows that are outside their range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnitCheck {
    shares: u32,
    outside: u32,
}

/// The error if more than half of the shares are outside their range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{outside} of {shares} shares lie outside their range and look like percent; send ratio_unit=percent, or confirm_units=true if they really are {unit}"
)]
pub struct UnitMismatch {
    /// The number of shares that were checked.
    pub shares: u32,
    /// The number of them that are outside.
    pub outside: u32,
    /// The stated unit of the file.
    pub unit: RatioUnit,
}

impl UnitCheck {
    /// The number of rows of a file that are checked.
    pub const ROWS: usize = 1_000;

    /// Counts one row.
    pub fn see(&mut self, ratios: &Ratios) {
        for (definition, ratio) in ratios.iter() {
            if definition.is_share && ratio.scored.is_some() {
                self.shares += 1;
                let outside = ratio.flag.is_some_and(|f| {
                    matches!(
                        f,
                        super::Flag::ClampedHigh
                            | super::Flag::ClampedLow
                            | super::Flag::NonPositiveDenominator
                    )
                });
                self.outside += u32::from(outside);
            }
        }
    }

    /// Returns the verdict after the first rows.
    ///
    /// # Errors
    /// [`UnitMismatch`] if more than half of at least 10 shares are outside.
    pub fn verdict(self, unit: RatioUnit) -> Result<(), UnitMismatch> {
        if self.shares >= 10 && self.outside * 2 > self.shares {
            Err(UnitMismatch {
                shares: self.shares,
                outside: self.outside,
                unit,
            })
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{prediction::Kind, ratio::check};

    fn seen(share: &str, unit: RatioUnit) -> Result<(), UnitMismatch> {
        let ratios = check(
            Kind::Annual,
            unit,
            &[Some(share), Some("1"), Some(share), Some("5"), Some(share)],
        )
        .unwrap();
        let mut check = UnitCheck::default();
        (0..5).for_each(|_| check.see(&ratios));
        check.verdict(unit)
    }

    #[test]
    fn percent_sent_as_fractions_is_detected_and_suggests_the_unit() {
        let mismatch = seen("12.5", RatioUnit::Fraction).unwrap_err();
        assert_eq!((mismatch.outside, mismatch.shares), (15, 15));
        assert!(mismatch.to_string().contains("ratio_unit=percent"));
        assert_eq!(seen("12.5", RatioUnit::Percent), Ok(()));
        assert_eq!(seen("0.125", RatioUnit::Fraction), Ok(()));
    }
}
