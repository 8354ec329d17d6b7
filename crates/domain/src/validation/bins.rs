//! The bins in which monitoring counts the inputs and the score of a model.

use serde::{Deserialize, Serialize};

use crate::{prediction::Kind, ratio::RatioDefinition, risk::Pd};

/// The largest number of bins of one input, in addition to those at its bounds and of missing
/// values.
pub const MOST_BINS: usize = 50;
/// Half of the smallest step between two stored values of a ratio. An edge lies that far above
/// the last value of its bin, so that rounding moves no value across it.
pub const HALF_STEP: f64 = 0.000_05;

/// How a model's training data lie in bins, as its manifest declares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingBins {
    /// One for each input, in the order of the model.
    pub inputs: Vec<InputBins>,
    /// The log-odds of the sample, before the prior correction.
    pub score: ScoreBins,
}

/// The bins of one input, with the number of training statements in each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputBins {
    /// The name of the ratio.
    pub name: String,
    /// Ascending, between the bounds of the ratio. A value on an edge is in the bin above it.
    pub edges: Vec<f64>,
    /// The statements between the bounds: one number more than edges, each above 0.
    pub counts: Vec<u64>,
    /// The statements whose value is the lower bound, brought there or not.
    #[serde(default)]
    pub at_min: u64,
    /// The same at the upper bound.
    #[serde(default)]
    pub at_max: u64,
    /// The statements without a value.
    #[serde(default)]
    pub missing: u64,
}

/// The bins of a model's score, with the number of training statements in each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreBins {
    /// Ascending.
    pub edges: Vec<f64>,
    /// One number more than edges, each above 0.
    pub counts: Vec<u64>,
}

impl TrainingBins {
    /// Returns the number of training statements.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.score.counts.iter().sum()
    }

    /// Returns what is wrong with them for models of this kind, as text for readers.
    ///
    /// # Errors
    /// If the inputs are not those of the kind, edges do not ascend, counts are not above 0 or
    /// not one more than edges, or two figures count different numbers of statements.
    pub fn check(&self, kind: Kind) -> Result<(), String> {
        let definitions = kind.ratios();
        let names: Vec<_> = self.inputs.iter().map(|bins| bins.name.as_str()).collect();
        if names != definitions.iter().map(|d| d.name).collect::<Vec<_>>() {
            let names = names.join(", ");
            return Err(format!(
                "inputs has {names}, which are not the model's inputs"
            ));
        }
        check_bins("score", &self.score.edges, &self.score.counts, None)?;
        let total = sum("score", &self.score.counts)?;
        for (bins, definition) in self.inputs.iter().zip(definitions) {
            check_bins(&bins.name, &bins.edges, &bins.counts, Some(definition))?;
            let special = [bins.at_min, bins.at_max, bins.missing];
            let counted = [bins.counts.as_slice(), &special].concat();
            let counted = sum(&bins.name, &counted)?;
            if counted != total {
                return Err(format!(
                    "{} counts {counted} statements, but score counts {total}",
                    bins.name
                ));
            }
        }
        Ok(())
    }
}

fn sum(name: &str, counts: &[u64]) -> Result<u64, String> {
    // Sums of several such numbers have to stay within 64 bits, here and in the database.
    let sum = counts.iter().try_fold(0_u64, |sum, n| sum.checked_add(*n));
    sum.filter(|sum| *sum <= 1 << 50)
        .ok_or_else(|| format!("{name} counts more statements than there can be"))
}

fn check_bins(
    name: &str,
    edges: &[f64],
    counts: &[u64],
    bounds: Option<&RatioDefinition>,
) -> Result<(), String> {
    let least = usize::from(bounds.is_none());
    if !(least..MOST_BINS).contains(&edges.len()) {
        return Err(format!(
            "{name} has {} edges; {least} to {} are allowed",
            edges.len(),
            MOST_BINS - 1
        ));
    }
    let ascend = edges.windows(2).all(|pair| pair[0] < pair[1]);
    let are_finite = edges.iter().all(|edge| edge.is_finite());
    if !(ascend && are_finite) {
        return Err(format!("the edges of {name} must be finite and ascend"));
    }
    if let Some(definition) = bounds
        && !edges
            .iter()
            .all(|e| definition.min < *e && *e < definition.max)
    {
        return Err(format!(
            "the edges of {name} must lie between {} and {}",
            definition.min, definition.max
        ));
    }
    if counts.len() != edges.len() + 1 || counts.contains(&0) {
        return Err(format!(
            "{name} needs {} counts, each above 0: one more than its edges",
            edges.len() + 1
        ));
    }
    Ok(())
}

