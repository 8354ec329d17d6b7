//! How PDs must be moved to match the observed defaults: the logistic recalibration of Cox
//! (1958).

use serde::Serialize;

use super::{
    portfolio::Portfolio,
    special::{normal_quantile, solve_increasing, two_sided},
};
use crate::risk::Pd;

/// An estimate with its standard error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// The lower bound of the 95 % interval.
    pub from: f64,
    /// The upper bound of the 95 % interval.
    pub to: f64,
    /// The two-sided p-value of the value that a calibrated model has.
    pub p: f64,
}

impl Estimate {
    fn against(value: f64, standard_error: f64, ideal: f64) -> Self {
        let reach = normal_quantile(0.975) * standard_error;
        Self {
            value,
            standard_error,
            from: value - reach,
            to: value + reach,
            p: two_sided((value - ideal) / standard_error),
        }
    }
}

/// Calibration in the large: by how much all log-odds must be moved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Shift {
    /// δ with Σ σ(logit PD + δ) = D: above 0 if the PDs are too low.
    pub delta: Estimate,
    /// e^δ: observed over expected odds.
    pub odds_ratio: f64,
}

impl Shift {
    /// Returns the target default rate for the model's manifest, from its current one:
    /// π·e^δ/(1 − π + π·e^δ).
    #[must_use]
    pub fn target_rate(&self, current: f64) -> f64 {
        let odds = current * self.odds_ratio;
        odds / (1.0 - current + odds)
    }
}

/// Intercept and slope of y on the log-odds of the PD. A calibrated model has 0 and 1; a slope
/// below 1 means that the PDs are spread too widely.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CalibrationLine {
    /// a in σ(a + b·logit PD).
    pub intercept: Estimate,
    /// b in σ(a + b·logit PD).
    pub slope: Estimate,
}

fn logit(pd: f64) -> f64 {
    pd.ln() - (-pd).ln_1p()
}

fn logistic(x: f64) -> f64 {
    Pd::from_log_odds(x).get()
}

/// Computes δ. Returns `None` unless at least one company defaulted and one did not.
#[must_use]
pub fn shift(portfolio: &Portfolio) -> Option<Shift> {
    let defaults = portfolio.defaults() as f64;
    if portfolio.defaults() == 0 || portfolio.defaults() == portfolio.companies() {
        return None;
    }
    let expected =
        |delta: f64| portfolio.sum(|g| g.companies as f64 * logistic(logit(g.pd) + delta));
    let information = |delta: f64| {
        portfolio.sum(|g| {
            let mean = logistic(logit(g.pd) + delta);
            g.companies as f64 * mean * (1.0 - mean)
        })
    };
    let delta = solve_increasing(-100.0, 100.0, 0.0, defaults, expected, information);
    Some(Shift {
        delta: Estimate::against(delta, information(delta).sqrt().recip(), 0.0),
        odds_ratio: delta.exp(),
    })
}

/// Computes intercept and slope by Newton's method, standard errors from the information.
/// Returns `None` if they are not determined: one PD only, all or none defaulted, or
/// defaulters and survivors that are separated by a PD.
#[must_use]
pub fn calibration_line(portfolio: &Portfolio) -> Option<CalibrationLine> {
    if portfolio.groups().len() < 2 || is_separated(portfolio) {
        return None;
    }
    let (mut a, mut b) = (0.0, 1.0);
    for _ in 0..100 {
        let derivative = Derivatives::at(portfolio, a, b);
        let (step_a, step_b) = derivative.newton()?;
        // A step is shortened if the likelihood would fall: Newton's method may overshoot.
        let mut length = 1.0;
        let now = log_likelihood(portfolio, a, b);
        while length > 1e-10
            && log_likelihood(portfolio, a + length * step_a, b + length * step_b)
                < now - 1e-9 * now.abs()
        {
            length *= 0.5;
        }
        a += length * step_a;
        b += length * step_b;
        if step_a.abs().max(step_b.abs()) < 1e-13 * (1.0 + a.abs().max(b.abs())) {
            break;
        }
    }
    let (variance_a, variance_b) = Derivatives::at(portfolio, a, b).variances()?;
    let line = CalibrationLine {
        intercept: Estimate::against(a, variance_a.sqrt(), 0.0),
        slope: Estimate::against(b, variance_b.sqrt(), 1.0),
    };
    let all = [line.intercept, line.slope].map(|e| e.value + e.standard_error);
    all.iter().all(|value| value.is_finite()).then_some(line)
}

/// Returns whether every defaulter's PD is at least every survivor's, or the reverse: then the
/// likelihood has no maximum.
fn is_separated(portfolio: &Portfolio) -> bool {
    let with = |chosen: &dyn Fn(&super::PdGroup) -> bool| {
        let mut pds = portfolio
            .groups()
            .iter()
            .filter(|g| chosen(g))
            .map(|g| g.pd);
        let first = pds.next();
        first.map(|first| (first, pds.next_back().unwrap_or(first)))
    };
    let defaulted = with(&|g| g.defaults > 0);
    let survived = with(&|g| g.defaults < g.companies);
    match (defaulted, survived) {
        (Some(d), Some(s)) => d.0 >= s.1 || s.0 >= d.1,
        _ => true,
    }
}

fn log_likelihood(portfolio: &Portfolio, a: f64, b: f64) -> f64 {
    portfolio.sum(|g| {
        let x = a + b * logit(g.pd);
        // ln(1 + e^x), without overflow.
        let soft = x.max(0.0) + (-x.abs()).exp().ln_1p();
        g.defaults as f64 * x - g.companies as f64 * soft
    })
}

/// Gradient and information of the log-likelihood.
struct Derivatives {
    gradient: [f64; 2],
    information: [f64; 3],
}

impl Derivatives {
    fn at(portfolio: &Portfolio, a: f64, b: f64) -> Self {
        use super::sum::Sum;
        let mut sums = [Sum::default(); 5];
        for g in portfolio.groups() {
            let x = logit(g.pd);
            let mean = logistic(a + b * x);
            let residual = g.defaults as f64 - g.companies as f64 * mean;
            let weight = g.companies as f64 * mean * (1.0 - mean);
            let terms = [residual, residual * x, weight, weight * x, weight * x * x];
            for (sum, term) in sums.iter_mut().zip(terms) {
                sum.add(term);
            }
        }
        let [ga, gb, aa, ab, bb] = sums.map(Sum::value);
        Self {
            gradient: [ga, gb],
            information: [aa, ab, bb],
        }
    }

    fn determinant(&self) -> Option<f64> {
        let [aa, ab, bb] = self.information;
        let determinant = aa * bb - ab * ab;
        (determinant > 1e-14 * aa * bb).then_some(determinant)
    }

    fn newton(&self) -> Option<(f64, f64)> {
        let determinant = self.determinant()?;
        let ([ga, gb], [aa, ab, bb]) = (self.gradient, self.information);
        Some((
            (bb * ga - ab * gb) / determinant,
            (aa * gb - ab * ga) / determinant,
        ))
    }

    fn variances(&self) -> Option<(f64, f64)> {
        let determinant = self.determinant()?;
        let [aa, _, bb] = self.information;
        Some((bb / determinant, aa / determinant))
    }
}
