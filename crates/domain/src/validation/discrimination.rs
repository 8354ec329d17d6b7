//! Measures whether defaulters had higher PDs than survivors: the area under the ROC curve
//! (AUC), its variance after DeLong (1988), and its changes.

use serde::Serialize;

use super::{
    portfolio::{PdGroup, Portfolio},
    special::{normal_quantile, normal_sf, two_sided},
    sum::Sum,
};

/// An AUC with its variance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Auc {
    /// The share of pairs of a defaulter and a survivor in which the defaulter had the higher
    /// PD; ties count half.
    pub auc: f64,
    /// The variance of the AUC (ECB instructions 2019, annex 3.1).
    pub variance: f64,
    /// The lower bound of the 95 % interval, computed on the log-odds, so that it stays within
    /// 0 to 1. `None` for an AUC of 0 or 1.
    pub from: Option<f64>,
    /// The upper bound of the 95 % interval.
    pub to: Option<f64>,
}

/// Returns the AUC, or `None` with fewer than two defaulters or two survivors.
#[must_use]
pub fn auc(portfolio: &Portfolio) -> Option<Auc> {
    let (d, n) = (portfolio.defaults(), portfolio.companies());
    let survivors = n - d;
    if d < 2 || survivors < 2 {
        return None;
    }
    let (all_d, all_s) = (d as f64, survivors as f64);
    // The groups are iterated twice without storing the first pass: there may be millions.
    let over_groups = |term: &dyn Fn(f64, f64, f64, f64) -> f64| {
        let (mut below, mut above) = (0_u64, d);
        let mut sum = Sum::default();
        for g in portfolio.groups() {
            let surviving = g.companies - g.defaults;
            above -= g.defaults;
            let v10 = (below as f64 + 0.5 * surviving as f64) / all_s;
            let v01 = (above as f64 + 0.5 * g.defaults as f64) / all_d;
            sum.add(term(g.defaults as f64, v10, surviving as f64, v01));
            below += surviving;
        }
        sum.value()
    };
    let auc = over_groups(&|d, v10, _, _| d * v10) / all_d;
    let var10 = over_groups(&|d, v10, _, _| d * (v10 - auc).powi(2)) / (all_d - 1.0);
    let var01 = over_groups(&|_, _, s, v01| s * (v01 - auc).powi(2)) / (all_s - 1.0);
    let variance = var10 / all_d + var01 / all_s;
    let interval = logit_interval(auc, variance);
    Some(Auc {
        auc,
        variance,
        from: interval.map(|i| i.0),
        to: interval.map(|i| i.1),
    })
}

fn logit_interval(auc: f64, variance: f64) -> Option<(f64, f64)> {
    if auc <= 0.0 || auc >= 1.0 {
        return None;
    }
    let centre = (auc / (1.0 - auc)).ln();
    let reach = normal_quantile(0.975) * variance.sqrt() / (auc * (1.0 - auc));
    let back = |x: f64| 1.0 / (1.0 + (-x).exp());
    Some((back(centre - reach), back(centre + reach)))
}

/// The AUC now against that at the model's first validation (ECB instructions 2019, 2.5.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AucChange {
    /// The AUC of the first validation.
    pub initial: f64,
    /// (initial − now)/s.
    pub statistic: f64,
    /// Small if the AUC has fallen.
    pub p: f64,
}

/// Computes the change since `initial`. Returns `None` if the variance is 0.
#[must_use]
pub fn auc_change(now: &Auc, initial: f64) -> Option<AucChange> {
    (now.variance > 0.0).then(|| {
        let statistic = (initial - now.auc) / now.variance.sqrt();
        AucChange {
            initial,
            statistic,
            p: normal_sf(statistic),
        }
    })
}

/// One company with the PDs of two models.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedRow {
    /// The PD of the first model.
    pub first: f64,
    /// The PD of the second model.
    pub second: f64,
    /// Whether it defaulted.
    pub defaulted: bool,
}

/// The comparison of two models on the same companies (DeLong 1988).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PairedAuc {
    /// The first model's AUC.
    pub first: f64,
    /// Its variance.
    pub first_variance: f64,
    /// The second model's AUC.
    pub second: f64,
    /// Its variance.
    pub second_variance: f64,
    /// The covariance of both.
    pub covariance: f64,
    /// (second − first)/s; `None` if the two rank every pair equally.
    pub z: Option<f64>,
    /// The two-sided p-value.
    pub p: Option<f64>,
}

