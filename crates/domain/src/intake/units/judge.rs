//! Whether the values of a column agree with their unit.

use super::{MIN_BEYOND, MIN_VALUES, Sizes, typical};
use crate::ratio::{RatioDefinition, RatioUnit};

/// A multiple is in percent if its median is beyond its range and this many times its
/// typical size: debt / equity of 195.9.
const MULTIPLE_FACTOR: f64 = 20.0;
/// The same in a file of one or two rows: every value is this many times the upper bound.
const FEW_FACTOR: f64 = 10.0;
/// How many times as large as the others the values of a mixed column must be.
const MIXED_GAP: f64 = 20.0;

/// What the sizes of a column indicate about its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Verdict {
    /// They agree with the unit, or are not conclusive.
    Agrees,
    /// They look like percent.
    LooksLikePercent,
    /// They look like fractions, or like plain multiples.
    LooksLikeFraction,
    /// They may be in percent as well as in fractions.
    Unclear,
    /// Some look like percent and others like fractions.
    Mixed,
    /// They look like neither: per mille, basis points, thousands.
    OutOfScale,
}

/// How the unit of a column is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Stated {
    /// It is the default.
    No,
    /// The sender stated it for the whole file, or the header of the column does.
    File,
    /// The sender stated it for the column.
    Column,
}

/// The share of values beyond their range from which a column counts as mixed, in percent.
const MIXED_PERCENT: u32 = 10;
/// The share of values that are small for percent from which a column counts as mixed, as
/// its inverse: one in four.
const MIXED_FRACTION: u32 = 4;

/// The medians, in fractions or multiples, that portfolios have.
struct Medians {
    /// Below it, the values are in another unit.
    possible: f64,
    /// Below it, the values are in another unit unless the sender has stated theirs.
    usual: f64,
    /// No portfolio has a larger one.
    largest: f64,
}

impl Medians {
    fn of(definition: &RatioDefinition) -> Self {
        let (possible, usual, largest) = match definition.name {
            "long_term_debt_to_total_capital" => (0.01, 0.02, 0.9),
            "net_income_margin" => (0.0015, 0.005, 0.6),
            "return_on_assets" => (0.001, 0.003, 0.25),
            "working_capital_to_total_assets" => (0.005, 0.02, 0.8),
            "debt_to_equity" => (0.03, 0.03, definition.max),
            _ if definition.debt_over => (0.1, 0.1, definition.max.min(10.0)),
            _ => (0.1, 0.1, definition.max.min(20.0)),
        };
        Self {
            possible,
            usual,
            largest,
        }
    }
}

impl Sizes {
    /// Returns whether some values look like percent and others like fractions.
    fn is_mixed(&self, definition: &RatioDefinition, unit: RatioUnit) -> bool {
        let (limit, tiny) = if typical(definition.name) > 0.1 {
            (1.0, self.one)
        } else {
            (0.5, self.half)
        };
        let some = |count: u32, one_in: u32| count >= MIN_BEYOND && count * one_in >= self.count;
        match unit {
            RatioUnit::Fraction => some(self.above_two, MIXED_PERCENT),
            RatioUnit::Percent => some(tiny, MIXED_FRACTION) && self.gap_at(limit) > MIXED_GAP,
        }
    }

    /// Returns whether most values of a share are beyond the range of fractions; in a file of a
    /// few rows, whether all are far beyond it.
    fn are_beyond(&self, definition: &RatioDefinition) -> bool {
        let is_wide = definition.max > 1.0;
        if self.count < MIN_BEYOND {
            let far = if is_wide {
                self.above_twenty
            } else {
                self.above_two
            };
            return self.count > 0 && far == self.count;
        }
        let beyond = if is_wide {
            self.beyond_two
        } else {
            self.beyond_one
        };
        beyond * 2 > self.count
    }

    /// Returns the median if there are enough values for a conclusion.
    fn conclusive(&self) -> Option<f64> {
        self.median().filter(|_| self.count >= MIN_VALUES)
    }
}

/// Judges a column's values against their unit. A unit that the sender has stated for the column
/// is wrong only if it is impossible.
pub(in crate::intake) fn judge(
    definition: &RatioDefinition,
    sizes: &Sizes,
    unit: RatioUnit,
    stated: Stated,
) -> Verdict {
    match (sizes.median(), unit, definition.is_share) {
        (None, ..) => Verdict::Agrees,
        (Some(_), RatioUnit::Fraction, true) => in_fractions(definition, sizes, stated),
        (Some(median), RatioUnit::Percent, true) => {
            share_in_percent(definition, sizes, median, stated)
        }
        (Some(median), RatioUnit::Fraction, false) => as_multiples(definition, sizes, median),
        (Some(median), RatioUnit::Percent, false) => {
            let (medians, median) = (Medians::of(definition), median / 100.0);
            if median < medians.possible {
                Verdict::LooksLikeFraction
            } else if sizes.count >= MIN_BEYOND && median > medians.largest {
                Verdict::OutOfScale
            } else {
                Verdict::Agrees
            }
        }
    }
}

