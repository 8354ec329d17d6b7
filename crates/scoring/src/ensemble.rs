//! A logistic model, gradient boosted trees and their blend on the log-odds.

use accunode_domain::risk::PriorCorrection;

use crate::{
    form::Verdict,
    graph::Row,
    manifest::{EnsembleFacts, FormFacts, Manifest, require},
    scorecard::Scorecard,
};

#[derive(Debug)]
pub(crate) struct Ensemble {
    /// `None` if the graph outputs the logistic model's log-odds itself.
    card: Option<Scorecard>,
    weight_gbm: f64,
    slope: f64,
    offset: f64,
    /// ln k, the same for all three.
    shift: f64,
    logistic: Quantiles,
    gbm: Quantiles,
}

impl Ensemble {
    pub(crate) fn new(
        manifest: &Manifest,
        blend: &EnsembleFacts,
        prior: PriorCorrection,
    ) -> Result<Self, String> {
        let percentiles = manifest
            .percentiles
            .as_ref()
            .ok_or("an ensemble needs `percentiles`")?;
        require(
            (0.0..=1.0).contains(&blend.weight_gbm) && blend.a > 0.0 && blend.b.is_finite(),
            || "ensemble needs a weight_gbm within 0 to 1, an `a` above 0 and a `b`".to_owned(),
        )?;
        Ok(Self {
            card: match manifest.form {
                FormFacts::Pair => None,
                _ => Some(Scorecard::of_sample(manifest)?),
            },
            weight_gbm: blend.weight_gbm,
            slope: blend.a,
            offset: blend.b,
            shift: prior.shift(),
            logistic: Quantiles::new(&percentiles.logistic)?,
            gbm: Quantiles::new(&percentiles.gbm)?,
        })
    }

    /// Returns the outputs that are read, with their columns, for `inputs` ratios.
    pub(crate) fn outputs(&self, inputs: usize) -> Vec<(&'static str, usize)> {
        let logistic = match self.card {
            Some(_) => ("contributions", inputs),
            None => ("logistic_log_odds", 1),
        };
        vec![logistic, ("gbm_log_odds", 1)]
    }

    /// Returns each ratio's contribution to the logistic model's log-odds, if the graph
    /// outputs it.
    pub(crate) fn contributions<'a>(&self, row: &Row<'a>) -> Option<&'a [f32]> {
        self.card.as_ref().map(|_| row.output(0))
    }

    /// Returns all three log-odds, and how similarly the two models rank a company.
    pub(crate) fn verdict(&self, row: &Row<'_>) -> Verdict {
        let logistic = match &self.card {
            Some(card) => card.log_odds(row.output(0)),
            None => f64::from(row.output(0)[0]),
        };
        let gbm = f64::from(row.output(1)[0]);
        let blend = self.weight_gbm * gbm + (1.0 - self.weight_gbm) * logistic;
        Verdict {
            log_odds: self.slope * blend + self.offset + self.shift,
            parts: Some([logistic + self.shift, gbm + self.shift]),
            agreement: 1.0 - (self.logistic.rank(logistic) - self.gbm.rank(gbm)).abs(),
        }
    }
}

/// Quantiles at equal steps, from the smallest to the largest.
#[derive(Debug)]
struct Quantiles(Vec<f64>);

impl Quantiles {
    fn new(quantiles: &[f64]) -> Result<Self, String> {
        require(
            quantiles.len() >= 2
                && quantiles.iter().all(|q| q.is_finite())
                && quantiles.is_sorted(),
            || "percentiles need two or more rising numbers".to_owned(),
        )?;
        Ok(Self(quantiles.to_vec()))
    }

    /// Returns the percentile rank of a value, 0 to 1. A scorecard gives few distinct
    /// values, so many quantiles are equal: their middle is the rank.
    fn rank(&self, value: f64) -> f64 {
        const SAME: f64 = 1e-9;
        let quantiles = &self.0;
        let below = quantiles.partition_point(|q| *q < value - SAME);
        let upto = quantiles.partition_point(|q| *q <= value + SAME);
        let last = count(quantiles.len() - 1);
        if below < upto {
            (count(below) + count(upto - 1)) / 2.0 / last
        } else if below == 0 {
            0.0
        } else if below == quantiles.len() {
            1.0
        } else {
            let (low, high) = (quantiles[below - 1], quantiles[below]);
            (count(below - 1) + (value - low) / (high - low)) / last
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a hundred quantiles or so")]
const fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rank_of_a_value_is_its_place_among_the_quantiles() {
        let quantiles = Quantiles::new(&[-3.0, -2.0, -2.0, -2.0, 0.0]).unwrap();
        let ranks = [-9.0, -3.0, -2.5, -2.0, -1.0, 0.0, 9.0].map(|v| quantiles.rank(v));
        assert_eq!(ranks, [0.0, 0.0, 0.125, 0.5, 0.875, 1.0, 1.0]);
    }

    #[test]
    fn decreasing_quantiles_are_refused() {
        assert!(Quantiles::new(&[1.0, 0.0]).is_err());
        assert!(Quantiles::new(&[1.0]).is_err());
        assert!(Quantiles::new(&[f64::NAN, 1.0]).is_err());
    }
}
