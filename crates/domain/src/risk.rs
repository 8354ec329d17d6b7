//! Prior correction, risk levels, confidence and reasons.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::{decimal::Decimal, fault::text_enum};

/// A probability of default within twelve months, 0 to 1, in full precision.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pd(f64);

impl Pd {
    /// Returns `None` unless `value` is a number within 0 to 1.
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// Returns the PD at these log-odds (the logistic function).
    #[must_use]
    pub fn from_log_odds(log_odds: f64) -> Self {
        // Two branches, so that neither end overflows to NaN.
        Self(if log_odds >= 0.0 {
            1.0 / (1.0 + (-log_odds).exp())
        } else {
            let odds = log_odds.exp();
            odds / (1.0 + odds)
        })
    }

    /// Returns the probability.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Returns the PD with the 4 decimals of the specification's columns.
    #[must_use]
    pub fn rounded(self) -> Decimal {
        Decimal::rounded(self.0)
    }
}

/// A correction from the default rate of a training sample to that of the
/// population that is scored: a constant on the log-odds (Elkan 2001; King & Zeng 2001).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PriorCorrection {
    shift: f64,
}

impl PriorCorrection {
    /// Creates a correction from the sample's default rate and the target's, both above 0 and
    /// below 1.
    ///
    /// Returns `None` for other rates.
    #[must_use]
    pub fn new(sample_rate: f64, target_rate: f64) -> Option<Self> {
        let inside = |rate: f64| rate > 0.0 && rate < 1.0;
        (inside(sample_rate) && inside(target_rate)).then(|| Self {
            shift: (target_rate / (1.0 - target_rate)).ln()
                + ((1.0 - sample_rate) / sample_rate).ln(),
        })
    }

    /// Returns ln k, which is added to the log-odds of the sample.
    #[must_use]
    pub const fn shift(self) -> f64 {
        self.shift
    }
}

/// The risk level of a PD.
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
#[expect(missing_docs, reason = "the names say it")]
#[strum(const_into_str)]
pub enum RiskLevel {
    Low,
    Medium,
    High,
}

text_enum!(RiskLevel);

/// The PDs at which the risk levels begin. They belong to a model version.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// From here on the level is Medium.
    pub medium: f64,
    /// From here on the level is High.
    pub high: f64,
}

impl Thresholds {
    /// The thresholds of a model that declares none: 0.3 and 0.7.
    pub const FALLBACK: Self = Self {
        medium: 0.3,
        high: 0.7,
    };

    /// Returns the level of a PD.
    #[must_use]
    pub fn level(self, pd: Pd) -> RiskLevel {
        if pd.get() < self.medium {
            RiskLevel::Low
        } else if pd.get() < self.high {
            RiskLevel::Medium
        } else {
            RiskLevel::High
        }
    }
}

/// Returns how well the inputs support a PD: `coverage · (0.5 + 0.5 · support) · agreement`.
///
/// `coverage` is the importance-weighted share of present ratios, `support` the same for those
/// within the training's 1st to 99th percentile, `agreement` decreases with the standard error
/// of the log-odds or with the models' disagreement. Each is within 0 to 1, and so is the
/// result, which has the 4 decimals that are stored.
#[must_use]
pub fn confidence(coverage: f64, support: f64, agreement: f64) -> f64 {
    let confidence = (coverage * (0.5 + 0.5 * support) * agreement).clamp(0.0, 1.0);
    Decimal::rounded(confidence).to_f64()
}

/// The sectors that a model's training left out. Names are compared without regard to case and
/// to the spaces around words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SectorScope {
    left_out: std::collections::BTreeSet<String>,
}

impl SectorScope {
    /// The flag of a prediction for a company in a sector that was left out.
    pub const FLAG: &'static str = "sector_out_of_scope";

    /// Creates the scope of all but these sectors.
    pub fn all_but(sectors: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let left_out = sectors.into_iter().map(|sector| folded(sector.as_ref()));
        Self {
            left_out: left_out.collect(),
        }
    }

    /// Returns whether companies of this sector were in the training data.
    #[must_use]
    pub fn covers(&self, sector: &str) -> bool {
        !self.left_out.contains(&folded(sector))
    }
}

fn folded(sector: &str) -> String {
    let words: Vec<&str> = sector.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// A reference to a model version, sufficient to reproduce its results.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ModelRef {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its ONNX file, in hexadecimal.
    pub sha256: String,
}

/// The contribution of one ratio to a PD.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The ratio.
    pub ratio: String,
    /// The value that was scored; `None` if missing.
    pub value: Option<f64>,
    /// The contribution to the log-odds, against the mean of the training sample: above 0
    /// raises the risk.
    pub contribution: f64,
    /// 1 for the largest contribution by size.
    pub rank: u32,
    /// A message for users.
    pub text: String,
}

/// The explanation of a PD: `base` and the contributions add up to its log-odds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The log-odds of the average company of the training sample, after the prior correction.
    pub base: f64,
    /// One for each ratio, largest first.
    pub reasons: Vec<Reason>,
    /// The log-odds of the PD.
    pub log_odds: f64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_prior_correction_maps_the_sample_rate_to_the_target_rate() {
        let prior = PriorCorrection::new(0.07, 0.015).unwrap();
        let sample_log_odds = (0.07_f64 / 0.93).ln();
        assert!((Pd::from_log_odds(sample_log_odds + prior.shift()).get() - 0.015).abs() < 1e-12);
        assert!(
            PriorCorrection::new(0.0, 0.5).is_none() && PriorCorrection::new(0.5, 1.0).is_none()
        );
    }

    #[test]
    fn sectors_are_compared_without_regard_to_case_and_spaces() {
        let scope = SectorScope::all_but(["Real Estate"]);
        assert!(!scope.covers("  real   ESTATE "));
        assert!(scope.covers("Industrials") && scope.covers(""));
    }

    #[test]
    fn risk_levels_start_at_their_thresholds() {
        let thresholds = Thresholds {
            medium: 0.015,
            high: 0.045,
        };
        let level = |pd| thresholds.level(Pd::new(pd).unwrap());
        assert_eq!(
            [level(0.0149), level(0.015), level(0.0449), level(0.045)],
            [
                RiskLevel::Low,
                RiskLevel::Medium,
                RiskLevel::Medium,
                RiskLevel::High
            ]
        );
    }

    proptest! {
        #[test]
        fn the_correction_on_the_log_odds_equals_the_formula_on_probabilities(p in 1e-6_f64..0.999_999, s in 0.001_f64..0.5, t in 0.001_f64..0.5) {
            let k = (t / (1.0 - t)) * ((1.0 - s) / s);
            let formula = p * k / (p * k + 1.0 - p);
            let prior = PriorCorrection::new(s, t).unwrap();
            prop_assert!((Pd::from_log_odds((p / (1.0 - p)).ln() + prior.shift()).get() - formula).abs() < 1e-9);
        }

        #[test]
        fn confidence_stays_within_0_and_1_and_grows_with_each_part(c in 0.0_f64..1.0, s in 0.0_f64..1.0, g in 0.0_f64..1.0) {
            let value = confidence(c, s, g);
            prop_assert!((0.0..=1.0).contains(&value));
            prop_assert!(confidence(1.0, s, g) >= value && confidence(c, 1.0, g) >= value && confidence(c, s, 1.0) >= value);
        }

        #[test]
        fn log_odds_of_any_size_give_a_probability(z in -1e4_f64..1e4) {
            prop_assert!(Pd::new(Pd::from_log_odds(z).get()).is_some());
        }
    }
}
