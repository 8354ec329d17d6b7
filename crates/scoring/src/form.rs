//! Computes log-odds from a graph's outputs, in f64.

use accunode_domain::risk::PriorCorrection;

use crate::{
    ensemble::Ensemble,
    graph::Row,
    manifest::{FormFacts, Manifest},
    plain::{Output, Plain},
    scorecard::Scorecard,
};

/// The kind of arithmetic that follows the graph.
#[derive(Debug)]
pub(crate) enum Form {
    /// A base and one contribution for each ratio.
    Scorecard(Scorecard),
    /// A logistic model, boosted trees and their blend.
    Ensemble(Ensemble),
    /// One number without further structure.
    Plain(Plain),
}

/// The result of a model for one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// The log-odds of the PD, after the prior correction.
    pub(crate) log_odds: f64,
    /// The log-odds of the logistic model and of gradient boosting, likewise.
    pub(crate) parts: Option<[f64; 2]>,
    /// The certainty of the model's own arithmetic, 0 to 1.
    pub(crate) agreement: f64,
}

impl Verdict {
    /// Returns whether probabilities can be computed from it.
    pub(crate) fn is_finite(&self) -> bool {
        self.log_odds.is_finite()
            && self.agreement.is_finite()
            && self.parts.iter().flatten().all(|part| part.is_finite())
    }
}

impl Form {
    /// Creates the form that the manifest declares.
    pub(crate) fn new(manifest: &Manifest, prior: PriorCorrection) -> Result<Self, String> {
        match (&manifest.form, &manifest.ensemble) {
            (FormFacts::Scorecard { .. }, None) => {
                Scorecard::new(manifest, prior).map(Self::Scorecard)
            }
            (FormFacts::Scorecard { .. } | FormFacts::Pair, Some(blend)) => {
                Ensemble::new(manifest, blend, prior).map(Self::Ensemble)
            }
            (FormFacts::Probability, None) => {
                Ok(Self::Plain(Plain::new(Output::Probability, prior)))
            }
            (FormFacts::LogOdds, None) => Ok(Self::Plain(Plain::new(Output::LogOdds, prior))),
            (FormFacts::Pair, None) => {
                Err("a form of type \"pair\" needs `ensemble`: how the two are blended".to_owned())
            }
            (_, Some(_)) => {
                Err("an ensemble needs a form of type \"scorecard\" or \"pair\"".to_owned())
            }
        }
    }

    /// Returns the outputs that are read, with their columns, for `inputs` ratios.
    pub(crate) fn outputs(&self, inputs: usize) -> Vec<(&'static str, usize)> {
        match self {
            Self::Scorecard(_) => vec![("contributions", inputs)],
            Self::Ensemble(ensemble) => ensemble.outputs(inputs),
            Self::Plain(plain) => vec![(plain.output_name(), 1)],
        }
    }

    /// Returns how many rows are run at once: many if a row is cheap; few if it is
    /// expensive, since a single row pays for the whole chunk. 64 is also the number of
    /// substitutions that the reasons of six ratios need.
    pub(crate) const fn chunk(&self) -> usize {
        match self {
            Self::Scorecard(_) => 256,
            Self::Ensemble(_) | Self::Plain(_) => 64,
        }
    }

    /// Returns the result for a row.
    pub(crate) fn verdict(&self, row: &Row<'_>) -> Verdict {
        match self {
            Self::Scorecard(card) => {
                let contributions = row.output(0);
                Verdict {
                    log_odds: card.log_odds(contributions),
                    parts: None,
                    agreement: card.agreement(contributions),
                }
            }
            Self::Ensemble(ensemble) => ensemble.verdict(row),
            Self::Plain(plain) => Verdict {
                log_odds: plain.log_odds(row.output(0)[0]),
                parts: None,
                agreement: 1.0,
            },
        }
    }

    /// Returns the contributions that the graph outputs, if it does.
    pub(crate) fn contributions<'a>(&self, row: &Row<'a>) -> Option<&'a [f32]> {
        match self {
            Self::Scorecard(_) => Some(row.output(0)),
            Self::Ensemble(ensemble) => ensemble.contributions(row),
            Self::Plain(_) => None,
        }
    }
}
