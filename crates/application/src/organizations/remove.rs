//! Removes an organization, with everything that belongs to it.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    id::OrganizationId,
};
use accunode_ports::repositories::OrganizationState;
use serde_json::{Value, json};

use super::{Organizations, refused};
use crate::{Confirmed, Error, ErrorCode, overtaken::Overtaken, predictions::version_asked};

impl Organizations {
    /// Removes an organization. Its companies, predictions, uploads, keys, invitations,
    /// join token and allowed addresses are deleted; its members become `user`s and keep
    /// their personal rows, except for predictions on its companies; its children become
    /// roots; its audit log stays. If any of this would happen, `force` must be set.
    ///
    /// # Errors
    /// `NotFound`; `role_forbidden`; `organization_not_empty`; `Stale`.
    #[tracing::instrument(name = "organizations.remove", level = "debug", skip_all)]
    pub async fn remove(
        &self,
        caller: &Confirmed,
        id: OrganizationId,
        force: bool,
        if_match: Option<i64>,
    ) -> Result<(), Error> {
        let mut overtaken = Overtaken::by(if_match);
        loop {
            let attempt = self.remove_once(caller, id, force, if_match).await;
            if let Some(result) = overtaken.evaluate(attempt) {
                return result;
            }
        }
    }

    async fn remove_once(
        &self,
        caller: &Confirmed,
        id: OrganizationId,
        force: bool,
        if_match: Option<i64>,
    ) -> Result<(), Error> {
        caller.actor.delete_organization(id).map_err(refused)?;
        let stored = &self.stored(id).await?;

        let impact = self.ports.transaction(&caller.actor.scope(), |unit| async move {
        let actor = caller.renewed(&*unit).await?;
        let removal = actor.delete_organization(id).map_err(refused)?;
        let within = actor.narrowed(None, Some(id)).map_err(refused)?;
        let impact = unit.organizations().deletion_impact(removal).await?;
        let counted = unit.reads().organizations().stats(&within, &[id]).await?;
        let stats = counted.into_iter().next().unwrap_or_default();
        if !force && !stats.is_empty() {
            return Err(Error::Conflict {
                code: ErrorCode::OrganizationNotEmpty,
                detail: format!(
                    "it has {} members, {} children, {} companies, {} predictions and {} uploads; \
                     force=true removes it with its rows and makes its members users",
                    stats.users,
                    stats.children,
                    stats.companies,
                    stats.annual_predictions + stats.quarterly_predictions,
                    stats.jobs,
                ),
                existing: None,
            });
        }
        let version = version_asked(if_match, stored.row_version)?;
        let mut old = json!(OrganizationState::from(stored));
        if let Value::Object(fields) = &mut old {
            fields.insert("stats".to_owned(), json!(stats));
            fields.insert("members".to_owned(), json!(impact.members));
            fields.insert("children".to_owned(), json!(impact.children));
        }
        let event = AuditEvent {
            entity_id: Some(id.0),
            organization: Some(id),
            old_values: Some(old),
            metadata: json!({ "force": force }),
            ..AuditEvent::new("organization.deleted", "organization", AuditAction::Delete)
        };
        // While its name can still be copied into the log.
        unit.audit_log()
            .record(&caller.context, caller.sign(event))
            .await?;
        unit.organizations().remove(removal, version).await?;
Ok(impact)
}).await?;
        self.ports.invalidate_cached_stats(&impact.owners).await;
        for key in &impact.files {
            if let Err(error) = self.ports.files.remove(key).await {
                tracing::warn!(%key, error = &error as &dyn std::error::Error, "a deleted organization's file could not be removed");
            }
        }
        Ok(())
    }
}
