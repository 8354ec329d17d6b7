//! From a graph's outputs to log-odds, in f64.

use accunode_domain::risk::PriorCorrection;

use crate::{
    ensemble::Ensemble,
    graph::Row,
    manifest::{FormFacts, Manifest},
    plain::{Output, Plain},
    scorecard::Scorecard,
};

/// What kind of arithmetic follows the graph.
#[derive(Debug)]
pub(crate) enum Form {
    /// A base and one contribution for each ratio.
    Scorecard(Scorecard),
    /// A logistic model, boosted trees and their blend.
    Ensemble(Ensemble),
    /// One number, of which nothing more is known.
    Plain(Plain),
}

/// What a model says of one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// The log-odds of the headline PD, after the prior correction.
    pub(crate) log_odds: f64,
    /// The log-odds of the logistic model and of gradient boosting, likewise.
    pub(crate) parts: Option<[f64; 2]>,
    /// 0 to 1: how sure the model is of its own arithmetic.
    pub(crate) agreement: f64,
}

impl Verdict {
    /// Whether probabilities come of it.
    pub(crate) fn is_finite(&self) -> bool {
        self.log_odds.is_finite()
            && self.agreement.is_finite()
            && self.parts.iter().flatten().all(|part| part.is_finite())
    }
}

impl Form {
    /// By what the manifest says.
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

    /// The outputs that are read, with their columns, for `inputs` ratios.
    pub(crate) fn outputs(&self, inputs: usize) -> Vec<(&'static str, usize)> {
        match self {
            Self::Scorecard(_) => vec![("contributions", inputs)],
            Self::Ensemble(ensemble) => ensemble.outputs(inputs),
            Self::Plain(plain) => vec![(plain.output_name(), 1)],
        }
    }

    /// How many rows are run at once: many where a row is cheap; few where it is
    /// dear, since a row that comes alone pays for the whole chunk. 64 are also
    /// the substitutions that the reasons of six ratios need.
    pub(crate) const fn chunk(&self) -> usize {
        match self {
            Self::Scorecard(_) => 256,
            Self::Ensemble(_) | Self::Plain(_) => 64,
        }
    }

    /// All that is said of a row.
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

    /// The contributions as the graph gives them, where it gives any.
    pub(crate) fn contributions<'a>(&self, row: &Row<'a>) -> Option<&'a [f32]> {
        match self {
            Self::Scorecard(_) => Some(row.output(0)),
            Self::Ensemble(ensemble) => ensemble.contributions(row),
            Self::Plain(_) => None,
        }
    }
}
