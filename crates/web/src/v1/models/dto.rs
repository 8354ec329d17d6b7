//! Models as they are written.

use accunode_domain::prediction::Kind;
use accunode_ports::scoring::ModelInfo;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::enums::KindName;

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

/// A model with everything that is known of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Model)]
pub(crate) struct ModelDetailDto {
    #[serde(flatten)]
    summary: ModelSummaryDto,
    /// In the model's order.
    inputs: Vec<InputDto>,
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
            metrics: info.manifest.get("metrics").cloned(),
            manifest: info.manifest,
            card: info.card,
        }
    }
}
