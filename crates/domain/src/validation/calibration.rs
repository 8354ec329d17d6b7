//! Tests whether PDs match default rates: by grade, for the portfolio, and with correlated
//! defaults.

use serde::Serialize;

use super::{
    portfolio::Portfolio,
    special::{
        beta_cdf, beta_quantile, binomial_tail, chi_squared_sf, integrate, normal_cdf,
        normal_density, normal_quantile,
    },
    sum::Sum,
};

/// Jeffreys' test of one PD (ECB instructions on validation reporting, 2019, 2.5.3.1; Brown,
/// Cai, DasGupta 2001): the posterior of the default rate is Beta(D + ½, N − D + ½).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Jeffreys {
    /// The p-value of "the PD is high enough": small where the PD is too low.
    pub p_too_low: f64,
    /// One minus it: small where the PD is too high.
    pub p_too_high: f64,
    /// The 5 % quantile of the default rate.
    pub rate_from: f64,
    /// The 95 % quantile of the default rate: the highest PD that the companies do not
    /// contradict, also where none defaulted.
    pub rate_to: f64,
}

impl Jeffreys {
    /// Tests `pd` on N companies of which D defaulted. Returns `None` without companies.
    #[must_use]
    pub fn test(companies: u64, defaults: u64, pd: f64) -> Option<Self> {
        if companies == 0 || defaults > companies {
            return None;
        }
        let (a, b) = (defaults as f64 + 0.5, (companies - defaults) as f64 + 0.5);
        Some(Self {
            p_too_low: beta_cdf(pd, a, b),
            p_too_high: beta_cdf(1.0 - pd, b, a),
            rate_from: beta_quantile(0.05, a, b),
            rate_to: beta_quantile(0.95, a, b),
        })
    }
}

/// Adjusts p-values for the number of tests (Holm 1979), in the order given.
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (rank, index) in order.into_iter().enumerate() {
        let tests = (p_values.len() - rank) as f64;
        largest = largest.max((tests * p_values[index]).min(1.0));
        adjusted[index] = largest;
    }
    adjusted
}

/// The asset correlation that the Basel framework gives exposures to companies with this PD
/// (CRE31): 0.24 for the safest, 0.12 for the riskiest.
#[must_use]
pub fn asset_correlation(pd: f64) -> f64 {
    let weight = (-50.0 * pd).exp_m1() / (-50.0_f64).exp_m1();
    0.12 * weight + 0.24 * (1.0 - weight)
}

/// The probability of at least D defaults among N companies with this PD whose defaults
/// depend on one factor with asset correlation ρ (Vasicek). ρ is within 0 to 1, exclusive.
#[must_use]
pub fn correlated_tail(companies: u64, defaults: u64, pd: f64, correlation: f64) -> f64 {
    let threshold = normal_quantile(pd);
    let (own, common) = ((1.0 - correlation).sqrt(), correlation.sqrt());
    let integrand = |z: f64| {
        let conditional = normal_cdf((threshold + common * z) / own);
        binomial_tail(companies, defaults, conditional) * normal_density(z)
    };
    integrate(&integrand, -10.0, 10.0, 1e-13).clamp(0.0, 1.0)
}

/// The mean squared error of the PDs, and the skill derived from it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Brier {
    /// (1/N) Σ (PD − y)².
    pub score: f64,
    /// 1 − score / (ō(1 − ō)); `None` where all or none defaulted.
    pub skill: Option<f64>,
}

/// Returns the Brier score, or `None` without companies.
#[must_use]
pub fn brier(portfolio: &Portfolio) -> Option<Brier> {
    let rate = portfolio.default_rate()?;
    let n = portfolio.companies() as f64;
    let score = portfolio.sum(|g| {
        let survivors = (g.companies - g.defaults) as f64;
        g.defaults as f64 * (1.0 - g.pd).powi(2) + survivors * g.pd.powi(2)
    }) / n;
    let uncertainty = rate * (1.0 - rate);
    Some(Brier {
        score,
        skill: (uncertainty > 0.0).then(|| 1.0 - score / uncertainty),
    })
}

/// Companies of one grade: how many, how many defaulted, and their mean PD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradeCounts {
    /// N.
    pub companies: u64,
    /// D.
    pub defaults: u64,
    /// The mean PD, weighted by number.
    pub pd: f64,
}

