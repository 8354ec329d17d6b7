//! The models alone, on one thread.

use std::time::Instant;

use accunode_domain::{
    prediction::Kind,
    ratio::{RatioUnit, Ratios, check},
};
use accunode_ports::scoring::Scorer;
use accunode_scoring::ModelRegistry;
use anyhow::ensure;

use crate::{
    adapter::Rng,
    figure::{Figure, Samples, Unit},
    note,
    options::Options,
};

/// The number of rows of one call, as in a bulk upload.
const BATCH: usize = 5_000;

/// Returns the rows a second of every served model, and the time of one row with reasons.
pub(crate) async fn measure(options: &Options) -> anyhow::Result<Vec<Figure>> {
    let options = options.clone();
    tokio::task::spawn_blocking(move || {
        let registry = ModelRegistry::shipped();
        let mut figures = Vec::new();
        for model in registry.models() {
            let kind = model.kind;
            note(format_args!("scoring, {kind}"));
            figures.push(in_batches(&registry, kind, &options)?);
            figures.push(one_with_reasons(&registry, kind, &options)?);
        }
        Ok(figures)
    })
    .await?
}

fn in_batches(registry: &ModelRegistry, kind: Kind, options: &Options) -> anyhow::Result<Figure> {
    let rows = rows(kind, if options.quick { 200 } else { BATCH })?;
    let mut ours = Samples::default();
    for _ in 0..options.repetitions {
        let (mut scored, start) = (0_usize, Instant::now());
        while start.elapsed() < options.window() {
            scored += registry.score(kind, &rows, false)?.len();
        }
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 rows")]
        ours.add(scored as f64 / start.elapsed().as_secs_f64());
    }
    Ok(Figure {
        name: format!("scoring, {kind}"),
        unit: Unit::Rows,
        ours,
        reference: Samples::default(),
        how: format!("one thread, {} rows a call, without reasons", rows.len()),
    })
}

fn one_with_reasons(
    registry: &ModelRegistry,
    kind: Kind,
    options: &Options,
) -> anyhow::Result<Figure> {
    let rows = rows(kind, 100)?;
    let mut ours = Samples::default();
    for _ in 0..options.repetitions {
        let (mut scored, start) = (0_u32, Instant::now());
        for row in rows.iter().cycle() {
            if start.elapsed() >= options.window() {
                break;
            }
            let answers = registry.score(kind, std::slice::from_ref(row), true)?;
            ensure!(answers.iter().all(|answer| answer.explanation.is_some()));
            scored += 1;
        }
        ours.add(1_000.0 * start.elapsed().as_secs_f64() / f64::from(scored.max(1)));
    }
    Ok(Figure {
        name: format!("scoring one {kind} row with reasons"),
        unit: Unit::Milliseconds,
        ours,
        reference: Samples::default(),
        how: "one thread, one row a call, the mean of many".to_owned(),
    })
}

/// Returns different rows, with one ratio in twenty missing.
fn rows(kind: Kind, count: usize) -> anyhow::Result<Vec<Ratios>> {
    let mut rng = Rng::new(1);
    let mut rows = Vec::with_capacity(count);
    // Rows with too few ratios are invalid; there are few of them.
    for _ in 0..10 * count {
        if rows.len() == count {
            break;
        }
        let texts = texts(kind, &mut rng);
        let raw: Vec<Option<&str>> = texts.iter().map(|text| Some(text.as_str())).collect();
        rows.extend(check(kind, RatioUnit::Fraction, &raw));
    }
    ensure!(rows.len() == count, "too few of the rows could be scored");
    Ok(rows)
}

/// Returns ratios within their ranges, with four decimals.
pub(crate) fn texts(kind: Kind, rng: &mut Rng) -> Vec<String> {
    let ratios = kind.ratios().iter();
    ratios
        .map(|ratio| {
            if rng.below(20) == 0 {
                return String::new();
            }
            #[expect(clippy::cast_precision_loss, reason = "at most a million")]
            let share = rng.below(1_000_000) as f64 / 1e6;
            format!("{:.4}", ratio.min + (ratio.max - ratio.min) * share)
        })
        .collect()
}
