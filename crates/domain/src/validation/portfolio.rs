//! What figures are made from: how many companies had each PD, and how many of them defaulted.

use super::sum::Sum;

/// Companies with one PD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PdGroup {
    /// The PD, above 0 and below 1.
    pub pd: f64,
    /// How many companies had it.
    pub companies: u64,
    /// How many of them defaulted.
    pub defaults: u64,
}

/// PDs and what happened, in order of the PD and with equal PDs together: the order in which
/// companies were read cannot change a figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Portfolio {
    groups: Vec<PdGroup>,
    companies: u64,
    defaults: u64,
}

impl Portfolio {
    /// Of companies, each with its PD (above 0, below 1) and whether it defaulted.
    #[must_use]
    pub fn of(rows: impl IntoIterator<Item = (f64, bool)>) -> Self {
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        Self::of_groups(rows.into_iter().map(|(pd, defaulted)| PdGroup {
            pd,
            companies: 1,
            defaults: u64::from(defaulted),
        }))
    }

    /// Of groups in any order.
    #[must_use]
    pub fn of_groups(groups: impl IntoIterator<Item = PdGroup>) -> Self {
        let mut sorted: Vec<_> = groups.into_iter().filter(|g| g.companies > 0).collect();
        sorted.sort_by(|a, b| a.pd.total_cmp(&b.pd));
        let mut portfolio = Self::default();
        for group in sorted {
            portfolio.companies += group.companies;
            portfolio.defaults += group.defaults;
            match portfolio.groups.last_mut() {
                Some(last) if last.pd == group.pd => {
                    last.companies += group.companies;
                    last.defaults += group.defaults;
                }
                _ => portfolio.groups.push(group),
            }
        }
        portfolio
    }

    /// The distinct PDs, lowest first.
    #[must_use]
    pub fn groups(&self) -> &[PdGroup] {
        &self.groups
    }

    /// N.
    #[must_use]
    pub const fn companies(&self) -> u64 {
        self.companies
    }

    /// D.
    #[must_use]
    pub const fn defaults(&self) -> u64 {
        self.defaults
    }

    /// D/N; `None` without companies.
    #[must_use]
    pub fn default_rate(&self) -> Option<f64> {
        (self.companies > 0).then(|| self.defaults as f64 / self.companies as f64)
    }

    /// The mean PD, weighted by number; `None` without companies.
    #[must_use]
    pub fn mean_pd(&self) -> Option<f64> {
        (self.companies > 0)
            .then(|| self.sum(|g| g.companies as f64 * g.pd) / self.companies as f64)
    }

    /// The sum of a figure over the groups, lowest PD first.
    pub(super) fn sum(&self, figure: impl Fn(&PdGroup) -> f64) -> f64 {
        self.groups.iter().map(figure).collect::<Sum>().value()
    }
}
