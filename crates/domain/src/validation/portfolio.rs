//! The input of the figures: how many companies had each PD, and how many of them defaulted.

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

/// PDs and defaults, ordered by PD and with equal PDs together, so that the order in which
/// companies were read cannot change a figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Portfolio {
    groups: Vec<PdGroup>,
    companies: u64,
    defaults: u64,
}

impl Portfolio {
    /// Creates a portfolio of companies, each with its PD (above 0, below 1) and whether it
    /// defaulted.
    #[must_use]
    pub fn of(rows: impl IntoIterator<Item = (f64, bool)>) -> Self {
        let (mut survivors, mut defaulters) = (Vec::new(), Vec::new());
        for (pd, defaulted) in rows {
            if defaulted {
                defaulters.push(pd);
            } else {
                survivors.push(pd);
            }
        }
        Self::of_pds(survivors, defaulters)
    }

    /// Creates a portfolio from the PDs of survivors and those of defaulters, in any order:
    /// eight bytes a company, and 24 more for each distinct PD.
    #[must_use]
    pub fn of_pds(mut survivors: Vec<f64>, mut defaulters: Vec<f64>) -> Self {
        survivors.sort_unstable_by(f64::total_cmp);
        defaulters.sort_unstable_by(f64::total_cmp);
        let runs = |pds: &[f64]| pds.chunk_by(|a, b| a == b).count();
        let mut portfolio = Self {
            groups: Vec::with_capacity(runs(&survivors) + runs(&defaulters)),
            companies: (survivors.len() + defaulters.len()) as u64,
            defaults: defaulters.len() as u64,
        };
        let mut survived = survivors.chunk_by(|a, b| a == b).peekable();
        let mut defaulted = defaulters.chunk_by(|a, b| a == b).peekable();
        while let Some(pd) = lower(survived.peek(), defaulted.peek()) {
            let here = |run: &&[f64]| run[0] == pd;
            let survivors = survived.next_if(here).map_or(0, <[f64]>::len) as u64;
            let defaults = defaulted.next_if(here).map_or(0, <[f64]>::len) as u64;
            portfolio.groups.push(PdGroup {
                pd,
                companies: survivors + defaults,
                defaults,
            });
        }
        portfolio
    }

    /// Creates a portfolio of groups in any order.
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

    /// Returns the sum of a figure over the groups, lowest PD first.
    pub(super) fn sum(&self, figure: impl Fn(&PdGroup) -> f64) -> f64 {
        self.groups.iter().map(figure).collect::<Sum>().value()
    }
}

/// Returns the lower PD of two runs of equal ones.
fn lower(a: Option<&&[f64]>, b: Option<&&[f64]>) -> Option<f64> {
    match (a.map(|run| run[0]), b.map(|run| run[0])) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
