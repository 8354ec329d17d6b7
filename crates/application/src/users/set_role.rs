//! Gives a user a role, or lets the caller leave their organization.

use accunode_domain::{
    access::{Actor, Subject},
    audit::{AuditAction, AuditEvent},
    id::{OrganizationId, UserId},
    user::{Role, User},
};
use accunode_ports::UnitOfWork;
use serde_json::json;

use super::{UserView, Users, lock_user::LockedUser, reason_of, refused, role_values};
use crate::{Caller, Confirmed, Error, predictions::version_asked};

/// The requested role.
#[derive(Clone, Debug)]
pub struct SetRole {
    /// The role.
    pub role: Role,
    /// The organization; the user's own if none is named.
    pub organization: Option<OrganizationId>,
    /// The reason, for the audit log.
    pub reason: String,
    /// The version that the caller read.
    pub if_match: Option<i64>,
}

impl Users {
    /// Gives a user below the caller's rank a role below the caller's rank, or lets the caller
    /// leave. The user's sessions end, so that they sign in with their new rights.
    ///
    /// # Errors
    /// `NotFound`; `rank_too_low`, `role_not_assignable`, `outside_scope`; every fault of the
    /// command; `NotFound` for an organization that does not exist; `Stale`; `last_super_admin`,
    /// `organization_full`.
    #[tracing::instrument(name = "users.set_role", level = "debug", skip_all)]
    pub async fn set_role(
        &self,
        caller: &Confirmed,
        id: UserId,
        command: &SetRole,
    ) -> Result<UserView, Error> {
        let allow = |actor: &Actor, subject: &Subject| {
            actor.set_role(subject, command.role, command.organization)
        };
        let (record, is_changed) = self
            .ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let LockedUser { record, granted } =
                    self.lock_user(&*unit, caller, id, allow).await?;
                let reason = reason_of(Some(&command.reason)).map_err(Error::invalid)?;
                if let Some(organization) = granted.organization() {
                    let home = unit.reads().organizations().find(organization).await?;
                    let home = home.ok_or_else(|| Error::not_found("organization"))?;
                    granted.fits(home.parent).map_err(refused)?;
                }
                let stored = &record.user;
                let version = version_asked(command.if_match, stored.row_version)?;
                if (granted.role(), granted.organization()) == (stored.role, stored.organization) {
                    return Ok((record, false));
                }
                let updated = unit.users().assign(granted, version).await?;
                record_change(&*unit, caller, (stored, &updated.user), reason.as_deref()).await?;
                Ok((updated, true))
            })
            .await?;
        if is_changed {
            self.end_sessions_of(id, caller.session.filter(|_| id == caller.actor.user()))
                .await;
        }
        Ok(UserView::of(record, true))
    }
}

/// Records in the audit log that a user has another role: once in the organization that they left,
/// and once in the one that they joined.
pub(super) async fn record_change(
    unit: &dyn UnitOfWork,
    caller: &Caller,
    (old, new): (&User, &User),
    reason: Option<&str>,
) -> Result<(), Error> {
    let mut recipients = vec![old.organization, new.organization];
    recipients.dedup();
    if recipients.len() > 1 {
        recipients.retain(Option::is_some);
    }
    for organization in recipients {
        let event = AuditEvent {
            entity_id: Some(new.id.0),
            organization,
            old_values: Some(role_values(old)),
            new_values: Some(role_values(new)),
            metadata: json!({ "reason": reason }),
            ..AuditEvent::new("user.role_changed", "user", AuditAction::Update)
        };
        unit.audit_log()
            .record(&caller.context, caller.sign(event))
            .await?;
    }
    Ok(())
}
