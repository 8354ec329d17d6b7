//! A company is looked at.

use accunode_domain::{
    access::Reading,
    audit::{AuditAction, AuditEvent},
    company::Company,
    id::CompanyId,
};

use super::Companies;
use crate::{Caller, Error};

impl Companies {
    /// One company. A super_admin who looks at a user's personal one is told of
    /// in the audit log before they see it.
    ///
    /// # Errors
    /// `NotFound` for what the caller cannot read.
    #[tracing::instrument(name = "companies.get", level = "debug", skip_all)]
    pub async fn get(&self, caller: &Caller, id: CompanyId) -> Result<Company, Error> {
        let scope = caller.actor.scope();
        if let Some(company) = self.ports.store.companies().find(&scope, id).await? {
            return Ok(company);
        }
        let missing = || Error::not_found("company");
        let scope = caller
            .actor
            .scope_with_break_glass(id.0)
            .map_err(|_| missing())?;
        let company = self
            .ports
            .store
            .companies()
            .find(&scope, id)
            .await?
            .ok_or_else(missing)?;
        let reading = caller.actor.read(company.owner).map_err(|_| missing())?;
        if reading == Reading::BreakGlass {
            let event = AuditEvent {
                entity_id: Some(id.0),
                ..AuditEvent::new("company.break_glass", "company", AuditAction::Read)
            };
            caller.record(&self.ports, event).await?;
        }
        Ok(company)
    }
}
