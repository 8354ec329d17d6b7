//! The whole fault run against a built program: `fault --program target/release/accunode`.

use std::{path::PathBuf, process::ExitCode};

use accunode_tests::fault::{self, Options, SCENARIOS};
use clap::Parser;

/// Kills, outages, full disks, restarts and conflicting work, and what must hold after each.
#[derive(Debug, Parser)]
struct Arguments {
    /// The built program.
    #[arg(long)]
    program: PathBuf,
    /// Where random moments come from; printed with the table.
    #[arg(long, default_value_t = 20_261_127)]
    seed: u64,
    /// A form of about a minute in all.
    #[arg(long)]
    short: bool,
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
        only,
    } = Arguments::parse();
    let names = if only.is_empty() {
        SCENARIOS.map(str::to_owned).to_vec()
    } else {
        only
    };
    let options = Options {
        program,
        seed,
        short,
    };
    if fault::run(&names, &options).await {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
