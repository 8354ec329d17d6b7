//! The verdict on a figure, by a convention: attention below 5 %, breach below 1 %.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::fault::text_enum;

/// A verdict, from the least to the most severe.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Verdict {
    /// Fewer than ten defaults: no conclusion, whatever the p-value.
    Undetermined,
    /// Nothing indicates that the PDs are wrong. That does not prove that they are right.
    Unobtrusive,
    /// p < 0.05, or a 95 % interval without the value of a calibrated model.
    Attention,
    /// p < 0.01, or a 99 % interval without it.
    Breach,
}

text_enum!(Verdict);

impl Verdict {
    /// With fewer defaults than this every verdict is undetermined.
    pub const FEWEST_DEFAULTS: u64 = 10;
    /// p below which a figure needs attention.
    pub const ATTENTION: f64 = 0.05;
    /// p below which a figure is a breach.
    pub const BREACH: f64 = 0.01;
    /// The share of the population that deletions may have taken before a report needs attention.
    pub const MOST_DELETED: f64 = 0.01;

    /// Returns the verdict on a p-value of a sample with this number of defaults.
    #[must_use]
    pub fn of(p: f64, defaults: u64) -> Self {
        if defaults < Self::FEWEST_DEFAULTS || p.is_nan() {
            Self::Undetermined
        } else if p < Self::BREACH {
            Self::Breach
        } else if p < Self::ATTENTION {
            Self::Attention
        } else {
            Self::Unobtrusive
        }
    }

    /// Returns the worst of several; undetermined only if all are, or there are none.
    #[must_use]
    pub fn worst(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().max().unwrap_or(Self::Undetermined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_start_at_their_limits_and_need_ten_defaults() {
        let of = |p| Verdict::of(p, 10);
        assert_eq!(of(0.009_999), Verdict::Breach);
        assert_eq!(of(0.01), Verdict::Attention);
        assert_eq!(of(0.05), Verdict::Unobtrusive);
        assert_eq!(of(f64::NAN), Verdict::Undetermined);
        assert_eq!(Verdict::of(0.0, 9), Verdict::Undetermined);
        let worst = Verdict::worst([Verdict::Undetermined, Verdict::Unobtrusive]);
        assert_eq!(worst, Verdict::Unobtrusive);
        assert_eq!(Verdict::worst([]), Verdict::Undetermined);
    }
}
