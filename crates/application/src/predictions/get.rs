//! Reads a prediction, with its reasons.

use accunode_domain::{
    access::Scope,
    id::PredictionId,
    prediction::{Kind, Prediction},
};

use super::{Explained, Predictions, from_stored};
use crate::{Caller, Error, ErrorCode};

impl Predictions {
    /// Returns one prediction with its reasons. When a super_admin reads a user's personal
    /// prediction, this is written to the audit log before they receive it.
    ///
    /// # Errors
    /// `NotFound` if the caller cannot read it.
    #[tracing::instrument(name = "predictions.get", level = "debug", skip_all)]
    pub async fn get(
        &self,
        caller: &Caller,
        kind: Kind,
        id: PredictionId,
    ) -> Result<Explained, Error> {
        let (prediction, _) = self.find(caller, kind, id).await?;
        self.explain(prediction).await
    }

    /// Returns one prediction, with the scope in which it was read.
    pub(super) async fn find(
        &self,
        caller: &Caller,
        kind: Kind,
        id: PredictionId,
    ) -> Result<(Prediction, Scope), Error> {
        caller.read_row(&self.ports, (kind, id)).await
    }

    /// Computes the reasons again from the raw ratios, by the same model; there are none
    /// for a version that is not served any more.
    pub(super) async fn explain(&self, prediction: Prediction) -> Result<Explained, Error> {
        let kind = prediction.period.kind();
        let Ok(ratios) = from_stored(kind, &prediction.ratios) else {
            return Ok(Explained {
                prediction,
                explanation: None,
            });
        };
        let model = prediction.outcome.model.clone();
        let explanation = match self.ports.score_by(model, ratios, true).await {
            Ok(scored) => scored.explanation,
            Err(Error::Conflict {
                code: ErrorCode::ModelUnavailable,
                ..
            }) => None,
            Err(other) => return Err(other),
        };
        Ok(Explained {
            prediction,
            explanation,
        })
    }
}
