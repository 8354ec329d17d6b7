//! Models: from ratios to probabilities and reasons.

use accunode_domain::{
    outcome::Definition,
    prediction::{Kind, Outcome},
    ratio::Ratios,
    risk::{Explanation, ModelRef, SectorScope, Thresholds},
    validation::TrainingBins,
};
use serde_json::Value;

/// The result of a model, and the reasons if they were requested.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The result that is stored.
    pub outcome: Outcome,
    /// The reasons; `None` if they were not requested.
    pub explanation: Option<Explanation>,
}

/// A model that is available.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// The name, version and hash of the model.
    pub model: ModelRef,
    /// Whether it is used when no model is named: one of each kind is.
    pub is_default: bool,
    /// The kind of statements that it predicts from.
    pub kind: Kind,
    /// A description of one sentence.
    pub description: String,
    /// The PDs at which the risk levels begin.
    pub thresholds: Thresholds,
    /// The definition of default that it was trained with, if the manifest declares one.
    pub label: Option<Definition>,
    /// How its training data lie in bins, if the manifest declares it.
    pub training_bins: Option<TrainingBins>,
    /// ln k, which the prior correction adds to the log-odds of the sample.
    pub shift: f64,
    /// The manifest as stored with the model.
    pub manifest: Value,
    /// The model card, as Markdown.
    pub card: String,
}

/// A model that failed a check and is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedModel {
    /// The folder's name.
    pub folder: String,
    /// The check that it failed.
    pub reason: String,
}

/// Facts about the data that a model was trained with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingFacts {
    /// The median of each ratio, in the order of the kind's definitions; empty if no model
    /// is served.
    pub medians: Vec<f64>,
    /// The sectors of its companies.
    pub sectors: SectorScope,
}

/// Why nothing was scored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScoringError {
    /// No model of this kind is served.
    #[error("no {0} model is served")]
    NoModel(Kind),
    /// This version is not available, or not any more.
    #[error("the model {} {} is not available", .0.name, .0.version)]
    NotServed(ModelRef),
    /// The model returned a number that is not a probability.
    #[error("the model {0} answered with something that is no probability")]
    NotAProbability(String),
    /// The model could not be run.
    #[error("the model {model} could not be run: {cause}")]
    Failed {
        /// The model.
        model: String,
        /// The cause.
        cause: String,
    },
}

/// Models. Scoring is pure: the same ratios give the same bits, alone or among a million.
/// It computes on the calling thread, so call it on a thread that may block.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Scorer: Send + Sync {
    /// Scores ratios of one kind by its default model. Returns one result for each input,
    /// in their order.
    ///
    /// # Errors
    /// [`ScoringError`], for all of them.
    fn score(
        &self,
        kind: Kind,
        ratios: &[Ratios],
        explain: bool,
    ) -> Result<Vec<Scored>, ScoringError>;
    /// As [`Self::score`], by a named version, the default one or another: a prediction
    /// must stay reproducible as long as its model exists.
    ///
    /// # Errors
    /// [`ScoringError::NotServed`] if there is no such version of this kind with this hash;
    /// otherwise as [`Scorer::score`].
    fn score_by(
        &self,
        model: &ModelRef,
        kind: Kind,
        ratios: &[Ratios],
        explain: bool,
    ) -> Result<Vec<Scored>, ScoringError>;
    /// Returns the available models by kind, the default one first.
    fn models(&self) -> Vec<ModelInfo>;
    /// Returns the models that were refused.
    fn refused(&self) -> Vec<RefusedModel>;
    /// Returns whether the default model accepts rows with gaps. Otherwise one gap fails
    /// all rows of a call, so callers must exclude such rows before.
    fn accepts_missing(&self, kind: Kind) -> bool;
    /// Returns whether companies of this sector are in scope of the default model; `false`
    /// if its training left the sector out.
    fn covers_sector(&self, kind: Kind, sector: &str) -> bool;
    /// Returns facts about the training data of the default model; empty if none is served.
    fn training(&self, kind: Kind) -> TrainingFacts;
}
