//! Models: from ratios to probabilities and reasons.

use accunode_domain::{
    prediction::{Kind, Outcome},
    ratio::Ratios,
    risk::{Explanation, ModelRef, SectorScope, Thresholds},
};
use serde_json::Value;

/// What a model said, and why where that was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// What is stored.
    pub outcome: Outcome,
    /// Why; `None` where no reasons were asked for.
    pub explanation: Option<Explanation>,
}

/// A model that is available.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// Which one.
    pub model: ModelRef,
    /// Whether it answers where no model is named: one of each kind does.
    pub is_default: bool,
    /// What it predicts from.
    pub kind: Kind,
    /// One sentence for readers.
    pub description: String,
    /// Where the levels begin.
    pub thresholds: Thresholds,
    /// The manifest, as it lies beside the model.
    pub manifest: Value,
    /// The model card, Markdown.
    pub card: String,
}

/// A model that is not served, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedModel {
    /// The folder's name.
    pub folder: String,
    /// What it failed.
    pub reason: String,
}

/// What is known of the data that a model learned from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingFacts {
    /// The median of each ratio, by the order of the kind's definitions; none where
    /// no model is served.
    pub medians: Vec<f64>,
    /// The sectors that were among its companies.
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
    /// The model gave something that is no probability.
    #[error("the model {0} answered with something that is no probability")]
    NotAProbability(String),
    /// The model could not be run.
    #[error("the model {model} could not be run: {cause}")]
    Failed {
        /// Which one.
        model: String,
        /// Why.
        cause: String,
    },
}

/// Models. Pure: the same ratios give the same bits, alone or among a million.
/// It computes on the calling thread; keep it off the threads that wait.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Scorer: Send + Sync {
    /// Scores ratios of one kind by its default model. As many answers as questions,
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
    /// The same by the version that is named, the default one or another: what a
    /// stored prediction names must repeat as long as its model is there.
    ///
    /// # Errors
    /// [`ScoringError::NotServed`] where there is no such version of this kind with
    /// this hash; otherwise as [`Scorer::score`].
    fn score_by(
        &self,
        model: &ModelRef,
        kind: Kind,
        ratios: &[Ratios],
        explain: bool,
    ) -> Result<Vec<Scored>, ScoringError>;
    /// The models that are available, by kind, the default one before the others.
    fn models(&self) -> Vec<ModelInfo>;
    /// The models that were refused.
    fn refused(&self) -> Vec<RefusedModel>;
    /// Whether the default model takes rows with gaps. One that does not fails all
    /// rows of a call for one gap, so these are to be sorted out before.
    fn accepts_missing(&self, kind: Kind) -> bool;
    /// Whether the default model takes companies of this sector as its own: `false`
    /// where its training left the sector out.
    fn covers_sector(&self, kind: Kind, sector: &str) -> bool;
    /// What is known of the data that the default model learned from; nothing where
    /// none is served.
    fn training(&self, kind: Kind) -> TrainingFacts;
}
