//! The whole cluster run against a built program: `cluster --program target/release/accunode`.

use std::path::PathBuf;

use accunode_tests::fault::{self, Options, cluster};
use clap::Parser;

/// Starts a cluster, runs load over it, kills each part in turn, and checks that nothing is lost,
/// nothing is done twice, and users see their own changes.
#[derive(Debug, Parser)]
struct Arguments {
    /// The built program.
    #[arg(long)]
    program: PathBuf,
    /// A short form that kills three parts.
    #[arg(long)]
    short: bool,
    /// Keep the folders below /tmp with the program's logs.
    #[arg(long)]
    keep: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments {
        program,
        short,
        keep,
    } = Arguments::parse();
    if keep {
        fault::keep_folders();
    }
    let options = Options {
        program,
        seed: 0,
        short,
        rows: 0,
        requests: 0,
    };
    cluster::run(&options).await?.print();
    Ok(())
}
