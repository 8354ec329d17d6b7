//! Computes a stored prediction again.

use accunode_domain::{
    id::PredictionId,
    prediction::{Kind, Outcome},
};

use super::{Predictions, from_stored};
use crate::{Caller, Error};

/// The largest difference of a PD from the stored one on another machine.
const TOLERANCE: f64 = 1e-6;

/// A stored result beside the same result computed now, by the same model from the same
/// texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Reproduction {
    /// The stored result; the two probabilities of an ensemble have 4 decimals.
    pub stored: Outcome,
    /// The result computed now.
    pub recomputed: Outcome,
}

impl Reproduction {
    /// Returns whether the PDs agree to 1e-6 and have the same level.
    #[must_use]
    pub fn is_match(&self) -> bool {
        (self.stored.pd.get() - self.recomputed.pd.get()).abs() <= TOLERANCE
            && self.stored.risk_level == self.recomputed.risk_level
    }

    /// Returns whether the PDs agree to the last bit, as they do on one machine.
    #[must_use]
    pub fn is_bit_equal(&self) -> bool {
        self.stored.pd.get().to_bits() == self.recomputed.pd.get().to_bits()
    }
}

impl Predictions {
    /// Scores a stored prediction again, from the texts that were sent.
    ///
    /// # Errors
    /// `NotFound`; `model_unavailable` if its model's version is not served any more; the
    /// faults of the ratios, if the rules have become stricter since.
    #[tracing::instrument(name = "predictions.reproduce", level = "debug", skip_all)]
    pub async fn reproduce(
        &self,
        caller: &Caller,
        kind: Kind,
        id: PredictionId,
    ) -> Result<Reproduction, Error> {
        let (stored, _) = self.find(caller, kind, id).await?;
        let ratios = from_stored(kind, &stored.ratios).map_err(Error::Invalid)?;
        let model = stored.outcome.model.clone();
        let recomputed = self.ports.score_by(model, ratios, false).await?.outcome;
        Ok(Reproduction {
            stored: stored.outcome,
            recomputed,
        })
    }
}
