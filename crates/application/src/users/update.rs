//! Changes a user's names, or whether they are active.

use accunode_domain::{
    access::{Actor, Subject},
    audit::{AuditAction, AuditEvent},
    id::UserId,
    user::{Profile, User},
};
use serde_json::{Value, json};

use super::{UserView, Users, reason_of};
use crate::{Caller, ConfirmedOnly, Error, predictions::version_asked};

/// Changes of a user. A field that is not set stays; `Some(None)` empties it.
#[derive(Clone, Debug, Default)]
pub struct UpdateUser {
    /// Their first name.
    pub first_name: Option<Option<String>>,
    /// Their last name.
    pub last_name: Option<Option<String>>,
    /// Their telephone number.
    pub phone: Option<Option<String>>,
    /// Whether they are active; setting it requires a recent proof of the caller.
    pub is_active: Option<ConfirmedOnly<bool>>,
    /// The reason, for the audit log.
    pub reason: Option<String>,
    /// The version that the caller read.
    pub if_match: Option<i64>,
}

impl Users {
    /// Changes a user's names and telephone number: the caller's own, or as their
    /// administrator; and as their administrator whether they are active. An inactive user has
    /// no sessions, and none of their keys works.
    ///
    /// # Errors
    /// `NotFound`; `rank_too_low`; every fault of the command; `Stale`;
    /// `last_super_admin`.
    #[tracing::instrument(name = "users.update", level = "debug", skip_all)]
    pub async fn update(
        &self,
        caller: &Caller,
        id: UserId,
        command: &UpdateUser,
    ) -> Result<UserView, Error> {
        let allow = |actor: &Actor, subject: &Subject| match command.is_active {
            Some(_) => actor.administer_user(subject),
            None => actor.edit_user(subject),
        };
        let (record, is_changed) = self
            .ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let locked = self.lock_user(&*unit, caller, id, allow).await?;
                let stored = &locked.record.user;
                let version = version_asked(command.if_match, stored.row_version)?;
                let (next, reason) = changed(stored, command)?;
                if next == *stored {
                    return Ok((locked.record, false));
                }
                let updated = unit
                    .users()
                    .update(locked.granted, &next.profile, next.is_active, version)
                    .await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: stored.organization,
                    old_values: Some(values(stored)),
                    new_values: Some(values(&updated.user)),
                    metadata: json!({ "reason": reason }),
                    ..AuditEvent::new(
                        match (stored.is_active, updated.user.is_active) {
                            (true, false) => "user.deactivated",
                            (false, true) => "user.activated",
                            _ => "user.updated",
                        },
                        "user",
                        AuditAction::Update,
                    )
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok((updated, true))
            })
            .await?;
        if is_changed && !record.user.is_active {
            self.end_sessions_of(id, None).await;
        }
        Ok(UserView::of(record, true))
    }
}

/// Returns the changed user, and the reason.
fn changed(stored: &User, command: &UpdateUser) -> Result<(User, Option<String>), Error> {
    let mut faults = Vec::new();
    let old = &stored.profile;
    // Stored values were checked by the rules of their time and stay valid.
    let changed = |new: &'_ Option<Option<String>>, old: &Option<String>| {
        new.clone().filter(|new| new != old)
    };
    let first_name = changed(&command.first_name, &old.first_name);
    let last_name = changed(&command.last_name, &old.last_name);
    let phone = changed(&command.phone, &old.phone);
    let given = |new: &Option<Option<String>>| new.clone().flatten();
    let parsed = Profile::parse(
        given(&first_name).as_deref(),
        given(&last_name).as_deref(),
        given(&phone).as_deref(),
        &mut faults,
    );
    let kept = |new: Option<Option<String>>, parsed, old: &Option<String>| match new {
        Some(_) => parsed,
        None => old.clone(),
    };
    let profile = Profile {
        first_name: kept(first_name, parsed.first_name, &old.first_name),
        last_name: kept(last_name, parsed.last_name, &old.last_name),
        phone: kept(phone, parsed.phone, &old.phone),
    };
    let reason = reason_of(command.reason.as_deref()).map_err(|fault| faults.push(fault));
    match reason {
        Ok(reason) if faults.is_empty() => Ok((
            User {
                profile,
                is_active: command.is_active.map_or(stored.is_active, |new| *new.get()),
                ..stored.clone()
            },
            reason,
        )),
        _ => Err(Error::Invalid(faults)),
    }
}

fn values(user: &User) -> Value {
    json!({
        "first_name": user.profile.first_name,
        "last_name": user.profile.last_name,
        "phone": user.profile.phone,
        "is_active": user.is_active,
    })
}