/// Compares the models. Returns `None` with fewer than two defaulters or two survivors.
#[must_use]
pub fn paired_auc(rows: &[PairedRow]) -> Option<PairedAuc> {
    let d = rows.iter().filter(|row| row.defaulted).count();
    let survivors = rows.len() - d;
    if d < 2 || survivors < 2 {
        return None;
    }
    let first = components(rows, |row| row.first);
    let second = components(rows, |row| row.second);
    let mean = |values: &[f64], chosen: bool, count: usize| {
        let with = values
            .iter()
            .zip(rows)
            .filter(|(_, row)| row.defaulted == chosen);
        with.map(|(v, _)| *v).collect::<Sum>().value() / count as f64
    };
    let (auc_1, auc_2) = (mean(&first, true, d), mean(&second, true, d));
    let covariance = |a: &[f64], mean_a: f64, b: &[f64], mean_b: f64| {
        let of = |chosen: bool, count: usize| {
            let terms = a
                .iter()
                .zip(b)
                .zip(rows)
                .filter(|(_, row)| row.defaulted == chosen);
            let sum = terms
                .map(|((a, b), _)| (a - mean_a) * (b - mean_b))
                .collect::<Sum>();
            sum.value() / (count as f64 - 1.0) / count as f64
        };
        of(true, d) + of(false, survivors)
    };
    let first_variance = covariance(&first, auc_1, &first, auc_1);
    let second_variance = covariance(&second, auc_2, &second, auc_2);
    let shared = covariance(&first, auc_1, &second, auc_2);
    let variance = first_variance + second_variance - 2.0 * shared;
    let z = (variance > 1e-15).then(|| (auc_2 - auc_1) / variance.sqrt());
    Some(PairedAuc {
        first: auc_1,
        first_variance,
        second: auc_2,
        second_variance,
        covariance: shared,
        z,
        p: z.map(two_sided),
    })
}

/// Returns V10 of defaulters and V01 of survivors, in the order of the rows.
fn components(rows: &[PairedRow], pd: impl Fn(&PairedRow) -> f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|&a, &b| pd(&rows[a]).total_cmp(&pd(&rows[b])));
    let defaults = rows.iter().filter(|row| row.defaulted).count();
    let survivors = (rows.len() - defaults) as f64;
    let (mut below, mut above) = (0_usize, defaults);
    let mut values = vec![0.0; rows.len()];
    for tied in order.chunk_by(|&a, &b| pd(&rows[a]) == pd(&rows[b])) {
        let here = tied.iter().filter(|&&i| rows[i].defaulted).count();
        let surviving = tied.len() - here;
        above -= here;
        for &index in tied {
            values[index] = if rows[index].defaulted {
                (below as f64 + 0.5 * surviving as f64) / survivors
            } else {
                (above as f64 + 0.5 * here as f64) / defaults as f64
            };
        }
        below += surviving;
    }
    values
}

/// One AUC over several years (ECB instructions 2019, annex 3.1): within each year a company's
/// PD becomes the share of companies that were rated no better, then all years are one.
#[must_use]
pub fn pooled_auc(years: &[Portfolio]) -> Option<Auc> {
    let ranks = years.iter().flat_map(|year| {
        let mut seen = 0;
        year.groups().iter().map(move |g| {
            seen += g.companies;
            PdGroup {
                pd: seen as f64 / year.companies() as f64,
                ..*g
            }
        })
    });
    auc(&Portfolio::of_groups(ranks))
}

/// Returns the points of the ROC curve, from (0, 0) to (1, 1): the share of survivors and of
/// defaulters with at least a PD. At most `most` points; empty without a defaulter or a
/// survivor.
#[must_use]
pub fn roc_curve(portfolio: &Portfolio, most: usize) -> Vec<(f64, f64)> {
    let d = portfolio.defaults() as f64;
    let survivors = (portfolio.companies() - portfolio.defaults()) as f64;
    if d == 0.0 || survivors == 0.0 {
        return Vec::new();
    }
    let last = portfolio.groups().len();
    let step = (last + 1).div_ceil(most.max(2));
    let mut points = vec![(0.0, 0.0)];
    let (mut hits, mut alarms) = (0, 0);
    for (i, g) in (1..).zip(portfolio.groups().iter().rev()) {
        hits += g.defaults;
        alarms += g.companies - g.defaults;
        if i % step == 0 || i == last {
            points.push((alarms as f64 / survivors, hits as f64 / d));
        }
    }
    points
}
