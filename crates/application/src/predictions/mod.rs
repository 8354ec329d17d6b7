//! Predictions: scored, stored, listed, explained.

mod batch;
mod create;
mod get;
mod list;
mod remove;
mod reproduce;
mod revisions;
mod score;
mod update;

use std::sync::Arc;

use accunode_domain::{
    fault::Fault,
    prediction::{Kind, Prediction, StoredRatios},
    ratio::{RatioUnit, Ratios, check},
    risk::{Explanation, SectorScope},
};
use accunode_ports::scoring::Scorer;

pub use batch::{MAX_BATCH, check_units};
pub use create::{CompanyChoice, CreatePrediction, CreatedPrediction, Creation};
pub(crate) use create::{entity, summary};
pub use list::ListPredictions;
pub use reproduce::Reproduction;
pub use revisions::Revisions;
pub use score::{MAX_ITEMS, ScoreItem, ScoredItem};
pub use update::UpdatePrediction;

use crate::{Error, Ports};

/// The flag of a prediction for a company in a sector that the model was not trained on.
pub const SECTOR_OUT_OF_SCOPE: &str = SectorScope::FLAG;

/// Predictions.
#[derive(Clone, Debug)]
pub struct Predictions {
    pub(crate) ports: Arc<Ports>,
}

/// A prediction with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// The prediction.
    pub prediction: Prediction,
    /// The reasons; `None` if its model version is not served any more.
    pub explanation: Option<Explanation>,
}

/// Ratios as they were sent: names and decimal texts.
pub type RawRatios = Vec<(String, Option<String>)>;

/// Sorts ratios by name into the model's order, and checks them.
///
/// # Errors
/// `unknown_field` for a name that is not a ratio of this kind, and every fault of the
/// ratio rules.
pub fn check_ratios(kind: Kind, unit: RatioUnit, raw: &RawRatios) -> Result<Ratios, Vec<Fault>> {
    let definitions = kind.ratios();
    let mut faults: Vec<Fault> = raw
        .iter()
        .filter(|(name, _)| definitions.iter().all(|d| d.name != name))
        .map(|(name, _)| {
            let known: Vec<_> = definitions.iter().map(|d| d.name).collect();
            Fault::new(
                format!("/ratios/{name}"),
                "unknown_field",
                format!(
                    "is no ratio of {kind} predictions; these are: {}",
                    known.join(", ")
                ),
            )
        })
        .collect();
    let ordered: Vec<Option<&str>> = definitions
        .iter()
        .map(|d| {
            raw.iter()
                .find(|(name, _)| name == d.name)
                .and_then(|(_, v)| v.as_deref())
        })
        .collect();
    match check(kind, unit, &ordered) {
        Ok(ratios) if faults.is_empty() => Ok(ratios),
        Ok(_) => Err(faults),
        Err(more) => {
            faults.extend(more);
            Err(faults)
        }
    }
}

/// Checks that the default model accepts the ratios: not every model accepts gaps.
///
/// # Errors
/// `missing_not_accepted` for each missing ratio that is required.
pub(crate) fn fit_for_model(scorer: &dyn Scorer, ratios: Ratios) -> Result<Ratios, Vec<Fault>> {
    if scorer.accepts_missing(ratios.kind()) {
        Ok(ratios)
    } else {
        ratios.without_gaps()
    }
}

/// Returns the stored form of checked ratios.
#[must_use]
pub fn to_store(ratios: &Ratios) -> StoredRatios {
    StoredRatios {
        values: ratios.values().iter().map(|r| r.stored.clone()).collect(),
        raw: ratios.values().iter().map(|r| r.raw.clone()).collect(),
        unit: ratios.unit(),
        flags: ratios.flags(),
    }
}

/// Returns the checked ratios of a stored prediction, from the texts that were sent.
///
/// # Errors
/// The faults of the ratio rules, if these have become stricter since.
pub fn from_stored(kind: Kind, stored: &StoredRatios) -> Result<Ratios, Vec<Fault>> {
    let raw: Vec<_> = stored.raw.iter().map(Option::as_deref).collect();
    check(kind, stored.unit, &raw)
}

/// Returns the version to write on: the one that the caller read, which must be the current
/// one.
pub(crate) fn version_asked(if_match: Option<i64>, present: i64) -> Result<i64, Error> {
    match if_match {
        Some(version) if version != present => Err(Error::Stale),
        _ => Ok(present),
    }
}
