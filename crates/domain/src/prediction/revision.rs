//! Revisions: the earlier contents of a prediction.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use super::{Outcome, StoredRatios};
use crate::{
    Timestamp,
    fault::text_enum,
    id::{JobId, PredictionId, UserId},
};

/// What differs between a revision and the prediction that replaced it.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum RevisionReason {
    /// The ratios as sent: a correction, or an upload that replaced the prediction.
    Ratios,
    /// The same ratios, scored by another model or version.
    Model,
    /// The same ratios and model, but other figures.
    Figures,
}

text_enum!(RevisionReason);

/// The content of a prediction before it was replaced. The storage records it when the
/// prediction is replaced, and never changes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// The prediction.
    pub prediction: PredictionId,
    /// The `row_version` at that time; with the prediction it identifies the revision.
    pub version: i64,
    /// The result of the model.
    pub outcome: Outcome,
    /// When the prediction was made.
    pub predicted_at: Timestamp,
    /// The ratios.
    pub ratios: StoredRatios,
    /// When the prediction was replaced.
    pub replaced_at: Timestamp,
    /// The user who replaced it; `None` if the database was changed directly.
    pub replaced_by: Option<UserId>,
    /// The upload or rescoring that replaced it.
    pub job: Option<JobId>,
    /// What differed.
    pub reason: RevisionReason,
}
