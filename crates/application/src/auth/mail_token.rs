//! Tokens that are sent to a user by mail: verification of the address, and a new password.
//! Neither the response nor its time reveals whether an address has an account: all that
//! depends on it happens after the response.

use accunode_domain::{
    access::Scope,
    audit::{AuditAction, AuditEvent, RequestContext},
    id::UserId,
    secret::Secret,
    user::{Email, User},
    user_token::TokenPurpose,
};
use accunode_ports::{UnitOfWork, mail::Message, repositories::NewUserToken};
use serde_json::json;

use super::{Auth, tried};
use crate::{
    Error, ErrorCode,
    mail::{Letter, MailKind, MailPermit, MailSender},
};

impl From<TokenPurpose> for MailKind {
    fn from(purpose: TokenPurpose) -> Self {
        match purpose {
            TokenPurpose::VerifyEmail => Self::Verification,
            TokenPurpose::ResetPassword => Self::PasswordReset,
        }
    }
}

impl Auth {
    /// Sends the verification mail again, if there is an account that needs it. All of it
    /// happens after the response.
    pub fn resend_verification(&self, email: &str, context: &RequestContext) {
        self.mail_token(email, TokenPurpose::VerifyEmail, context);
    }

    /// Sends a mail with which a new password can be chosen, if there is an account. All of
    /// it happens after the response.
    pub fn forgot_password(&self, email: &str, context: &RequestContext) {
        self.mail_token(email, TokenPurpose::ResetPassword, context);
    }

    fn mail_token(&self, email: &str, purpose: TokenPurpose, context: &RequestContext) {
        let (auth, email, context) = (self.clone(), email.to_owned(), context.clone());
        let letter = async move { auth.asked_for(&email, purpose, &context).await };
        self.ports.mail.write(letter);
    }

    /// Returns the mail that a user asked for, if there is one to send, and the event for
    /// the audit log.
    async fn asked_for(
        &self,
        email: &str,
        purpose: TokenPurpose,
        context: &RequestContext,
    ) -> Result<Option<Letter>, Error> {
        let (found, mail_permit) = match Email::parse("/email", email) {
            Ok(email) => {
                // The budget is consumed whether or not there is an account.
                let sender = MailSender::Stranger(context.ip);
                let mail_permit = self.ports.mail_permit(purpose.into(), &email, sender);
                let mail_permit = match mail_permit.await {
                    Ok(mail_permit) => Some(mail_permit),
                    Err(Error::TooMany { .. }) => None,
                    Err(error) => return Err(error),
                };
                let found = self.ports.store.auth().credentials(&email).await?;
                (found, mail_permit)
            }
            Err(_) => (None, None),
        };
        let user = found.map(|found| found.user).filter(|user| {
            user.is_active && (purpose == TokenPurpose::ResetPassword || !user.is_verified)
        });
        let user = &user;
        self.ports
            .transaction(&Scope::none(), |unit| async move {
                let mail = self
                    .issue(&*unit, user.as_ref(), purpose, mail_permit)
                    .await?;
                let event_type = match purpose {
                    TokenPurpose::VerifyEmail => "user.verification_requested",
                    TokenPurpose::ResetPassword => "user.password_reset_requested",
                };
                let event = AuditEvent {
                    entity_id: user.as_ref().map(|user| user.id.0),
                    organization: user.as_ref().and_then(|user| user.organization),
                    actor_email: tried(email),
                    metadata: json!({ "mailed": mail.is_some() }),
                    ..AuditEvent::new(event_type, "user", AuditAction::Update)
                };
                unit.audit_log().record(context, event).await?;
                Ok(mail)
            })
            .await
    }

    /// Creates a token that replaces the open one, and the mail that contains it, to be
    /// posted after the commit. Returns no mail without a user or postage, and none within
    /// a minute after the last one. The same statements run in every case.
    pub(crate) async fn issue(
        &self,
        unit: &dyn UnitOfWork,
        user: Option<&User>,
        purpose: TokenPurpose,
        mail_permit: Option<MailPermit>,
    ) -> Result<Option<Letter>, Error> {
        let user = user.filter(|_| mail_permit.is_some());
        let secret = Secret::from_random(purpose.kind(), self.ports.randomness.bits());
        let token = NewUserToken {
            id: self.ports.ids.new_id(),
            // A new id belongs to no user.
            user: user.map_or_else(|| UserId(self.ports.ids.new_id()), |user| user.id),
            purpose,
            hash: secret.hash(),
            now: self.ports.clock.now(),
        };
        let kept = unit.user_tokens().replace(&token).await?;
        Ok(user
            .filter(|_| kept)
            .zip(mail_permit)
            .map(|(user, mail_permit)| {
                let message = self.message(user, purpose, &secret);
                Letter::permitted(message, mail_permit)
            }))
    }

    fn message(&self, user: &User, purpose: TokenPurpose, secret: &Secret) -> Message {
        let to = user.email.clone();
        match purpose {
            TokenPurpose::VerifyEmail => Message {
                to,
                subject: "Confirm your e-mail address".to_owned(),
                text: format!(
                    "Someone, we hope you, made an account on AccuNode with this address.\n\n\
                     Confirm that it is yours, within {} days:\n{}\n\n\
                     If you know nothing of it, do nothing: without this the account cannot be used.\n",
                    purpose.lifetime().whole_days(),
                    self.ports.link("verify-email", secret),
                ),
            },
            TokenPurpose::ResetPassword => Message {
                to,
                subject: "Choose a new password".to_owned(),
                text: format!(
                    "Someone, we hope you, asked for a new password of your account on AccuNode.\n\n\
                     Choose it within {} minutes:\n{}\n\n\
                     If it was not you, do nothing: your password stays as it is. Anyone who has this \
                     link can take your account, so do not hand it on.\n",
                    purpose.lifetime().whole_minutes(),
                    self.ports.link("reset-password", secret),
                ),
            },
        }
    }
}

/// The error for a token that is unknown, used, replaced or too old.
pub(super) fn expired() -> Error {
    Error::Gone {
        code: ErrorCode::TokenExpired,
        detail: "this link was used, replaced by a newer one, or is too old; ask for another"
            .to_owned(),
    }
}
