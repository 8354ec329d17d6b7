//! Measures AccuNode against raw PostgreSQL: one machine, one run, its own database.
//!
//! - `options`: the command line; `--quick` is small enough for a test
//! - `cluster`: the private PostgreSQL, and its own programs (`psql`, `pgbench`)
//! - `ground`: the rows that exist before anything is measured
//! - `service`: the service in this process, wired as the binary wires it
//! - `scoring`, `reads`, `http`, `bulk`, `program`: one kind of figure each
//! - `one_owner`: a database in which one user has every row
//! - `beside`: the response times of other users beside that user, whatever that user
//!   requests
//! - `figure`, `report`, `machine`: the figures, the document, and the machine
//!
//! **Invariant:** both sides of a comparison do the same work on the same rows in the same
//! run; where that can be checked (equal results, equal counts) it is, and a run that finds
//! a difference fails.

#![expect(
    clippy::disallowed_methods,
    reason = "measurements wait for what they spawn"
)]

mod adapter;
mod beside;
mod bulk;
mod cluster;
mod figure;
mod ground;
mod http;
mod machine;
mod one_owner;
mod options;
mod pgbench;
mod program;
mod reads;
mod reference;
mod report;
mod scoring;
mod service;

use std::process::ExitCode;

use accunode::commands::stop_requested;
use anyhow::{Context, bail};
use clap::Parser;

use crate::{
    cluster::Cluster, figure::Figure, ground::Ground, machine::Machine, options::Options,
    service::Service,
};

fn main() -> anyhow::Result<ExitCode> {
    // The service in this process starts this program to read uploads.
    if let Some(code) = accunode_files::run_parser_if_asked() {
        return Ok(code);
    }
    let options = Options::parse().checked()?;
    // Checked first, because the run takes minutes.
    if let Some(document) = options.document() {
        report::check(&document)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    let done = runtime.block_on(async {
        tokio::select! {
            done = measure(&options) => done,
            asked = stop_requested() => {
                asked?;
                bail!("interrupted: nothing was written")
            }
            () = tokio::time::sleep(options.deadline()) => {
                bail!("not done after {:?}: nothing was written", options.deadline())
            }
        }
    });
    done.map(|()| ExitCode::SUCCESS)
}

async fn measure(options: &Options) -> anyhow::Result<()> {
    let cluster = Cluster::start().await?;
    let machine = Machine::look(&cluster).await?;
    if options.fairness {
        cluster.stop().await?;
        let figures = one_owner::measure(options).await?;
        return report::write(options, &machine, &figures);
    }
    let mut figures = scoring::measure(options).await?;

    let ground = Ground::lay(&cluster, options).await?;
    let service = Service::start(&cluster).await?;
    figures.extend(over_the_service(options, &cluster, &ground, &service).await?);
    service.stop().await;

    figures.extend(program::measure(options, &cluster).await?);
    cluster.stop().await?;
    figures.extend(one_owner::measure(options).await?);
    report::write(options, &machine, &figures)
}

async fn over_the_service(
    options: &Options,
    cluster: &Cluster,
    ground: &Ground,
    service: &Service,
) -> anyhow::Result<Vec<Figure>> {
    let mut figures = reads::measure(options, cluster, ground, service).await?;
    figures.extend(http::measure(options, ground, service).await?);
    figures.extend(bulk::measure(options, cluster, service).await?);
    Ok(figures)
}

/// Prints progress on standard error.
fn note(line: impl std::fmt::Display) {
    use std::io::Write;
    // If standard error is closed, the run continues.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
