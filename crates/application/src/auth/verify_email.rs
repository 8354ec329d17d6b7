//! Verifies the address of a user.

use accunode_domain::{
    access::Scope,
    audit::{AuditAction, AuditEvent, RequestContext},
    secret::Secret,
    user_token::TokenPurpose,
};
use serde_json::json;

use super::{Auth, mail_token::expired};
use crate::Error;

impl Auth {
    /// Consumes the token of a mail: the account can be used from then on.
    ///
    /// # Errors
    /// `Gone("token_expired")`.
    #[tracing::instrument(name = "auth.verify_email", level = "debug", skip_all)]
    pub async fn verify_email(&self, token: &str, context: &RequestContext) -> Result<(), Error> {
        let hash = Secret::shown(token).hash();
        let hash = &hash;
        self.ports
            .transaction(&Scope::none(), |unit| async move {
                let user = unit
                    .user_tokens()
                    .take(TokenPurpose::VerifyEmail, hash, self.ports.clock.now())
                    .await?
                    .ok_or_else(expired)?;
                unit.auth().mark_verified(user).await?;
                let event = AuditEvent {
                    entity_id: Some(user.0),
                    user: Some(user),
                    old_values: Some(json!({ "is_verified": false })),
                    new_values: Some(json!({ "is_verified": true })),
                    ..AuditEvent::new("user.email_verified", "user", AuditAction::Update)
                };
                unit.audit_log().record(context, event).await?;
                Ok(())
            })
            .await
    }
}
