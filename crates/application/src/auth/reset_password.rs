//! Sets a new password without the old one.

use accunode_domain::{
    access::Scope,
    audit::{AuditAction, AuditEvent, RequestContext},
    secret::Secret,
    user::User,
    user_token::TokenPurpose,
};
use accunode_ports::mail::Message;

use super::{Auth, mail_token::expired};
use crate::{Error, mail::Letter};

impl Auth {
    /// Sets a new password by the token of a mail, and ends every session. The address
    /// counts as verified, too, because the token was read in its mailbox.
    ///
    /// # Errors
    /// `Gone("token_expired")`; `weak_password`, after which the token is still valid.
    #[tracing::instrument(name = "auth.reset_password", level = "debug", skip_all)]
    pub async fn reset_password(
        &self,
        token: &str,
        password: &str,
        context: &RequestContext,
    ) -> Result<(), Error> {
        let hash = Secret::shown(token).hash();
        let now = self.ports.clock.now();
        let purpose = TokenPurpose::ResetPassword;
        let store = &self.ports.store;
        let owner = store.user_tokens().find(purpose, &hash, now).await?;
        let owner = owner.ok_or_else(expired)?;
        let found = store.auth().with_membership(owner).await?;
        let user = found.map(|(user, ..)| user).filter(|user| user.is_active);
        let user = user.ok_or_else(expired)?;
        let password = self
            .ports
            .choose_password("/password", password, &user.email)
            .await?
            .map_err(Error::invalid)?;
        let password_hash = self.ports.hasher.hash(password).await?;
        self.end_sessions(user.id, None).await?;

        let (hash, user, password_hash) = (&hash, &user, &password_hash);
        self.ports
            .transaction(&Scope::none(), |unit| async move {
                let taken = unit.user_tokens().take(purpose, hash, now).await?;
                if taken != Some(user.id) {
                    return Err(expired());
                }
                unit.auth().set_password(user.id, password_hash).await?;
                unit.auth().mark_verified(user.id).await?;
                let event = AuditEvent {
                    entity_id: Some(user.id.0),
                    user: Some(user.id),
                    actor_email: Some(user.email.as_str().to_owned()),
                    organization: user.organization,
                    ..AuditEvent::new("user.password_reset", "user", AuditAction::Update)
                };
                unit.audit_log().record(context, event).await?;
                Ok(())
            })
            .await?;
        self.end_sessions(user.id, None).await?;
        self.ports.mail.post(Letter::notice(password_changed(user)));
        Ok(())
    }
}

/// The mail that notifies a user of a changed password.
pub(super) fn password_changed(user: &User) -> Message {
    Message {
        to: user.email.clone(),
        subject: "Your password was changed".to_owned(),
        text: "The password of your account on AccuNode was changed, and your other sessions \
               were ended. API keys go on: look at yours, and end those that you do not know.\n\n\
               If it was not you, ask for a new password at once and tell your administrator.\n"
            .to_owned(),
    }
}
