//! Making a definition of default.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    default_definition::{DefaultDefinition, DefinitionDraft},
    id::{DefaultDefinitionId, OrganizationId},
};
use serde_json::json;

use super::DefaultDefinitions;
use crate::{Caller, Error, Idempotency, Replayable, RowLevel};

/// A definition to be made.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the body's fields")]
pub struct CreateDefinition {
    pub draft: DefinitionDraft,
    pub access_level: Option<RowLevel>,
    pub organization: Option<OrganizationId>,
}

impl DefaultDefinitions {
    /// Makes a definition. It is never changed.
    ///
    /// # Errors
    /// `level_forbidden`, `outside_scope`, `role_forbidden`; every fault of the body;
    /// `definition_exists`.
    #[tracing::instrument(name = "default_definitions.create", level = "debug", skip_all)]
    pub async fn create(
        &self,
        caller: &Caller,
        command: &CreateDefinition,
        idempotency: Option<&Idempotency<'_, DefaultDefinition>>,
    ) -> Result<Replayable<DefaultDefinition>, Error> {
        let actor = &caller.actor;
        let level = command.access_level.map(RowLevel::level);
        let grant = actor
            .create_definition(level, command.organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let facts = command.draft.check(grant.owner());
        let facts = &facts.map_err(Error::Invalid)?;
        let id = DefaultDefinitionId(self.ports.ids.new_id());
        self.ports
            .transaction(&actor.scope(), |unit| async move {
                if let Some(answer) = Idempotency::claim(idempotency, &*unit, actor).await? {
                    return Ok(Replayable::Replayed(answer));
                }
                let made = unit.definitions().add(grant, id, facts).await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: grant.owner().organization(),
                    new_values: Some(json!({
                        "definition": made.definition,
                        "terms": facts.terms,
                        "access_level": grant.owner().level(),
                    })),
                    ..AuditEvent::new(
                        "default_definition.created",
                        "default_definition",
                        AuditAction::Create,
                    )
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Idempotency::store(idempotency, &*unit, actor, &made).await?;
                Ok(Replayable::Fresh(made))
            })
            .await
    }
}
