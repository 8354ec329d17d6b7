//! Creates a company.

use accunode_domain::{
    access::Denial,
    audit::{AuditAction, AuditEvent},
    company::{Company, CompanyDraft},
    id::{CompanyId, OrganizationId},
};
use serde_json::json;

use super::Companies;
use crate::{Caller, Error, Idempotency, Replayable, RowLevel};

/// The request for a company.
#[derive(Clone, Debug, Default)]
pub struct CreateCompany {
    /// Its description.
    pub draft: CompanyDraft,
    /// The access level; by default it follows from the caller's role.
    pub access_level: Option<RowLevel>,
    /// The organization, if it is an organization's company.
    pub organization: Option<OrganizationId>,
}

impl Companies {
    /// Creates a company.
    ///
    /// # Errors
    /// `level_forbidden`, `outside_scope`; every fault of the draft; `symbol_taken`.
    #[tracing::instrument(name = "companies.create", level = "debug", skip_all)]
    pub async fn create(
        &self,
        caller: &Caller,
        command: &CreateCompany,
        idempotency: Option<&Idempotency<'_, Company>>,
    ) -> Result<Replayable<Company>, Error> {
        let actor = &caller.actor;
        let grant = actor
            .create(
                command.access_level.map(RowLevel::level),
                command.organization,
            )
            .map_err(|denial: Denial| Error::denied(denial, "organization"))?;
        let profile = command.draft.check().map_err(Error::Invalid)?;
        let profile = &profile;
        self.ports
            .transaction(&actor.scope(), |unit| async move {
                if let Some(answer) = Idempotency::claim(idempotency, &*unit, actor).await? {
                    return Ok(Replayable::Replayed(answer));
                }
                let id = CompanyId(self.ports.ids.new_id());
                let company = unit.companies().add(grant, id, profile).await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: grant.owner().organization(),
                    new_values: Some(
                        json!({ "profile": profile, "access_level": grant.owner().level() }),
                    ),
                    ..AuditEvent::new("company.created", "company", AuditAction::Create)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Idempotency::store(idempotency, &*unit, actor, &company).await?;
                Ok(Replayable::Fresh(company))
            })
            .await
    }
}
