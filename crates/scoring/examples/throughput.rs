//! Measures how fast models load and score, on one core: `cargo run --release -p
//! accunode-scoring --example throughput`
#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::time::{Duration, Instant};

use accunode_domain::{
    prediction::Kind,
    ratio::{RatioUnit, Ratios, check},
};
use accunode_ports::scoring::{Scorer, ScoringError};
use accunode_scoring::ModelRegistry;

/// The number of rows in one call, as many as a bulk job scores at once.
const BATCH: usize = 2_000;
const LASTS: Duration = Duration::from_secs(2);

fn main() -> Result<(), ScoringError> {
    let start = Instant::now();
    let registry = ModelRegistry::shipped();
    println!("loaded in {:?}", start.elapsed());
    for kind in Kind::ALL {
        let rows: Vec<Ratios> = (0..BATCH).filter_map(|n| row(kind, n)).collect();
        measure(&registry, kind, &rows, false)?;
        measure(&registry, kind, &rows, true)?;
        measure(&registry, kind, &rows[..1], false)?;
    }
    Ok(())
}

fn measure(
    registry: &ModelRegistry,
    kind: Kind,
    rows: &[Ratios],
    explain: bool,
) -> Result<(), ScoringError> {
    let start = Instant::now();
    let mut scored = 0_u32;
    while start.elapsed() < LASTS {
        for _ in registry.score(kind, rows, explain)? {
            scored += 1;
        }
    }
    let rate = f64::from(scored) / start.elapsed().as_secs_f64();
    let reasons = if explain { "with" } else { "without" };
    println!(
        "{kind}, {} at once, {reasons} reasons: {rate:.0} rows/s",
        rows.len()
    );
    Ok(())
}

/// Returns different rows, in some of which one ratio is missing.
fn row(kind: Kind, n: usize) -> Option<Ratios> {
    let texts: Vec<String> = (0..kind.ratios().len())
        .map(|at| match (n * 31 + at * 17) % 101 {
            0..8 => String::new(),
            part => format!("{}.{part:03}", part % 3),
        })
        .collect();
    let raw: Vec<Option<&str>> = texts.iter().map(|text| Some(text.as_str())).collect();
    check(kind, RatioUnit::Fraction, &raw).ok()
}
