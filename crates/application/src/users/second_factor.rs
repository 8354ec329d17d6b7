//! Removes the second factor of a user who has lost their device and their recovery codes.

use accunode_domain::{
    access::Actor,
    audit::{AuditAction, AuditEvent},
    id::UserId,
};
use serde_json::json;

use super::Users;
use crate::{Confirmed, Error, auth::factor_notice, mail::Letter};

impl Users {
    /// Removes the second factor of a user below the caller's rank, if they have one, and ends
    /// their sessions. Their password alone is then sufficient to sign in, so verify that the
    /// request is really theirs.
    ///
    /// # Errors
    /// `NotFound`; `rank_too_low`.
    #[tracing::instrument(name = "users.remove_factor", level = "debug", skip_all)]
    pub async fn remove_factor(&self, caller: &Confirmed, id: UserId) -> Result<(), Error> {
        let removed = self
            .ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let locked = self
                    .lock_user(&*unit, caller, id, Actor::administer_user)
                    .await?;
                if !unit.second_factors().remove(locked.granted).await? {
                    return Ok(None);
                }
                let user = locked.record.user;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: user.organization,
                    new_values: Some(json!({ "second_factor": null })),
                    ..AuditEvent::new("user.second_factor_removed", "user", AuditAction::Update)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(Some(user.email))
            })
            .await?;
        if let Some(email) = removed {
            self.ports.sessions.end_all(id, None).await?;
            self.ports
                .mail
                .post(Letter::notice(factor_notice(&email, false)));
        }
        Ok(())
    }
}
