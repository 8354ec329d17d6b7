//! The whole fault run against a built program: `fault --program target/release/accunode`.

use std::{path::PathBuf, process::ExitCode};

use accunode_tests::fault::{self, Options, SCENARIOS};
use clap::Parser;

/// Injects kills, outages, full disks, restarts and conflicting work, and checks the required
/// properties after each.
#[derive(Debug, Parser)]
struct Arguments {
    /// The built program.
    #[arg(long)]
    program: PathBuf,
    /// The seed of random moments; printed with the table.
    #[arg(long, default_value_t = 20_261_127)]
    seed: u64,
    /// A short form of about a minute in total.
    #[arg(long)]
    short: bool,
    /// The rows of a disturbed job.
    #[arg(long, default_value_t = 100_000)]
    rows: usize,
    /// The requests that are sent while processes are restarted.
    #[arg(long, default_value_t = 100_000)]
    requests: usize,
    /// Keep the folders below /tmp that a scenario creates, with the program's logs.
    #[arg(long)]
    keep: bool,
    /// Only these scenarios.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(SCENARIOS))]
    only: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments {
        program,
        seed,
        short,
        rows,
        requests,
        keep,
        only,
    } = Arguments::parse();
    if keep {
        fault::keep_folders();
    }
    let names = if only.is_empty() {
        SCENARIOS.map(str::to_owned).to_vec()
    } else {
        only
    };
    let options = Options {
        program,
        seed,
        short,
        rows,
        requests,
    };
    if fault::run(&names, &options).await {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
