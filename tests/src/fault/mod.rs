//! Injected faults in the program: kills, outages, full disks, restarts and conflicting work,
//! each followed by a check of the guarantees.
//!
//! - [`Options`]: the program, the seed, and whether the whole run or a short form is wanted
//! - [`SCENARIOS`]: the scenarios; each returns a [`Line`] of the table, or why it was skipped
//! - [`cluster`]: a whole cluster whose parts are killed in turn; a program of its own
//! - [`run`]: runs them one after the other and prints the table
//!
//! The guarantees after each: every row of a job has exactly one outcome and the same as in a
//! run without faults, nothing that was acknowledged is lost, jobs end, and readiness recovers
//! by itself.

pub mod cluster;
mod conflicts;
mod database;
mod disk;
mod kills;
mod load;
mod one_owner;
mod redis;
mod report;
mod restarts;
mod rows;
mod server;

use std::{path::PathBuf, time::Instant};

pub use report::{Line, Outcome};
pub use server::keep_folders;

/// The options of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The built program.
    pub program: PathBuf,
    /// The seed of the random moments: the same seed gives the same moments.
    pub seed: u64,
    /// A form of about a minute in all.
    pub short: bool,
    /// The number of rows of a disturbed job; the short form has fewer.
    pub rows: usize,
    /// Requests that are sent while processes are restarted; the short form has fewer.
    pub requests: usize,
}

impl Options {
    /// Returns one number for the whole run and another one for the short form.
    #[must_use]
    pub const fn pick<T: Copy>(&self, whole: T, short: T) -> T {
        if self.short { short } else { whole }
    }

    /// Returns the number of rows of a disturbed job.
    const fn rows(&self) -> usize {
        self.pick(self.rows, 8_000)
    }

    /// Returns the random moments of one scenario.
    fn random(&self, scenario: u64) -> Random {
        Random(self.seed.wrapping_add(scenario.wrapping_mul(0x9E37_79B9)))
    }
}

/// SplitMix64, which is sufficient for reproducible moments.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// Returns a time up to this many milliseconds.
    pub(crate) fn millis(&mut self, most: u64) -> std::time::Duration {
        std::time::Duration::from_millis(self.below(most + 1))
    }
}

/// The scenarios by name, in the order in which they are run.
pub const SCENARIOS: [&str; 8] = [
    "kills",
    "database",
    "disk",
    "redis",
    "restarts",
    "alone",
    "conflicts",
    "one-owner",
];

/// Runs one scenario.
///
/// # Errors
/// If a guarantee does not hold, or a server cannot be started.
pub async fn scenario(name: &str, options: &Options) -> anyhow::Result<Outcome> {
    match name {
        "kills" => kills::run(options).await,
        "database" => database::run(options).await,
        "disk" => disk::run(options).await,
        "redis" => redis::run(options).await,
        "restarts" => restarts::run(options).await,
        "alone" => restarts::alone(options).await,
        "conflicts" => conflicts::run(options).await,
        "one-owner" => one_owner::run(options).await,
        other => anyhow::bail!("there is no scenario {other}; there are {SCENARIOS:?}"),
    }
}

/// Runs scenarios one after the other, prints the table and returns whether all guarantees
/// held.
pub async fn run(names: &[String], options: &Options) -> bool {
    let mut outcomes = Vec::new();
    for name in names {
        let begun = Instant::now();
        let outcome = scenario(name, options).await;
        let seconds = begun.elapsed().as_secs();
        report::print_progress(name, seconds, &outcome);
        outcomes.push((name.clone(), seconds, outcome));
    }
    report::print_table(options, &outcomes);
    outcomes.iter().all(|(_, _, outcome)| outcome.is_ok())
}
