//! The logistic scorecard: a base and one contribution for each ratio.

use accunode_domain::risk::PriorCorrection;

use crate::manifest::{FormFacts, Manifest, require};

#[derive(Debug)]
pub(crate) struct Scorecard {
    /// The base, with or without ln k, for the scale of the resulting log-odds.
    base: f64,
    means: Vec<f64>,
    /// The covariance of the weights of (1, contribution 1, contribution 2, …), row by row,
    /// divided by the weights of its row and column.
    covariance: Vec<f64>,
}

impl Scorecard {
    /// Creates the scorecard with the prior correction in its base.
    pub(crate) fn new(manifest: &Manifest, prior: PriorCorrection) -> Result<Self, String> {
        let mut card = Self::of_sample(manifest)?;
        card.base += prior.shift();
        Ok(card)
    }

    /// Creates the scorecard on the scale of the training sample.
    pub(crate) fn of_sample(manifest: &Manifest) -> Result<Self, String> {
        let FormFacts::Scorecard {
            base_log_odds,
            coefficients,
            covariance,
            ..
        } = &manifest.form
        else {
            return Err("the form is not of type \"scorecard\"".to_owned());
        };
        let inputs = manifest.inputs.len();
        require(base_log_odds.is_finite(), || {
            "form.base_log_odds is not a number".to_owned()
        })?;
        require(
            coefficients.len() == inputs && coefficients.iter().all(|c| c.is_normal()),
            || format!("form.coefficients needs {inputs} numbers other than 0"),
        )?;
        require(
            covariance.len() == inputs + 1
                && covariance
                    .iter()
                    .all(|row| row.len() == inputs + 1 && row.iter().all(|c| c.is_finite())),
            || format!("form.covariance needs {0} rows of {0} numbers", inputs + 1),
        )?;
        let weights: Vec<f64> = std::iter::once(1.0)
            .chain(coefficients.iter().copied())
            .collect();
        Ok(Self {
            base: *base_log_odds,
            means: manifest
                .inputs
                .iter()
                .map(|i| i.mean_contribution)
                .collect(),
            covariance: covariance
                .iter()
                .zip(&weights)
                .flat_map(|(row, a)| row.iter().zip(&weights).map(move |(c, b)| c / a / b))
                .collect(),
        })
    }

    /// Returns the log-odds: base + Σ contributions, in input order.
    pub(crate) fn log_odds(&self, contributions: &[f32]) -> f64 {
        contributions.iter().fold(self.base, |sum, contribution| {
            sum + f64::from(*contribution)
        })
    }

    /// Returns 1 / (1 + standard error of the log-odds).
    pub(crate) fn agreement(&self, contributions: &[f32]) -> f64 {
        let width = contributions.len() + 1;
        let x = |at: usize| {
            at.checked_sub(1)
                .map_or(1.0, |j| f64::from(contributions[j]))
        };
        let variance: f64 = self
            .covariance
            .chunks_exact(width)
            .enumerate()
            .map(|(i, row)| {
                let along: f64 = row.iter().enumerate().map(|(j, c)| c * x(j)).sum();
                x(i) * along
            })
            .sum();
        1.0 / (1.0 + variance.max(0.0).sqrt())
    }

    /// Returns the log-odds of the average company of the training sample.
    pub(crate) fn mean_log_odds(&self) -> f64 {
        self.means.iter().fold(self.base, |sum, mean| sum + mean)
    }

    /// Returns each ratio's contribution relative to the average company.
    pub(crate) fn reasons(&self, contributions: &[f32]) -> Vec<f64> {
        contributions
            .iter()
            .zip(&self.means)
            .map(|(contribution, mean)| f64::from(*contribution) - mean)
            .collect()
    }
}
