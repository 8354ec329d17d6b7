//! What can be asked for on the command line.

use std::{path::PathBuf, time::Duration};

use anyhow::bail;
use clap::Parser;

use crate::section::Section;

/// Years that every company of the ground has, and every company of an upload.
pub(crate) const YEARS: u64 = 10;

/// Measures AccuNode against raw PostgreSQL on this machine.
#[derive(Clone, Debug, Parser)]
#[command(name = "accunode-bench", version)]
pub(crate) struct Options {
    /// Rows of one bulk upload.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(100..=5_000_000))]
    pub(crate) rows: u64,
    /// Predictions that are there before anything is measured.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(2_100..=50_000_000))]
    pub(crate) base: u64,
    /// How often each side of a comparison is measured; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=7))]
    pub(crate) repetitions: u64,
    /// How long reads and scoring are measured each time.
    #[arg(long, default_value_t = 3.0)]
    pub(crate) seconds: f64,
    /// Small sizes: shows that it works, its figures mean nothing.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only these sections [default: those that end within minutes].
    #[arg(long, value_enum, value_delimiter = ',', conflicts_with = "all")]
    only: Vec<Section>,
    /// Every section, also the heavy loads: about a quarter of an hour.
    #[arg(long)]
    all: bool,
    /// The rates of one user who has every row, and of a user without rows: as `--only one-owner`.
    #[arg(long)]
    one_owner: bool,
    /// How others fare beside a user who asks for as much as they may: as `--only fairness`.
    #[arg(long)]
    fairness: bool,
    /// Shows on which statements the database spent its time during the uploads.
    #[arg(long)]
    pub(crate) statements: bool,
    /// The document that the figures are written into, between its markers
    /// [default: docs/benchmarks.md; none with --quick]
    #[arg(long)]
    document: Option<PathBuf>,
}

impl Options {
    /// With `--quick`, the small sizes.
    pub(crate) fn checked(self) -> anyhow::Result<Self> {
        if !(0.05..=60.0).contains(&self.seconds) {
            bail!("--seconds must be from 0.05 to 60");
        }
        if !self.quick {
            if cfg!(debug_assertions) {
                bail!(
                    "figures of a debug build mean nothing: use `make bench`, or --quick to see that it works"
                );
            }
            return Ok(self);
        }
        Ok(Self {
            rows: 1_000,
            base: 4_200,
            repetitions: 1,
            seconds: 0.2,
            ..self
        })
    }

    /// Where the figures go.
    pub(crate) fn document(&self) -> Option<PathBuf> {
        let default = || (!self.quick).then(|| "docs/benchmarks.md".into());
        self.document.clone().or_else(default)
    }

    /// The sections to measure, in their order.
    pub(crate) fn sections(&self) -> Vec<Section> {
        let mut named = self.only.clone();
        named.extend(self.one_owner.then_some(Section::OneOwner));
        named.extend(self.fairness.then_some(Section::Fairness));
        let wanted = |section: &Section| match (self.all, named.as_slice()) {
            (true, _) => true,
            (false, []) => !section.is_heavy(),
            (false, named) => named.contains(section),
        };
        Section::ALL.into_iter().filter(wanted).collect()
    }

    /// How long one measurement of a rate lasts.
    pub(crate) fn window(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// Companies of one upload.
    pub(crate) fn companies(&self) -> u64 {
        (self.rows / YEARS).max(1)
    }

    /// Rows of one upload: each company in each of its years.
    pub(crate) fn upload_rows(&self) -> u64 {
        self.companies() * YEARS
    }

    /// After this the run is given up: a hundred times what it takes is a hang.
    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_secs(900 + (self.base + 16 * self.rows) / 500)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(arguments: &[&str]) -> Vec<Section> {
        let arguments = ["accunode-bench"].iter().chain(arguments);
        Options::try_parse_from(arguments).unwrap().sections()
    }

    #[test]
    fn heavy_sections_run_only_on_request() {
        assert!(sections(&[]).iter().all(|section| !section.is_heavy()));
        assert_eq!(sections(&["--all"]), Section::ALL);
        assert_eq!(sections(&["--fairness"]), [Section::Fairness]);
        assert_eq!(
            sections(&["--fairness", "--one-owner", "--only", "bulk"]),
            [Section::Bulk, Section::OneOwner, Section::Fairness],
            "in their order"
        );
        let arguments = ["accunode-bench", "--all", "--only", "bulk"];
        assert!(Options::try_parse_from(arguments).is_err());
    }
}
