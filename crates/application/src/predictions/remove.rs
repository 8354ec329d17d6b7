//! Removes a prediction.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    id::PredictionId,
    prediction::Kind,
};

use super::{
    Predictions,
    create::{entity, summary},
    version_asked,
};
use crate::{Caller, Error, overtaken::Overtaken};

impl Predictions {
    /// Removes a prediction.
    ///
    /// # Errors
    /// `NotFound`, `not_writable`, `Stale` if `if_match` names another version.
    #[tracing::instrument(name = "predictions.remove", level = "debug", skip_all)]
    pub async fn remove(
        &self,
        caller: &Caller,
        kind: Kind,
        id: PredictionId,
        if_match: Option<i64>,
    ) -> Result<(), Error> {
        let mut overtaken = Overtaken::by(if_match);
        loop {
            let attempt = self.remove_once(caller, kind, id, if_match).await;
            if let Some(result) = overtaken.evaluate(attempt) {
                return result;
            }
        }
    }

    async fn remove_once(
        &self,
        caller: &Caller,
        kind: Kind,
        id: PredictionId,
        if_match: Option<i64>,
    ) -> Result<(), Error> {
        let (prediction, _) = self.find(caller, kind, id).await?;
        let grant = caller
            .actor
            .write(prediction.owner, prediction.created_by)
            .map_err(|denial| Error::denied(denial, "prediction"))?;
        let version = version_asked(if_match, prediction.row_version)?;
        let prediction = &prediction;
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                unit.predictions().remove(grant, kind, id, version).await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: prediction.owner.organization(),
                    old_values: Some(summary(prediction)),
                    ..AuditEvent::new("prediction.deleted", entity(kind), AuditAction::Delete)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(())
            })
            .await?;
        self.ports
            .invalidate_cached_stats(&[prediction.owner.key()])
            .await;
        Ok(())
    }
}
