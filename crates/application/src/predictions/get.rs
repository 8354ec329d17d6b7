//! A prediction is looked at, with its reasons.

use accunode_domain::{
    access::Reading,
    audit::{AuditAction, AuditEvent},
    id::PredictionId,
    prediction::{Kind, Prediction},
};

use super::{Explained, Predictions, create::entity, from_stored};
use crate::{Caller, Error, ErrorCode};

impl Predictions {
    /// One prediction and why it is what it is. A super_admin who looks at
    /// a user's personal one is told of in the audit log before they see it.
    ///
    /// # Errors
    /// `NotFound` for what the caller cannot read.
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

    /// Reasons are worked out anew from the raw ratios, by the same model; for a
    /// version that is not served any more there are none.
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
