//! Revisions: what a prediction said before.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use super::{Outcome, StoredRatios};
use crate::{
    Timestamp,
    fault::text_enum,
    id::{JobId, PredictionId, UserId},
};

/// What differed between what a prediction said and what took its place.
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
    /// The ratios as sent: a correction, or an upload that replaced it.
    Ratios,
    /// The same ratios, scored by another model or version.
    Model,
    /// The same ratios and model, other figures.
    Figures,
}

text_enum!(RevisionReason);

/// What a prediction said until something else took its place. Kept by the storage
/// for the one who replaced it, and never changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// The prediction.
    pub prediction: PredictionId,
    /// The `row_version` that it had then: with the prediction it names the revision.
    pub version: i64,
    /// What the model said.
    pub outcome: Outcome,
    /// When it said that.
    pub predicted_at: Timestamp,
    /// From which ratios.
    pub ratios: StoredRatios,
    /// When something else took its place.
    pub replaced_at: Timestamp,
    /// By whom; `None` where that was done to the database itself.
    pub replaced_by: Option<UserId>,
    /// The upload or rescoring that did it.
    pub job: Option<JobId>,
    /// What differed.
    pub reason: RevisionReason,
}
