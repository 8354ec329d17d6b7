//! Closes the caller's own account.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    owner::Owner,
};
use serde_json::json;

use super::{Users, refused, role_values};
use crate::{Confirmed, Error, auth::unusable, predictions::version_asked};

impl Users {
    /// Closes the caller's account: their personal rows are deleted, shared rows stay under
    /// their id, and everything that identifies them is removed except in the audit log. Their
    /// sessions and keys become invalid.
    ///
    /// # Errors
    /// `Stale`, `last_super_admin`.
    #[tracing::instrument(name = "users.forget_me", level = "debug", skip_all)]
    pub async fn forget_me(&self, caller: &Confirmed, if_match: Option<i64>) -> Result<(), Error> {
        let (actor, id) = (&caller.actor, caller.actor.user());
        let stand_in = self.stand_in(id).await?;

        let stand_in = &stand_in;
        let gone = self
            .ports
            .transaction(&actor.scope(), |unit| async move {
                let mut locked = unit.users().lock_for_update(&[id]).await?;
                let me = locked.pop().ok_or_else(|| Error::not_found("user"))?;
                let renewed = actor.renewed(&me.user, me.membership).map_err(unusable)?;
                let removal = renewed.end_own_account().map_err(refused)?;
                let version = version_asked(if_match, me.user.row_version)?;
                let gone = unit.own_data().remove_personal(removal).await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: me.user.organization,
                    old_values: Some(role_values(&me.user)),
                    metadata: json!({
                        "by": "user",
                        "companies_deleted": gone.companies,
                        "predictions_deleted": gone.predictions,
                        "outcomes_deleted": gone.outcomes,
                        "uploads_deleted": gone.uploads,
                    }),
                    ..AuditEvent::new("user.anonymized", "user", AuditAction::Delete)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                unit.users()
                    .anonymize(removal, &me.user.email, stand_in, version)
                    .await?;
                Ok(gone)
            })
            .await?;
        self.end_sessions_of(id, None).await;
        self.ports
            .invalidate_cached_stats(&[Owner::User(id).key()])
            .await;
        for key in &gone.files {
            if let Err(error) = self.ports.files.remove(key).await {
                tracing::error!(key, %error, "the file of a forgotten user's upload is left");
            }
        }
        Ok(())
    }
}
