//! An administrator has somebody choose a new password.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    id::UserId,
    user_token::TokenPurpose,
};
use serde_json::json;

use super::People;
use crate::{Caller, Error, accounts::Accounts, mail::MailSender};

impl People {
    /// Mails somebody below the caller's rank a link with which he chooses a new password.
    /// The caller never sees it, and the old password works until then: to keep somebody
    /// out, deactivate him.
    ///
    /// # Errors
    /// `NotFound`; `rank_too_low`, `key_forbidden`; `too_many_mails`.
    pub async fn reset_password(&self, caller: &Caller, id: UserId) -> Result<(), Error> {
        let person = self.administered(caller, id).await?;
        let user = Some(&person.user).filter(|user| user.is_active);
        let postage = match user {
            Some(user) => {
                let sender = MailSender::of(caller);
                let kind = TokenPurpose::ResetPassword.into();
                Some(self.ports.postage(kind, &user.email, sender).await?)
            }
            None => None,
        };
        let person = &person;
        let mail = self
            .ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let accounts = Accounts {
                    ports: self.ports.clone(),
                };
                let mail = accounts
                    .issue(&*unit, user, TokenPurpose::ResetPassword, postage)
                    .await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: person.user.organization,
                    metadata: json!({ "mailed": mail.is_some() }),
                    ..AuditEvent::new("user.password_reset_requested", "user", AuditAction::Update)
                };
                unit.audit()
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
