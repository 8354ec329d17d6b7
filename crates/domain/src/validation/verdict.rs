//! The verdict on a figure, by a convention: by default attention below 5 %, breach below 1 %.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::fault::{Fault, Faults, text_enum};

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
    /// Too few defaults: no conclusion, whatever the p-value.
    Undetermined,
    /// Nothing indicates that the PDs are wrong. That does not prove that they are right.
    Unobtrusive,
    /// p below the rule's first limit, by default 0.05.
    Attention,
    /// p below its second limit, by default 0.01.
    Breach,
}

text_enum!(Verdict);

/// The limits by which verdicts are given: a convention, which a request may set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictRule {
    /// p below which a figure needs attention.
    pub attention: f64,
    /// p below which a figure is a breach.
    pub breach: f64,
    /// With fewer defaults than this every verdict is undetermined.
    pub fewest_defaults: u64,
    /// The share of the population that deletions may have taken before a report needs attention.
    pub most_deleted: f64,
}

impl Default for VerdictRule {
    fn default() -> Self {
        Self {
            attention: 0.05,
            breach: 0.01,
            fewest_defaults: 10,
            most_deleted: 0.01,
        }
    }
}

impl VerdictRule {
    /// The greatest number of defaults that a rule can ask for.
    pub const MOST_DEFAULTS: u64 = 10_000;

    /// Checks the limits, and adds faults `out_of_range` at the fields below `/verdict_rule`.
    pub fn check(&self, faults: &mut Faults) {
        let mut rule = |is_right: bool, field: &str, rule: &str| {
            if !is_right {
                let pointer = format!("/verdict_rule/{field}");
                faults.push(Fault::new(pointer, "out_of_range", rule));
            }
        };
        let share = |value: f64| value > 0.0 && value < 1.0;
        rule(
            share(self.attention),
            "attention",
            "must be a number above 0 and below 1",
        );
        rule(
            share(self.breach) && self.breach <= self.attention,
            "breach",
            "must be a number above 0, and not above attention",
        );
        rule(
            (1..=Self::MOST_DEFAULTS).contains(&self.fewest_defaults),
            "fewest_defaults",
            "must be from 1 to 10000",
        );
        rule(
            (0.0..1.0).contains(&self.most_deleted),
            "most_deleted",
            "must be a number from 0 to below 1",
        );
    }

    /// Returns the verdict on a p-value of a sample with this number of defaults.
    #[must_use]
    pub fn verdict(&self, p: f64, defaults: u64) -> Verdict {
        if defaults < self.fewest_defaults || p.is_nan() {
            Verdict::Undetermined
        } else if p < self.breach {
            Verdict::Breach
        } else if p < self.attention {
            Verdict::Attention
        } else {
            Verdict::Unobtrusive
        }
    }
}

impl Verdict {
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
        let rule = VerdictRule::default();
        let of = |p| rule.verdict(p, 10);
        assert_eq!(of(0.009_999), Verdict::Breach);
        assert_eq!(of(0.01), Verdict::Attention);
        assert_eq!(of(0.05), Verdict::Unobtrusive);
        assert_eq!(of(f64::NAN), Verdict::Undetermined);
        assert_eq!(rule.verdict(0.0, 9), Verdict::Undetermined);
        let worst = Verdict::worst([Verdict::Undetermined, Verdict::Unobtrusive]);
        assert_eq!(worst, Verdict::Unobtrusive);
        assert_eq!(Verdict::worst([]), Verdict::Undetermined);
    }

    #[test]
    fn rule_sets_every_limit_and_is_checked() {
        let rule = VerdictRule {
            attention: 0.2,
            breach: 0.1,
            fewest_defaults: 3,
            most_deleted: 0.0,
        };
        let verdicts = [0.05, 0.15, 0.25].map(|p| rule.verdict(p, 3));
        assert_eq!(
            verdicts,
            [Verdict::Breach, Verdict::Attention, Verdict::Unobtrusive]
        );
        assert_eq!(rule.verdict(0.05, 2), Verdict::Undetermined);
        let mut faults = Faults::new();
        rule.check(&mut faults);
        VerdictRule::default().check(&mut faults);
        assert!(faults.is_empty());
        VerdictRule {
            attention: 1.0,
            breach: 1.5,
            fewest_defaults: 0,
            most_deleted: f64::NAN,
        }
        .check(&mut faults);
        assert_eq!(faults.listed().len(), 4);
    }
}
