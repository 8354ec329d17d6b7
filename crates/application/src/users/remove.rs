//! Removes a user, from their organization or for good.

use accunode_domain::{
    access::{Actor, Removal, Subject},
    audit::{AuditAction, AuditEvent},
    id::UserId,
    secret::Secret,
    user::{Email, Password, Role},
};
use accunode_ports::repositories::AnonymizedIdentity;
use serde_json::json;

use super::{Users, lock_user::LockedUser, reason_of, refused, role_values, set_role};
use crate::{Confirmed, Error, predictions::version_asked};

/// The request to remove a user.
#[derive(Clone, Debug)]
pub struct Remove {
    /// Whether they leave the organization or are anonymized.
    pub removal: Removal,
    /// The reason, for the audit log.
    pub reason: Option<String>,
    /// The version that the caller read.
    pub if_match: Option<i64>,
}

impl Users {
    /// Removes a user. The rows that they created stay, under their id.
    ///
    /// # Errors
    /// `NotFound`; `rank_too_low`, `role_forbidden`; `not_a_member`; `Stale`;
    /// `last_super_admin`.
    #[tracing::instrument(name = "users.remove", level = "debug", skip_all)]
    pub async fn remove(
        &self,
        caller: &Confirmed,
        id: UserId,
        command: &Remove,
    ) -> Result<(), Error> {
        let reason = reason_of(command.reason.as_deref()).map_err(Error::invalid)?;
        match command.removal {
            Removal::RemoveFromOrg => self.leave(caller, id, command, reason).await,
            Removal::Anonymize => self.anonymize(caller, id, command, reason).await,
        }
    }

    async fn leave(
        &self,
        caller: &Confirmed,
        id: UserId,
        command: &Remove,
        reason: Option<String>,
    ) -> Result<(), Error> {
        let allow = |actor: &Actor, subject: &Subject| {
            actor.remove_user(subject, Removal::RemoveFromOrg)?;
            actor.set_role(subject, Role::User, None)
        };
        let reason = reason.as_deref();
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let LockedUser { record, granted } =
                    self.lock_user(&*unit, caller, id, allow).await?;
                let stored = &record.user;
                let version = version_asked(command.if_match, stored.row_version)?;
                let updated = unit.users().assign(granted, version).await?;
                set_role::record_change(&*unit, caller, (stored, &updated.user), reason).await
            })
            .await?;
        self.end_sessions_of(id, caller.session.filter(|_| id == caller.actor.user()))
            .await;
        Ok(())
    }

    async fn anonymize(
        &self,
        caller: &Confirmed,
        id: UserId,
        command: &Remove,
        reason: Option<String>,
    ) -> Result<(), Error> {
        let allow =
            |actor: &Actor, subject: &Subject| actor.remove_user(subject, Removal::Anonymize);
        // A caller without permission is refused before the request costs a hash.
        let found = self.ports.store.users().find(id).await?;
        let found = found.ok_or_else(|| Error::not_found("user"))?;
        allow(&caller.actor, &found.subject()).map_err(refused)?;
        let stand_in = self.stand_in(id).await?;
        let (stand_in, reason) = (&stand_in, &reason);
        let is_done = self
            .ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let locked = self.lock_user(&*unit, caller, id, allow).await?;
                let stored = &locked.record.user;
                if stored.email == stand_in.email {
                    // Another request was faster, or this one is repeated: the user is
                    // anonymized already.
                    return Ok(false);
                }
                let version = version_asked(command.if_match, stored.row_version)?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: stored.organization,
                    old_values: Some(role_values(stored)),
                    metadata: json!({ "reason": reason }),
                    ..AuditEvent::new("user.anonymized", "user", AuditAction::Delete)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                unit.users()
                    .anonymize(locked.granted, &stored.email, stand_in, version)
                    .await?;
                Ok(true)
            })
            .await?;
        if is_done {
            self.end_sessions_of(id, None).await;
        }
        Ok(())
    }

    /// Returns the identity that replaces the user's: an address that does not exist (RFC
    /// 2606) and contains only their id, and the hash of an unknown password, so that an
    /// attempt takes as long as any other.
    pub(super) async fn stand_in(&self, id: UserId) -> Result<AnonymizedIdentity, Error> {
        let secret = Secret::from_random("pw", self.ports.randomness.bits());
        let password = Password::attempt(secret.expose())
            .ok_or_else(|| Error::Internal("a random password is too long".into()))?;
        Ok(AnonymizedIdentity {
            email: Email::from_stored(format!("{id}@anonymized.invalid")),
            password_hash: self.ports.hasher.hash(password).await?,
        })
    }
}
