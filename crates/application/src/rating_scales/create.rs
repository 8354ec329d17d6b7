//! Making a scale.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    id::{OrganizationId, RatingScaleId},
    rating_scale::{RatingScale, ScaleDraft},
};
use serde_json::json;

use super::RatingScales;
use crate::{Caller, Error, Idempotency, Replayable, RowLevel};

/// A scale to be made.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the body's fields")]
pub struct CreateScale {
    pub draft: ScaleDraft,
    pub access_level: Option<RowLevel>,
    pub organization: Option<OrganizationId>,
}

impl RatingScales {
    /// Makes a scale as a draft. It is never changed.
    ///
    /// # Errors
    /// `level_forbidden`, `outside_scope`, `role_forbidden`; every fault of the body;
    /// `scale_exists`.
    #[tracing::instrument(name = "rating_scales.create", level = "debug", skip_all)]
    pub async fn create(
        &self,
        caller: &Caller,
        command: &CreateScale,
        idempotency: Option<&Idempotency<'_, RatingScale>>,
    ) -> Result<Replayable<RatingScale>, Error> {
        let actor = &caller.actor;
        let level = command.access_level.map(RowLevel::level);
        let grant = actor
            .create_scale(level, command.organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let facts = &command.draft.clone().check().map_err(Error::Invalid)?;
        let id = RatingScaleId(self.ports.ids.new_id());
        self.ports
            .transaction(&actor.scope(), |unit| async move {
                if let Some(answer) = Idempotency::claim(idempotency, &*unit, actor).await? {
                    return Ok(Replayable::Replayed(answer));
                }
                let scale = unit.scales().add(grant, id, facts).await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: grant.owner().organization(),
                    new_values: Some(json!({
                        "name": facts.name,
                        "version": facts.version,
                        "grades": facts.scale,
                        "access_level": grant.owner().level(),
                    })),
                    ..AuditEvent::new("rating_scale.created", "rating_scale", AuditAction::Create)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Idempotency::store(idempotency, &*unit, actor, &scale).await?;
                Ok(Replayable::Fresh(scale))
            })
            .await
    }
}
