//! The table of figures.

use std::time::Duration;

use super::Options;

/// The figures of one kind of fault.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// The fault.
    pub fault: String,
    /// How often it was injected.
    pub times: u64,
    /// The longest time from a fault until the service was ready again.
    pub longest_unavailable: Duration,
    /// Requests that were sent meanwhile.
    pub requests: u64,
    /// Requests that were not answered, or answered with a status of 500 or above.
    pub failed: u64,
    /// The guarantees that were checked afterwards, and held.
    pub held: String,
}

/// The result of a scenario.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It ran, and all guarantees held.
    Done(Vec<Line>),
    /// It could not be run here, for this reason.
    Skipped(String),
}

type Ended = (String, u64, anyhow::Result<Outcome>);

#[expect(clippy::print_stdout, reason = "a program's report")]
pub(super) fn print_progress(name: &str, seconds: u64, outcome: &anyhow::Result<Outcome>) {
    match outcome {
        Ok(Outcome::Done(_)) => println!("{name}: held, {seconds} s"),
        Ok(Outcome::Skipped(why)) => println!("{name}: skipped, {why}"),
        Err(error) => println!("{name}: FAILED after {seconds} s: {error:#}"),
    }
}

#[expect(clippy::print_stdout, reason = "a program's report")]
pub(super) fn print_table(options: &Options, outcomes: &[Ended]) {
    println!("\nseed {}, jobs of {} rows\n", options.seed, options.rows());
    println!("| fault | times | longest unavailable | requests | failed | held |");
    println!("|---|---:|---:|---:|---:|---|");
    for (name, _, outcome) in outcomes {
        match outcome {
            Ok(Outcome::Done(lines)) => {
                for line in lines {
                    println!(
                        "| {} | {} | {:.1} s | {} | {} | {} |",
                        line.fault,
                        line.times,
                        line.longest_unavailable.as_secs_f64(),
                        line.requests,
                        line.failed,
                        line.held
                    );
                }
            }
            Ok(Outcome::Skipped(why)) => println!("| {name} | skipped: {why} | | | | |"),
            Err(error) => println!("| {name} | FAILED: {error:#} | | | | |"),
        }
    }
}