/// The edges by which stored predictions are counted: of each input, and of the PD.
#[derive(Clone, Debug, PartialEq)]
pub struct BinEdges {
    /// The edges of each input, in the order of the kind's ratios.
    pub inputs: Vec<Vec<f64>>,
    /// The edges of the PD.
    pub pd: Vec<f64>,
}

impl BinEdges {
    /// Returns the edges of a model's training bins for stored PDs, to whose log-odds its prior
    /// correction added `shift`.
    #[must_use]
    pub fn of_training(bins: &TrainingBins, shift: f64) -> Self {
        let pd = |edge: &f64| Pd::from_log_odds(edge + shift).get();
        Self {
            inputs: bins.inputs.iter().map(|bins| bins.edges.clone()).collect(),
            pd: bins.score.edges.iter().map(pd).collect(),
        }
    }

    /// Returns edges just above the last value of each bin but the last: `cuts` of stored
    /// ratios, for each input, and of PDs. A cut at the largest value makes no bin above it,
    /// so it must be left out.
    #[must_use]
    pub fn above(cuts: &[Vec<f64>], pds: &[f64]) -> Self {
        let mut pd: Vec<_> = pds.iter().map(|cut| cut.next_up()).collect();
        pd.dedup();
        let inputs = cuts.iter().map(|cuts| {
            let mut edges: Vec<_> = cuts
                .iter()
                .map(|cut| five_decimals(cut + HALF_STEP))
                .collect();
            edges.dedup();
            edges
        });
        Self {
            inputs: inputs.collect(),
            pd,
        }
    }
}

/// Half a step is a number with five decimals; a sum of floats is not always the nearest one.
fn five_decimals(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bins() -> TrainingBins {
        let input = |definition: &RatioDefinition| InputBins {
            name: definition.name.to_owned(),
            edges: vec![0.10005, 0.20005],
            counts: vec![3, 4, 5],
            at_min: 1,
            at_max: 2,
            missing: 5,
        };
        TrainingBins {
            inputs: Kind::Annual.ratios().iter().map(input).collect(),
            score: ScoreBins {
                edges: vec![-3.0],
                counts: vec![10, 10],
            },
        }
    }

    #[test]
    fn invalid_training_bins_are_refused_with_a_reason() {
        assert_eq!(bins().check(Kind::Annual), Ok(()));
        assert_eq!(bins().total(), 20);
        type Change = fn(&mut TrainingBins);
        let cases: [(Change, &str); 10] = [
            (|b| b.inputs.swap(0, 1), "not the model's inputs"),
            (|b| b.inputs.truncate(4), "not the model's inputs"),
            (|b| b.inputs[1].edges.reverse(), "must be finite and ascend"),
            (
                |b| b.inputs[1].edges[1] = 0.10005,
                "must be finite and ascend",
            ),
            (|b| b.score.edges[0] = f64::NAN, "must be finite and ascend"),
            (|b| b.inputs[2].edges[0] = -1.0, "between -1 and 1"),
            (|b| b.inputs[2].counts[0] = 0, "3 counts, each above 0"),
            (|b| b.score.counts.push(1), "2 counts, each above 0"),
            (
                |b| b.inputs[0].missing = 6,
                "counts 21 statements, but score counts 20",
            ),
            (
                |b| b.score.counts[0] = u64::MAX,
                "more statements than there can be",
            ),
        ];
        for (change, reason) in cases {
            let mut changed = bins();
            change(&mut changed);
            let refused = changed.check(Kind::Annual).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
        assert!(bins().check(Kind::Quarterly).is_err());
        let mut many = bins();
        many.score.edges = (0..50).map(f64::from).collect();
        assert!(many.check(Kind::Annual).unwrap_err().contains("50 edges"));
    }

    #[test]
    fn edges_above_cuts_are_between_two_stored_values() {
        let cuts = [vec![0.1, 0.3], vec![]];
        let edges = BinEdges::above(&cuts, &[0.02, 0.02]);
        assert_eq!(edges.inputs, [vec![0.100_05, 0.300_05], vec![]]);
        assert_eq!(edges.pd.len(), 1);
        assert!(edges.pd[0] > 0.02 && edges.pd[0] < 0.020_000_000_000_001);
    }

    #[test]
    fn training_edges_shift_with_the_prior_correction() {
        let edges = BinEdges::of_training(&bins(), 1.0);
        assert!((edges.pd[0] - 1.0 / (1.0 + 2.0_f64.exp())).abs() < 1e-15);
    }
}
