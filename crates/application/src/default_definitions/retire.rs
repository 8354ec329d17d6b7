//! Retiring a definition of default.

use accunode_domain::{
    access::{Denial, Forbidden},
    audit::{AuditAction, AuditEvent},
    default_definition::DefaultDefinition,
    id::DefaultDefinitionId,
};
use serde_json::json;

use super::DefaultDefinitions;
use crate::{Caller, Error};

impl DefaultDefinitions {
    /// Retires a definition: no new outcome names it. Outcomes, coverage and reports that name it
    /// stay as they are, and can be validated further. A definition that is retired already is
    /// returned as it is.
    ///
    /// # Errors
    /// `NotFound`; `role_forbidden` for those who may not make definitions of its owner, and for
    /// shipped ones.
    #[tracing::instrument(name = "default_definitions.retire", level = "debug", skip_all)]
    pub async fn retire(
        &self,
        caller: &Caller,
        id: DefaultDefinitionId,
    ) -> Result<DefaultDefinition, Error> {
        let scope = caller.actor.scope();
        let definitions = self.ports.store.definitions();
        let found = match definitions.find(&scope, id).await? {
            Some(found) => found,
            // With break-glass a super_admin learns that it exists, but may not change it.
            None => self.get(caller, id).await?,
        };
        let owner = found.owner;
        let grant = caller
            .actor
            .retire_definition(owner)
            .map_err(|denial| Error::denied(denial, "default definition"))?;
        // Those of the program have no row that could be retired.
        let is_shipped = found.made.is_none();
        if is_shipped {
            return Err(Error::denied(
                Denial::Forbidden(Forbidden::RoleForbidden),
                "default definition",
            ));
        }
        if found.retired_at.is_some() {
            return Ok(found);
        }
        self.ports
            .transaction(&scope, |unit| async move {
                let retired = unit.definitions().retire(grant, id).await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: owner.organization(),
                    new_values: Some(json!({ "definition": retired.definition, "retired": true })),
                    ..AuditEvent::new(
                        "default_definition.retired",
                        "default_definition",
                        AuditAction::Update,
                    )
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(retired)
            })
            .await
    }
}
