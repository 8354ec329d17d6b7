//! Measures AccuNode against raw PostgreSQL: one machine, one run, its own database.
//!
//! - `options`: the command line; `--quick` is small enough for a test
//! - `cluster`: the private PostgreSQL, and its own programs (`psql`, `pgbench`)
//! - `seed`: the rows that exist before anything is measured
//! - `service`: the service in this process, wired as the binary wires it
//! - `section`: the parts of a run, each measured and written by itself
//! - `scoring`, `reads`, `http`, `bulk`, `program`: one kind of figure each
//! - `processor`: processor time, which depends less than rates on what else the machine does
//! - `one_owner`: a database in which one user has every row
//! - `beside`: the response times of other users beside that user, whatever that user
//!   requests
//! - `backtest`: the report, the movements and the outcomes of one owner of all rows
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
mod backtest;
mod beside;
mod bulk;
mod cluster;
mod figure;
mod http;
mod machine;
mod one_owner;
mod options;
mod pgbench;
mod processor;
mod program;
mod reads;
mod reference;
mod report;
mod scoring;
mod section;
mod seed;
mod service;

use std::process::ExitCode;

use accunode::commands::stop_requested;
use anyhow::{Context, bail};
use clap::Parser;

use crate::{
    cluster::Cluster, machine::Machine, options::Options, report::Report, section::Section,
    seed::SeedRows, service::Service,
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
                bail!("interrupted: what was measured until then is written")
            }
            () = tokio::time::sleep(options.deadline()) => {
                bail!("not done after {:?}: what was measured until then is written", options.deadline())
            }
        }
    });
    done.map(|()| ExitCode::SUCCESS)
}

async fn measure(options: &Options) -> anyhow::Result<()> {
    let sections = options.sections();
    let wants = |section: Section| sections.contains(&section);
    let cluster = Cluster::start().await?;
    let report = Report::of(options, &Machine::read(&cluster).await?);
    if wants(Section::Scoring) {
        report.add(Section::Scoring, &scoring::measure(options).await?)?;
    }
    if [Section::Reads, Section::Http, Section::Bulk]
        .into_iter()
        .any(wants)
    {
        over_the_service(options, &cluster, &report).await?;
    }
    if wants(Section::Program) {
        let figures = program::measure(options, &cluster).await?;
        report.add(Section::Program, &figures)?;
    }
    cluster.stop().await?;
    if wants(Section::OneOwner) || wants(Section::Fairness) {
        one_owner::measure(options, &report).await?;
    }
    if wants(Section::Backtest) {
        report.add(Section::Backtest, &backtest::measure(options).await?)?;
    }
    Ok(())
}

async fn over_the_service(
    options: &Options,
    cluster: &Cluster,
    report: &Report,
) -> anyhow::Result<()> {
    let seed = SeedRows::create(cluster, options).await?;
    let service = Service::start(cluster).await?;
    for section in options.sections() {
        let figures = match section {
            Section::Reads => reads::measure(options, cluster, &seed, &service).await?,
            Section::Http => http::measure(options, &seed, &service).await?,
            Section::Bulk => bulk::measure(options, cluster, &service).await?,
            _ => continue,
        };
        report.add(section, &figures)?;
    }
    service.stop().await;
    Ok(())
}

/// Prints progress on standard error.
fn note(line: impl std::fmt::Display) {
    use std::io::Write;
    // If standard error is closed, the run continues.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
