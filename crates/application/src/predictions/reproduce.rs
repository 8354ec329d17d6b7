//! A prediction is worked out once more.

use accunode_domain::{
    id::PredictionId,
    prediction::{Kind, Outcome},
};

use super::{Predictions, from_stored};
use crate::{Caller, Error};

/// How far a PD may lie from the stored one on another machine.
const TOLERANCE: f64 = 1e-6;

/// A stored outcome beside the same one worked out now, by the same model from the
/// same texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Reproduction {
    /// As stored; the two probabilities behind an ensemble with 4 decimals.
    pub stored: Outcome,
    /// As worked out now.
    pub recomputed: Outcome,
}

impl Reproduction {
    /// Whether the PDs agree to 1e-6 and mean the same level.
    #[must_use]
    pub fn is_match(&self) -> bool {
        (self.stored.pd.get() - self.recomputed.pd.get()).abs() <= TOLERANCE
            && self.stored.risk_level == self.recomputed.risk_level
    }

    /// Whether the PDs agree to the last bit, as they do on one machine.
    #[must_use]
    pub fn is_bit_equal(&self) -> bool {
        self.stored.pd.get().to_bits() == self.recomputed.pd.get().to_bits()
    }
}

impl Predictions {
    /// Scores a stored prediction once more, from the texts that were sent.
    ///
    /// # Errors
    /// `NotFound`; `model_unavailable` where its model's version is not served any
    /// more; the faults of the ratios, where the rules have become stricter since.
    #[tracing::instrument(name = "predictions.reproduce", level = "debug", skip_all)]
    pub async fn reproduce(
        &self,
        caller: &Caller,
        kind: Kind,
        id: PredictionId,
    ) -> Result<Reproduction, Error> {
        let stored = self.find(caller, kind, id).await?;
        let ratios = from_stored(kind, &stored.ratios).map_err(Error::Invalid)?;
        let model = stored.outcome.model.clone();
        let recomputed = self.ports.score_by(model, ratios, false).await?.outcome;
        Ok(Reproduction {
            stored: stored.outcome,
            recomputed,
        })
    }
}
