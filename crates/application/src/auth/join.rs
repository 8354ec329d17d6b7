//! Joins an organization by its token.

use accunode_domain::access::Contradiction;
use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    secret::Secret,
    user::Role,
};
use serde_json::json;

use super::{Auth, Me};
use crate::{Confirmed, Error, ErrorCode};

impl Auth {
    /// Makes the caller a member of the organization of their token. Its administrators may end
    /// the caller's sessions and remove their second factor from then on, so a stolen access token
    /// alone must not be sufficient. Personal rows stay personal. Concurrent requests join one at
    /// a time, so that the member limit is never exceeded.
    ///
    /// # Errors
    /// `role_forbidden`; `already_member`; `NotFound` for a token that gives access to nothing, or
    /// not any more; `email_not_allowed`; `organization_full`.
    #[tracing::instrument(name = "auth.join", level = "debug", skip_all)]
    pub async fn join(&self, caller: &Confirmed, token: &Secret) -> Result<Me, Error> {
        let user = caller.actor.user();
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let actor = caller.renewed(&*unit).await?;
                let target = unit
                    .join_tokens()
                    .join_target(&token.hash(), actor.email())
                    .await?;
                let admission = actor
                    .join_organization(target.as_ref())
                    .map_err(|denial| Error::denied(denial, "join token"))?;
                let Some(target) = target else {
                    return Err(Error::not_found("join token"));
                };
                if !unit.join_tokens().admit(admission).await? {
                    return Err(Error::Conflict {
                        code: ErrorCode::Contradiction(Contradiction::AlreadyMember),
                        detail: "you have become a member of an organization meanwhile".to_owned(),
                        existing: None,
                    });
                }
                let event = AuditEvent {
                    entity_id: Some(user.0),
                    organization: Some(target.organization),
                    old_values: Some(json!({ "role": Role::User, "organization_id": null })),
                    new_values: Some(json!({
                        "role": Role::OrgMember,
                        "organization_id": target.organization,
                    })),
                    metadata: json!({ "by": "join_token", "policy": target.policy }),
                    ..AuditEvent::new("user.joined", "user", AuditAction::Update)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(())
            })
            .await?;
        self.me(user).await
    }
}
