//! A probe batch checks that a model returns probabilities, also if ratios are missing.
//!
//! Runtimes treat a NaN as a number without an error (a linear classifier then returns p ≈
//! 0), and a golden file may contain no missing ratio. So each input is left out once, and
//! the result must be one that some value of that input also gives.

use accunode_domain::risk::Pd;

use crate::{
    manifest::{InputFacts, Manifest},
    model::{Model, to_f32},
};

/// The number of tested values of an input between its training percentiles.
const STEPS: u32 = 24;
/// The tolerance for f32 sums.
const SAME: f64 = 1e-5;

/// Runs the probe. The error is text for readers.
pub(crate) fn probe(model: &Model, manifest: &Manifest) -> Result<(), String> {
    let reference = model.reference();
    let everywhere = |pick: fn(&InputFacts) -> f64| -> Vec<f32> {
        manifest
            .inputs
            .iter()
            .map(|input| to_f32(pick(input)))
            .collect()
    };
    let mut rows = vec![
        reference.to_vec(),
        everywhere(|i| i.min),
        everywhere(|i| i.max),
        everywhere(|i| i.p1),
        everywhere(|i| i.p99),
    ];
    answers(model, &rows)?;
    if !model.accepts_missing() {
        return Ok(());
    }
    rows = vec![vec![f32::NAN; reference.len()]];
    answers(model, &rows)?;
    for (at, input) in manifest.inputs.iter().enumerate() {
        let with = |value: f32| {
            let mut row = reference.to_vec();
            row[at] = value;
            row
        };
        rows = vec![with(f32::NAN)];
        rows.extend(values(input).map(with));
        let answers = answers(model, &rows)?;
        // Each probability is checked separately: a blend would hide the effect of one of
        // them.
        for part in 0..answers[0].len() {
            let missing = answers[0][part];
            let given = answers[1..].iter().map(|answer| answer[part]);
            let low = given.clone().fold(f64::INFINITY, f64::min);
            let high = given.fold(f64::NEG_INFINITY, f64::max);
            if missing < low - SAME || missing > high + SAME {
                let pd = |log_odds| Pd::from_log_odds(log_odds).get();
                return Err(format!(
                    "without {} the PD is {:.3e}, and with any value of it within {:.3e} to {:.3e}: the graph takes missing for a number",
                    input.name,
                    pd(missing),
                    pd(low),
                    pd(high)
                ));
            }
        }
    }
    Ok(())
}

/// Returns the log-odds of each probability, all of which must be finite; the contributions
/// of missing ratios must be 0.
fn answers(model: &Model, rows: &[Vec<f32>]) -> Result<Vec<Vec<f64>>, String> {
    let verdicts = model.verdicts(rows).map_err(|e| format!("{e:#}"))?;
    rows.iter()
        .zip(verdicts)
        .map(|(row, (verdict, contributions))| {
            if !verdict.is_finite() {
                return Err(format!("it answers {row:?} with no probability"));
            }
            let counts = contributions.is_some_and(|contributions| {
                row.iter()
                    .zip(contributions)
                    .any(|(x, c)| x.is_nan() && c != 0.0)
            });
            if counts {
                return Err(format!(
                    "a ratio that is missing in {row:?} contributes something other than 0"
                ));
            }
            let parts = verdict.parts.into_iter().flatten();
            Ok(std::iter::once(verdict.log_odds).chain(parts).collect())
        })
        .collect()
}

/// Returns the bounds, and steps between the training percentiles.
fn values(input: &InputFacts) -> impl Iterator<Item = f32> {
    let (p1, width) = (input.p1, input.p99 - input.p1);
    let steps = (0..=STEPS).map(move |step| p1 + width * f64::from(step) / f64::from(STEPS));
    [input.min, input.median, input.max]
        .into_iter()
        .chain(steps)
        .map(to_f32)
}
