//! Models as they are written.

use accunode_domain::{
    outcome::Definition,
    prediction::Kind,
    validation::{InputBins, ScoreBins, TrainingBins},
};
use accunode_ports::scoring::ModelInfo;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::enums::{DefinitionName, KindName};

/// A model in the inventory.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ModelSummary)]
pub(crate) struct ModelSummaryDto {
    #[schema(example = "annual")]
    name: String,
    #[schema(example = "2.0.0")]
    version: String,
    /// The SHA-256 of its file.
    sha256: String,
    #[schema(value_type = KindName)]
    kind: Kind,
    description: String,
    /// Whether this model scores new predictions; the others only reproduce their own.
    is_default: bool,
    thresholds: ThresholdsDto,
}

/// The PDs at which a level begins.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Thresholds)]
pub(crate) struct ThresholdsDto {
    /// From here on it is Medium.
    medium: f64,
    /// From here on it is High.
    high: f64,
}

/// An input of a model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ModelInput)]
pub(crate) struct InputDto {
    #[schema(example = "return_on_assets")]
    name: &'static str,
    label: &'static str,
    /// Values below are brought up to it.
    min: f64,
    /// Values above are brought down to it.
    max: f64,
    /// Whether it is a share (0.254 or, with `ratio_unit` percent, 25.4) and not a multiple.
    is_share: bool,
}

/// How many training statements are in each bin.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrainingBins)]
pub(crate) struct TrainingBinsDto {
    /// Training statements whose event is within a year, each counted once.
    #[schema(example = 6197)]
    total_statements: u64,
    /// In the model's order.
    inputs: Vec<InputBinsDto>,
    /// The log-odds that it serves.
    score: ScoreBinsDto,
}

/// The bins of one input.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InputBins)]
pub(crate) struct InputBinsDto {
    #[schema(example = "return_on_assets")]
    name: String,
    /// Ascending, between `min` and `max` of the input. A value on an edge is in the bin above it.
    #[schema(example = json!([-0.15535, 0.00385, 0.18585]))]
    edges: Vec<f64>,
    /// Statements between the bounds: one number more than edges.
    #[schema(example = json!([597, 1791, 2386, 596]))]
    counts: Vec<u64>,
    /// Statements whose value is the lower bound, brought up to it or not.
    at_min: u64,
    /// Statements whose value is the upper bound, brought down to it or not.
    at_max: u64,
    /// Statements without a value.
    missing: u64,
}

/// The bins of the score.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScoreBins)]
pub(crate) struct ScoreBinsDto {
    /// Ascending log-odds of the sample, before the prior correction.
    #[schema(example = json!([-4.71, -3.79, -1.83]))]
    edges: Vec<f64>,
    /// Statements in each bin: one number more than edges.
    #[schema(example = json!([620, 2478, 2480, 619]))]
    counts: Vec<u64>,
}

impl From<TrainingBins> for TrainingBinsDto {
    fn from(bins: TrainingBins) -> Self {
        Self {
            total_statements: bins.total(),
            inputs: bins.inputs.into_iter().map(Into::into).collect(),
            score: bins.score.into(),
        }
    }
}

impl From<InputBins> for InputBinsDto {
    fn from(bins: InputBins) -> Self {
        Self {
            name: bins.name,
            edges: bins.edges,
            counts: bins.counts,
            at_min: bins.at_min,
            at_max: bins.at_max,
            missing: bins.missing,
        }
    }
}

impl From<ScoreBins> for ScoreBinsDto {
    fn from(bins: ScoreBins) -> Self {
        Self {
            edges: bins.edges,
            counts: bins.counts,
        }
    }
}

/// A model with everything that is known of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Model)]
pub(crate) struct ModelDetailDto {
    #[serde(flatten)]
    summary: ModelSummaryDto,
    /// In the model's order.
    inputs: Vec<InputDto>,
    /// What it predicts: the definition of default that its training data use. Null where the
    /// manifest says nothing, which is taken as bankruptcy.
    #[schema(value_type = Option<DefinitionName>)]
    label: Option<Definition>,
    /// How its training data lie in bins, which `GET /models/{name}/monitoring` compares with. Null
    /// where the manifest says nothing.
    training_bins: Option<TrainingBinsDto>,
    /// From its manifest.
    #[schema(value_type = Option<Object>)]
    metrics: Option<Value>,
    /// As stored next to the model.
    #[schema(value_type = Object)]
    manifest: Value,
    /// The model card, Markdown.
    card: String,
}

impl From<&ModelInfo> for ModelSummaryDto {
    fn from(info: &ModelInfo) -> Self {
        Self {
            name: info.model.name.clone(),
            version: info.model.version.clone(),
            sha256: info.model.sha256.clone(),
            kind: info.kind,
            description: info.description.clone(),
            is_default: info.is_default,
            thresholds: ThresholdsDto {
                medium: info.thresholds.medium,
                high: info.thresholds.high,
            },
        }
    }
}

impl From<ModelInfo> for ModelDetailDto {
    fn from(info: ModelInfo) -> Self {
        let inputs = info.kind.ratios().iter().map(|definition| InputDto {
            name: definition.name,
            label: definition.label,
            min: definition.min,
            max: definition.max,
            is_share: definition.is_share,
        });
        Self {
            summary: (&info).into(),
            inputs: inputs.collect(),
            label: info.label,
            training_bins: info.training_bins.map(Into::into),
            metrics: info.manifest.get("metrics").cloned(),
            manifest: info.manifest,
            card: info.card,
        }
    }
}
