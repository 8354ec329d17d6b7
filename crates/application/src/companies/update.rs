//! A company is described better or shared more widely.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    company::{Company, CompanyChanges},
    id::{CompanyId, OrganizationId},
    owner::AccessLevel,
};
use serde_json::json;

use super::Companies;
use crate::{Caller, Error, ErrorCode, RowLevel, overtaken::Overtaken, predictions::version_asked};

/// What is to be different.
#[derive(Clone, Debug, Default)]
pub struct UpdateCompany {
    /// Of its description.
    pub changes: CompanyChanges,
    /// For whom it is from now on; never fewer than before.
    pub access_level: Option<RowLevel>,
    /// For which organization.
    pub organization: Option<OrganizationId>,
    /// The version that the caller read.
    pub if_match: Option<i64>,
}

impl Companies {
    /// Changes a company. Predictions keep what they knew of it when they were made.
    ///
    /// # Errors
    /// `NotFound`; `not_writable`, `level_forbidden`, `outside_scope`; `level_change`;
    /// `company_in_use` where the level would change under predictions (I5); every
    /// fault of the description; `Stale`; `symbol_taken`.
    #[tracing::instrument(name = "companies.update", level = "debug", skip_all)]
    pub async fn update(
        &self,
        caller: &Caller,
        id: CompanyId,
        command: &UpdateCompany,
    ) -> Result<Company, Error> {
        let mut overtaken = Overtaken::by(command.if_match);
        loop {
            let attempt = self.update_once(caller, id, command).await;
            if let Some(result) = overtaken.settle(attempt) {
                return result;
            }
        }
    }

    async fn update_once(
        &self,
        caller: &Caller,
        id: CompanyId,
        command: &UpdateCompany,
    ) -> Result<Company, Error> {
        let actor = &caller.actor;
        let scope = actor.scope();
        let stored = self.get(caller, id).await?;
        let refused = |denial| Error::denied(denial, "company");
        let level = command
            .access_level
            .map(RowLevel::level)
            .or(command.organization.map(|_| AccessLevel::Organization));
        let grant = match level {
            None => actor.write(stored.owner, stored.created_by),
            Some(level) => {
                actor.raise(stored.owner, stored.created_by, level, command.organization)
            }
        }
        .map_err(refused)?;
        let version = version_asked(command.if_match, stored.row_version)?;
        let draft = command.changes.of(&stored.profile);
        let profile = draft
            .and_then(|draft| draft.check_change(&stored.profile))
            .map_err(Error::Invalid)?;
        let next = Company {
            profile,
            owner: grant.owner(),
            ..stored.clone()
        };

        let (scope, stored, next) = (&scope, &stored, &next);
        let updated = self.ports.transaction(scope, |unit| async move {
        if next.owner != stored.owner && unit.reads().companies().is_in_use(scope, id).await? {
            return Err(Error::Conflict {
                code: ErrorCode::CompanyInUse,
                detail: "there are predictions or outcomes on this company, so its level cannot change"
                    .to_owned(),
                existing: None,
            });
        }
        let updated = unit.companies().update(grant, next, version).await?;
        let event = AuditEvent {
            entity_id: Some(id.0),
            organization: grant.owner().organization(),
            old_values: Some(
                json!({ "profile": stored.profile, "access_level": stored.owner.level() }),
            ),
            new_values: Some(
                json!({ "profile": updated.profile, "access_level": updated.owner.level() }),
            ),
            ..AuditEvent::new("company.updated", "company", AuditAction::Update)
        };
        unit.audit_log()
            .record(&caller.context, caller.sign(event))
            .await?;
Ok(updated)
}).await?;
        // Figures by industry and country follow the company.
        self.ports
            .forget_figures(&[stored.owner.key(), updated.owner.key()])
            .await;
        Ok(updated)
    }
}
