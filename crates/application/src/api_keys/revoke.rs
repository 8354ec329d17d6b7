//! Revokes an API key.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    id::ApiKeyId,
};

use super::{ApiKeys, ended_meanwhile, values};
use crate::{Confirmed, Error};

impl ApiKeys {
    /// Revokes a key: the caller's own, or as an administrator that of a user below the
    /// caller's rank. Its next request is refused, on every node. A recent proof is
    /// required, because a stolen access token alone must not stop the programs of a user.
    ///
    /// # Errors
    /// `NotFound`; `rank_too_low`.
    #[tracing::instrument(name = "api_keys.revoke", level = "debug", skip_all)]
    pub async fn revoke(&self, caller: &Confirmed, id: ApiKeyId) -> Result<(), Error> {
        let refused = |denial| Error::denied(denial, "API key");
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let actor = caller.renewed(&*unit).await?;
                let Some((key, owner)) = unit.api_keys().lock(id).await? else {
                    return Err(Error::not_found("API key"));
                };
                let removal = actor
                    .end_key(&owner.subject(), key.organization)
                    .map_err(refused)?;
                let now = self.ports.clock.now();
                let revoked = unit.api_keys().revoke(removal, id, now).await;
                revoked.map_err(ended_meanwhile)?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: owner.user.organization,
                    old_values: Some(values(&key)),
                    ..AuditEvent::new("api_key.revoked", "api_key", AuditAction::Delete)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(())
            })
            .await
    }
}
