//! Changes the description of a company, or shares the company more widely.

use accunode_domain::{
    access::Scope,
    audit::{AuditAction, AuditEvent},
    company::{Company, CompanyChanges},
    fault::Fault,
    id::{CompanyId, OrganizationId},
    owner::AccessLevel,
};
use accunode_ports::repositories::UnitOfWork;
use serde_json::json;

use super::{
    Companies,
    share::{MovedWithCompany, move_predictions},
};
use crate::{Caller, Error, ErrorCode, RowLevel, overtaken::Overtaken, predictions::version_asked};

/// The changes to make.
#[derive(Clone, Debug, Default)]
pub struct UpdateCompany {
    /// Changes to the description.
    pub changes: CompanyChanges,
    /// The new access level; never narrower than the present one.
    pub access_level: Option<RowLevel>,
    /// The organization of the new level.
    pub organization: Option<OrganizationId>,
    /// Whether the predictions of the company's owner move to the new level together with it.
    pub with_predictions: bool,
    /// The row version that the caller read.
    pub if_match: Option<i64>,
}

/// A company after a change.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdatedCompany {
    /// The changed company.
    pub company: Company,
    /// The rows that moved together with it.
    pub moved: MovedWithCompany,
}

impl Companies {
    /// Changes a company. Predictions keep the description that was current when they were made.
    ///
    /// # Errors
    /// `NotFound`; `not_writable`, `level_forbidden`, `outside_scope`; `level_change`;
    /// `company_in_use` if the level would change under predictions that do not move with it (I5),
    /// or if these are too many or may not be raised; every fault of the description; `Stale`;
    /// `symbol_taken`.
    #[tracing::instrument(name = "companies.update", level = "debug", skip_all)]
    pub async fn update(
        &self,
        caller: &Caller,
        id: CompanyId,
        command: &UpdateCompany,
    ) -> Result<UpdatedCompany, Error> {
        let mut overtaken = Overtaken::by(command.if_match);
        loop {
            let attempt = self.update_once(caller, id, command).await;
            if let Some(result) = overtaken.evaluate(attempt) {
                return result;
            }
        }
    }

    async fn update_once(
        &self,
        caller: &Caller,
        id: CompanyId,
        command: &UpdateCompany,
    ) -> Result<UpdatedCompany, Error> {
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
                actor.widen_access(stored.owner, stored.created_by, level, command.organization)
            }
        }
        .map_err(refused)?;
        let version = version_asked(command.if_match, stored.row_version)?;
        let draft = command.changes.of(&stored.profile);
        let profile = draft.and_then(|draft| draft.check_change(&stored.profile));
        let nowhere = (command.with_predictions && level.is_none()).then(|| {
            Fault::new(
                "/with_predictions",
                "required",
                "goes with the `access_level` or `organization_id` that company and predictions \
                 are to have",
            )
        });
        let profile = match (profile, nowhere) {
            (Ok(profile), None) => profile,
            (profile, nowhere) => {
                let mut faults = profile.err().unwrap_or_default();
                faults.extend(nowhere);
                return Err(Error::Invalid(faults));
            }
        };
        let next = Company {
            profile,
            owner: grant.owner(),
            ..stored.clone()
        };

        let moves = next.owner != stored.owner;
        let (scope, stored, next) = (&scope, &stored, &next);
        let updated = self
            .ports
            .transaction(scope, |unit| async move {
                let companies = unit.companies();
                let company = if !moves {
                    companies.update(grant, next, version).await?
                } else if command.with_predictions {
                    companies
                        .update_with_predictions(grant, next, version)
                        .await?
                } else {
                    refuse_in_use(&*unit, scope, stored).await?;
                    companies.update(grant, next, version).await?
                };
                let moved = match command.with_predictions {
                    true if moves => move_predictions(&*unit, caller, grant, &company).await?,
                    _ => MovedWithCompany::default(),
                };
                let event = changed(stored, &company, command, moved);
                caller.record_change(&*unit, grant, event).await?;
                Ok(UpdatedCompany { company, moved })
            })
            .await?;
        // Cached statistics by industry and country depend on the company.
        let owners = [stored.owner.key(), updated.company.owner.key()];
        self.ports.invalidate_cached_stats(&owners).await;
        Ok(updated)
    }
}

/// Refuses to change the level of a company alone while the caller can read rows on it.
async fn refuse_in_use(
    unit: &dyn UnitOfWork,
    scope: &Scope,
    company: &Company,
) -> Result<(), Error> {
    if !unit
        .reads()
        .companies()
        .is_in_use(scope, company.id)
        .await?
    {
        return Ok(());
    }
    Err(Error::Conflict {
        code: ErrorCode::CompanyInUse,
        detail: "there are predictions or outcomes on this company, so its level cannot change \
                 alone; with_predictions=true moves the predictions of its owner with it, and \
                 outcomes stay as they were recorded"
            .to_owned(),
        existing: None,
    })
}

fn changed(
    before: &Company,
    after: &Company,
    command: &UpdateCompany,
    moved: MovedWithCompany,
) -> AuditEvent {
    let described = |company: &Company| json!({ "profile": company.profile, "access_level": company.owner.level() });
    let metadata = match command.with_predictions {
        true => json!({ "predictions": moved.annual + moved.quarterly }),
        false => json!({}),
    };
    AuditEvent {
        entity_id: Some(after.id.0),
        old_values: Some(described(before)),
        new_values: Some(described(after)),
        metadata,
        ..AuditEvent::new("company.updated", "company", AuditAction::Update)
    }
}
