//! Lets a user choose a new password, on behalf of an administrator.

use accunode_domain::{
    access::Actor,
    audit::{AuditAction, AuditEvent},
    id::UserId,
    user_token::TokenPurpose,
};
use serde_json::json;

use super::{Users, refused};
use crate::{Confirmed, Error, auth::Auth, mail::MailSender};

impl Users {
    /// Mails a user below the caller's rank a link with which they choose a new password.
    /// The caller never sees it, and the old password works until then: to keep a user
    /// out, deactivate them.
    ///
    /// # Errors
    /// `NotFound`; `rank_too_low`; `too_many_mails`.
    #[tracing::instrument(name = "users.reset_password", level = "debug", skip_all)]
    pub async fn reset_password(&self, caller: &Confirmed, id: UserId) -> Result<(), Error> {
        let found = self.ports.store.users().find(id).await?;
        let found = found.ok_or_else(|| Error::not_found("user"))?;
        let allowed = caller.actor.administer_user(&found.subject());
        allowed.map_err(refused)?;
        let mail_permit = if found.user.is_active {
            let sender = MailSender::of(caller);
            let kind = TokenPurpose::ResetPassword.into();
            Some(
                self.ports
                    .mail_permit(kind, &found.user.email, sender)
                    .await?,
            )
        } else {
            None
        };
        let mail = self
            .ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let locked = self
                    .lock_user(&*unit, caller, id, Actor::administer_user)
                    .await?;
                let user = Some(&locked.record.user).filter(|user| user.is_active);
                let auth = Auth {
                    ports: self.ports.clone(),
                };
                let mail = auth
                    .issue(&*unit, user, TokenPurpose::ResetPassword, mail_permit)
                    .await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: locked.record.user.organization,
                    metadata: json!({ "mailed": mail.is_some() }),
                    ..AuditEvent::new("user.password_reset_requested", "user", AuditAction::Update)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(mail)
            })
            .await?;
        if let Some(mail) = mail {
            self.ports.mail.post(mail);
        }
        Ok(())
    }
}
