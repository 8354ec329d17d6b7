//! Reads a company.

use accunode_domain::{
    access::Reading,
    audit::{AuditAction, AuditEvent},
    company::Company,
    id::CompanyId,
};

use super::Companies;
use crate::{Caller, Error};

impl Companies {
    /// Returns one company. When a super_admin reads a user's personal company, this is
    /// written to the audit log before they receive it.
    ///
    /// # Errors
    /// `NotFound` if the caller cannot read it.
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
