//! What can be asked for on the command line.

use std::{path::PathBuf, time::Duration};

use anyhow::bail;
use clap::Parser;

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
    #[arg(long, default_value_t = 4.0)]
    pub(crate) seconds: f64,
    /// Small sizes: shows that it works, its figures mean nothing.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only how others fare beside a tenant that asks for as much as it may. Printed, and
    /// written into no document.
    #[arg(long)]
    pub(crate) fairness: bool,
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
        let default = || (!self.quick && !self.fairness).then(|| "docs/benchmarks.md".into());
        self.document.clone().or_else(default)
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
