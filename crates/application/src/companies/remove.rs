//! A company is removed.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    id::CompanyId,
};
use serde_json::json;

use super::Companies;
use crate::{Caller, Error, ErrorCode, overtaken::Overtaken, predictions::version_asked};

impl Companies {
    /// Removes a company; with `force` also the predictions and outcomes on it.
    ///
    /// # Errors
    /// `NotFound`, `not_writable`, `company_in_use`, `Stale` where `if_match` names
    /// another version.
    #[tracing::instrument(name = "companies.remove", level = "debug", skip_all)]
    pub async fn remove(
        &self,
        caller: &Caller,
        id: CompanyId,
        force: bool,
        if_match: Option<i64>,
    ) -> Result<(), Error> {
        let mut overtaken = Overtaken::by(if_match);
        loop {
            let attempt = self.remove_once(caller, id, force, if_match).await;
            if let Some(result) = overtaken.settle(attempt) {
                return result;
            }
        }
    }

    async fn remove_once(
        &self,
        caller: &Caller,
        id: CompanyId,
        force: bool,
        if_match: Option<i64>,
    ) -> Result<(), Error> {
        let scope = caller.actor.scope();
        let company = match self.ports.store.companies().find(&scope, id).await? {
            Some(company) => company,
            // A super_admin learns that it is there, by break-glass, and not more.
            None => self.get(caller, id).await?,
        };
        let grant = caller
            .actor
            .write(company.owner, company.created_by)
            .map_err(|denial| Error::denied(denial, "company"))?;
        let (scope, company) = (&scope, &company);
        self.ports.transaction(scope, |unit| async move {
        if !force && unit.reads().companies().is_in_use(scope, id).await? {
            return Err(Error::Conflict {
                code: ErrorCode::CompanyInUse,
                detail: "there are predictions or outcomes on this company; force=true removes them with it"
                    .to_owned(),
                existing: None,
            });
        }
        let version = version_asked(if_match, company.row_version)?;
        unit.companies().remove(grant, id, version).await?;
        let event = AuditEvent {
            entity_id: Some(id.0),
            organization: company.owner.organization(),
            old_values: Some(
                json!({ "profile": company.profile, "access_level": company.owner.level() }),
            ),
            metadata: json!({ "force": force }),
            ..AuditEvent::new("company.deleted", "company", AuditAction::Delete)
        };
        unit.audit_log()
            .record(&caller.context, caller.sign(event))
            .await?;
Ok(())
}).await?;
        self.ports.forget_figures(&[company.owner.key()]).await;
        Ok(())
    }
}