/// Murphy's parts of the Brier score over grades (1973): score = reliability − resolution +
/// uncertainty where each company has the PD of its grade.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BrierParts {
    /// How far the grades' PDs are from their default rates: 0 is best.
    pub reliability: f64,
    /// How far the grades' default rates are from the portfolio's: more is better.
    pub resolution: f64,
    /// ō(1 − ō), which no model can change.
    pub uncertainty: f64,
}

/// Returns the parts over grades with companies, or `None` without any.
#[must_use]
pub fn brier_parts(grades: &[GradeCounts]) -> Option<BrierParts> {
    let companies: u64 = grades.iter().map(|g| g.companies).sum();
    let defaults: u64 = grades.iter().map(|g| g.defaults).sum();
    if companies == 0 {
        return None;
    }
    let (n, rate) = (companies as f64, defaults as f64 / companies as f64);
    let mean = |part: &dyn Fn(f64, f64) -> f64| {
        let with = grades.iter().filter(|g| g.companies > 0);
        let terms = with.map(|g| {
            let weight = g.companies as f64;
            weight * part(g.pd, g.defaults as f64 / weight)
        });
        terms.collect::<Sum>().value() / n
    };
    Some(BrierParts {
        reliability: mean(&|pd, own| (pd - own).powi(2)),
        resolution: mean(&|_, own| (own - rate).powi(2)),
        uncertainty: rate * (1.0 - rate),
    })
}

/// The test of Hosmer and Lemeshow over grades. It is included because it is often asked for;
/// it depends on the grades' bounds and has little power (Van Calster, BMC Medicine
/// 2019;17:230).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct HosmerLemeshow {
    /// Σ (N p − D)² / (N p (1 − p)).
    pub statistic: f64,
    /// The number of grades, because no parameter was fitted to these companies.
    pub degrees: u64,
    /// Small if the PDs do not match the default rates.
    pub p: f64,
}

/// Computes the test over grades with companies, or returns `None` without any.
#[must_use]
pub fn hosmer_lemeshow(grades: &[GradeCounts]) -> Option<HosmerLemeshow> {
    let with: Vec<_> = grades.iter().filter(|g| g.companies > 0).collect();
    if with.is_empty() {
        return None;
    }
    let terms = with.iter().map(|g| {
        let n = g.companies as f64;
        (n * g.pd - g.defaults as f64).powi(2) / (n * g.pd * (1.0 - g.pd))
    });
    let statistic = terms.collect::<Sum>().value();
    let degrees = with.len() as u64;
    Some(HosmerLemeshow {
        statistic,
        degrees,
        p: chi_squared_sf(statistic, degrees as f64),
    })
}

/// Returns the simple mean of the yearly default rates (EBA/GL/2017/16, paragraph 81): a year
/// counts once, however many companies it had. Years without companies are left out.
#[must_use]
pub fn long_run_average(years: &[(u64, u64)]) -> Option<f64> {
    let rates: Vec<f64> = years
        .iter()
        .filter(|(companies, _)| *companies > 0)
        .map(|(companies, defaults)| *defaults as f64 / *companies as f64)
        .collect();
    (!rates.is_empty()).then(|| rates.iter().copied().collect::<Sum>().value() / rates.len() as f64)
}

/// The default rate with three treatments of companies that left without a default.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ExitTreatments {
    /// They stay in N (ECB, EBA): D/N.
    pub keep: f64,
    /// They are left out: D/(N − E).
    pub drop: Option<f64>,
    /// Each counts half (actuarial): D/(N − E/2).
    pub half: Option<f64>,
}

/// Computes the rates for N companies of which D defaulted and E left without a default.
/// Returns `None` without companies.
#[must_use]
pub fn exit_treatments(companies: u64, defaults: u64, exits: u64) -> Option<ExitTreatments> {
    if companies == 0 || exits > companies {
        return None;
    }
    let (n, d, e) = (companies as f64, defaults as f64, exits as f64);
    let rate = |at_risk: f64| (at_risk > 0.0).then(|| d / at_risk);
    Some(ExitTreatments {
        keep: d / n,
        drop: rate(n - e),
        half: rate(n - e / 2.0),
    })
}
