//! Reads a prediction, with its reasons.

use accunode_domain::{
    access::Reading,
    audit::{AuditAction, AuditEvent},
    id::PredictionId,
    prediction::{Kind, Prediction},
};

use super::{Explained, Predictions, create::entity, from_stored};
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
        let prediction = self.find(caller, kind, id).await?;
        self.explain(prediction).await
    }

    pub(super) async fn find(
        &self,
        caller: &Caller,
        kind: Kind,
        id: PredictionId,
    ) -> Result<Prediction, Error> {
        let scope = caller.actor.scope();
        let predictions = self.ports.store.predictions();
        if let Some(prediction) = predictions.find(&scope, kind, id).await? {
            return Ok(prediction);
        }
        let missing = || Error::not_found("prediction");
        let scope = caller
            .actor
            .scope_with_break_glass(id.0)
            .map_err(|_| missing())?;
        let prediction = predictions
            .find(&scope, kind, id)
            .await?
            .ok_or_else(missing)?;
        let reading = caller.actor.read(prediction.owner).map_err(|_| missing())?;
        if reading == Reading::BreakGlass {
            let event = AuditEvent {
                entity_id: Some(id.0),
                ..AuditEvent::new("prediction.break_glass", entity(kind), AuditAction::Read)
            };
            caller.record(&self.ports, event).await?;
        }
        Ok(prediction)
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