fn in_fractions(definition: &RatioDefinition, sizes: &Sizes, stated: Stated) -> Verdict {
    let medians = Medians::of(definition);
    let median = sizes.conclusive().filter(|_| stated != Stated::Column);
    // Ten times the typical size in fractions is half-way, on a logarithmic scale, to the
    // typical size in percent, which is a hundred times as large.
    let middle = 10.0 * typical(definition.name);
    let is_large = median.is_some_and(|median| median > middle) && sizes.small < sizes.count;
    if sizes.are_beyond(definition) || is_large {
        let as_percent = sizes.median().unwrap_or_default() / 100.0;
        // The advice must not lead to other wrong numbers.
        return if sizes.count >= MIN_BEYOND && as_percent > medians.largest {
            Verdict::OutOfScale
        } else if sizes.is_mixed(definition, RatioUnit::Percent) {
            Verdict::Mixed
        } else {
            Verdict::LooksLikePercent
        };
    }
    if sizes.is_mixed(definition, RatioUnit::Fraction) {
        return Verdict::Mixed;
    }
    match median {
        Some(median) if median > medians.largest && is_open(definition, median) => Verdict::Unclear,
        Some(median) if median < medians.possible => Verdict::OutOfScale,
        _ => Verdict::Agrees,
    }
}

fn share_in_percent(
    definition: &RatioDefinition,
    sizes: &Sizes,
    median: f64,
    stated: Stated,
) -> Verdict {
    let (medians, as_percent) = (Medians::of(definition), median / 100.0);
    if sizes.count >= MIN_BEYOND && as_percent > medians.largest {
        return Verdict::OutOfScale;
    }
    if sizes.is_mixed(definition, RatioUnit::Percent) {
        return Verdict::Mixed;
    }
    if sizes.count < MIN_VALUES {
        return Verdict::Agrees;
    }
    let nearly_all_small = f64::from(sizes.small) >= 0.95 * f64::from(sizes.count);
    if as_percent < medians.possible {
        // A fraction that small is no more likely.
        if median < medians.possible {
            Verdict::OutOfScale
        } else {
            Verdict::LooksLikeFraction
        }
    } else if as_percent < medians.usual && nearly_all_small && stated != Stated::Column {
        Verdict::Unclear
    } else {
        Verdict::Agrees
    }
}

fn as_multiples(definition: &RatioDefinition, sizes: &Sizes, median: f64) -> Verdict {
    let usual = if definition.debt_over { 1.0 } else { 2.0 };
    let is_large = |size: f64| size > definition.max && size > MULTIPLE_FACTOR * usual;
    let is_beyond = if sizes.count >= MIN_VALUES {
        is_large(median)
    } else if sizes.count >= MIN_BEYOND {
        is_large(sizes.smallest())
    } else {
        sizes.smallest() > FEW_FACTOR * definition.max
    };
    if !is_beyond {
        Verdict::Agrees
    } else if median / 100.0 > Medians::of(definition).largest && sizes.count >= MIN_BEYOND {
        Verdict::OutOfScale
    } else {
        Verdict::LooksLikePercent
    }
}

/// Judges the values of numbers with a unit sign, converted to fractions or multiples: a sign
/// that a format lays over numbers in percent makes them 100 times as large, and one that is
/// written after fractions makes them 100 times as small.
pub(in crate::intake) fn judge_signed(definition: &RatioDefinition, sizes: &Sizes) -> Verdict {
    let medians = Medians::of(definition);
    let is_beyond = if definition.is_share {
        sizes.are_beyond(definition)
    } else {
        as_multiples(definition, sizes, sizes.median().unwrap_or_default()) != Verdict::Agrees
    };
    let is_wrong = |median: f64| {
        median < medians.possible || definition.is_share && median > 2.0 * medians.largest
    };
    if is_beyond || sizes.conclusive().is_some_and(is_wrong) {
        Verdict::OutOfScale
    } else if definition.is_share && sizes.is_mixed(definition, RatioUnit::Fraction) {
        Verdict::Mixed
    } else {
        Verdict::Agrees
    }
}

/// Returns whether values of this median, which agree with fractions, may be in percent as well.
pub(in crate::intake) fn is_open(definition: &RatioDefinition, median: f64) -> bool {
    definition.is_share && median / 100.0 >= Medians::of(definition).possible
}
