//! Measures whether the companies are still like those of a baseline: the population stability
//! index and the concentration over grades.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use super::{
    special::{chi_squared_quantile, normal_sf},
    sum::Sum,
};

/// The meaning of a stability index. It indicates a difference, never an error.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Stability {
    /// Below 0.10, or below the value that chance alone explains.
    Stable,
    /// From 0.10 on, and above the critical value.
    Watch,
    /// From 0.25 on, and above the critical value.
    Shifted,
    /// There are so few companies that chance alone explains 0.25.
    Undetermined,
}

crate::fault::text_enum!(Stability);

/// The population stability index of counts in the same bins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Psi {
    /// Σ (a − e) ln(a/e) with half a company added to each bin, so that an empty bin does not
    /// give infinity.
    pub value: f64,
    /// The same without the half; `None` where a bin is empty.
    pub unsmoothed: Option<f64>,
    /// The 95 % quantile without any change: χ²(B − 1)·(1/n + 1/m).
    pub critical: f64,
    /// The verdict by both values.
    pub verdict: Stability,
}

/// Computes the index of `actual` against `baseline`, bin by bin. Returns `None` with fewer
/// than two bins, with different numbers of bins, or without companies on either side.
#[must_use]
pub fn psi(baseline: &[u64], actual: &[u64]) -> Option<Psi> {
    let (n, m): (u64, u64) = (baseline.iter().sum(), actual.iter().sum());
    if baseline.len() < 2 || baseline.len() != actual.len() || n == 0 || m == 0 {
        return None;
    }
    let bins = baseline.len() as f64;
    let share = |count: u64, all: u64| (count as f64 + 0.5) / (all as f64 + 0.5 * bins);
    let pairs = || baseline.iter().copied().zip(actual.iter().copied());
    let value = pairs().map(|(e, a)| divergence(share(e, n), share(a, m)));
    let value = value.collect::<Sum>().value();
    let unsmoothed = pairs().all(|(e, a)| e > 0 && a > 0).then(|| {
        let terms = pairs().map(|(e, a)| divergence(e as f64 / n as f64, a as f64 / m as f64));
        terms.collect::<Sum>().value()
    });
    let critical = critical_psi(baseline.len(), n, m);
    Some(Psi {
        value,
        unsmoothed,
        critical,
        verdict: classify(value, critical),
    })
}

/// Returns the 95 % quantile of the index of n and m companies from one population, in this
/// number of bins (at least 2).
#[must_use]
pub fn critical_psi(bins: usize, n: u64, m: u64) -> f64 {
    chi_squared_quantile(0.95, bins as f64 - 1.0) * ((n as f64).recip() + (m as f64).recip())
}

fn divergence(expected: f64, actual: f64) -> f64 {
    (actual - expected) * (actual / expected).ln()
}

fn classify(value: f64, critical: f64) -> Stability {
    if critical > 0.25 {
        Stability::Undetermined
    } else if value >= critical.max(0.25) {
        Stability::Shifted
    } else if value >= critical.max(0.10) {
        Stability::Watch
    } else {
        Stability::Stable
    }
}

/// How concentrated companies are over the grades of a scale (ECB instructions 2019, 2.5.5.3).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Concentration {
    /// The coefficient of variation of the grades' shares: √(K Σ (R − 1/K)²).
    pub variation: f64,
    /// The Herfindahl index, scaled: 0 if all grades have equal shares, 1 if one grade has
    /// all.
    pub herfindahl: f64,
}

/// Computes the concentration of counts by grade. Returns `None` with fewer than two grades or
/// no companies.
#[must_use]
pub fn concentration(counts: &[u64]) -> Option<Concentration> {
    let n: u64 = counts.iter().sum();
    if counts.len() < 2 || n == 0 {
        return None;
    }
    let grades = counts.len() as f64;
    let terms = counts
        .iter()
        .map(|&count| (count as f64 / n as f64 - grades.recip()).powi(2));
    let variation = (grades * terms.collect::<Sum>().value()).sqrt();
    Some(Concentration {
        variation,
        // Rounding must not lead beyond the range.
        herfindahl: (1.0 + ((variation.powi(2) + 1.0) / grades).ln() / grades.ln()).clamp(0.0, 1.0),
    })
}

/// Returns the p-value of "no more concentrated than at the model's first validation", or
/// `None` if the companies are spread evenly now.
#[must_use]
pub fn concentration_change(
    grades: usize,
    now: Concentration,
    initial: Concentration,
) -> Option<f64> {
    let cv = now.variation;
    (cv > 0.0 && grades > 1).then(|| {
        let spread = (cv.powi(2) * (0.5 + cv.powi(2))).sqrt();
        normal_sf((grades as f64 - 1.0).sqrt() * (cv - initial.variation) / spread)
    })
}
