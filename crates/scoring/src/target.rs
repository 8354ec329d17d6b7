//! The default rate for which PDs are stated, if an operator knows the rate of the
//! companies that they score.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

/// The separator between a version and the rate that it was set to.
const MARK: &str = "+target.";
/// The resolution of a rate.
const STEPS: f64 = 1e6;

/// The share of the companies to be scored that default within twelve months, from
/// 0.0001 to 0.3, to 6 decimals.
///
/// A model that is set to a rate other than its manifest's has a version of its own,
/// `2.0.0+target.0.02`. So every prediction keeps the rate that it was made with.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct TargetRate(f64);

impl TargetRate {
    /// The form of a rate, for readers.
    pub const RULE: &str =
        "must be a share from 0.0001 to 0.3 with at most 6 decimals, such as 0.02";

    /// Returns the rate.
    pub(crate) const fn get(self) -> f64 {
        self.0
    }

    /// Returns the name of a version at this rate.
    pub(crate) fn version(self, version: &str) -> String {
        format!("{version}{MARK}{self}")
    }

    /// Returns the base version of a name, and the rate that it was set to, if any.
    pub(crate) fn split(name: &str) -> (&str, Option<Self>) {
        let set = name.split_once(MARK).and_then(|(version, text)| {
            let rate: Self = text.parse().ok()?;
            // Each rate has only one name.
            (rate.to_string() == text).then_some((version, Some(rate)))
        });
        set.unwrap_or((name, None))
    }
}

impl FromStr for TargetRate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rate: f64 = text.parse().map_err(|_| Self::RULE)?;
        let rounded = (rate * STEPS).round() / STEPS;
        if (0.000_1..=0.3).contains(&rounded) && (rate - rounded).abs() < 1e-12 {
            Ok(Self(rounded))
        } else {
            Err(Self::RULE)
        }
    }
}

impl fmt::Display for TargetRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for TargetRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_rate_is_within_its_limits() {
        let rate: TargetRate = "0.020".parse().unwrap();
        assert_eq!(rate.to_string(), "0.02");
        for wrong in [
            "",
            "2 %",
            "0",
            "-0.1",
            "0.31",
            "0.00001",
            "0.0212345678",
            "NaN",
            "inf",
        ] {
            assert!(wrong.parse::<TargetRate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn version_name_contains_the_target_rate_in_canonical_form() {
        let rate: TargetRate = "0.0001".parse().unwrap();
        assert_eq!(rate.version("2.0.0"), "2.0.0+target.0.0001");
        assert_eq!(
            TargetRate::split("2.0.0+target.0.0001"),
            ("2.0.0", Some(rate))
        );
        for other in [
            "2.0.0",
            "2.0.0+target.0.020",
            "2.0.0+target.",
            "2.0.0+target.1e-4",
        ] {
            assert_eq!(TargetRate::split(other), (other, None));
        }
    }
}
