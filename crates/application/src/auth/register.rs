//! Registers an account.

use accunode_domain::{
    access::Scope,
    audit::{AuditAction, AuditEvent, RequestContext},
    id::UserId,
    user::{Email, Password, Profile, Role, User},
    user_token::TokenPurpose,
};
use accunode_ports::{repositories::NewUser, system::PasswordHasher};
use serde_json::json;

use super::{Auth, passwords::choose_password};
use crate::{
    Error, ErrorCode,
    mail::{MailKind, MailSender},
};

/// The form of a registration.
#[derive(Clone, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Registration {
    pub email: String,
    pub password: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub phone: Option<String>,
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registration")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// A registration that passed every check.
pub(super) struct Checked {
    email: Email,
    password: Password,
    profile: Profile,
}

impl Registration {
    /// Checks the form without creating an account.
    ///
    /// # Errors
    /// Every fault of the form.
    #[tracing::instrument(name = "auth.check", level = "debug", skip_all)]
    pub async fn check(&self, hasher: &dyn PasswordHasher) -> Result<(), Error> {
        self.checked(hasher).await.map(|_| ())
    }

    async fn checked(&self, hasher: &dyn PasswordHasher) -> Result<Checked, Error> {
        let mut faults = Vec::new();
        let email = Email::parse("/email", &self.email);
        // The password's rules need an address; a faulty one cannot be contained in the password.
        let stand_in = Email::from_stored(String::new());
        let known = email.as_ref().unwrap_or(&stand_in);
        let password = choose_password(hasher, "/password", &self.password, known);
        let password = password.await?;
        let profile = Profile::parse(
            self.first_name.as_deref(),
            self.last_name.as_deref(),
            self.phone.as_deref(),
            &mut faults,
        );
        match (email, password) {
            (Ok(email), Ok(password)) if faults.is_empty() => Ok(Checked {
                email,
                password,
                profile,
            }),
            (email, password) => {
                faults.extend(email.err());
                faults.extend(password.err());
                Err(Error::Invalid(faults))
            }
        }
    }
}

impl Auth {
    /// Creates an account with the role `user`, and sends a mail with which its address is
    /// verified. If mails do not reach users, the address counts as verified at once.
    ///
    /// # Errors
    /// `registration_closed`, every fault of the form, `email_taken`; `too_many_mails`.
    #[tracing::instrument(name = "auth.register", level = "debug", skip_all)]
    pub async fn register(
        &self,
        form: &Registration,
        context: &RequestContext,
    ) -> Result<User, Error> {
        if !self.ports.settings.registration_open {
            return Err(Error::Denied {
                code: ErrorCode::RegistrationClosed,
                detail: "accounts are made by an administrator here".to_owned(),
            });
        }
        let checked = self.check(form).await?;
        let is_verified = !self.ports.mail.delivers();
        self.add_user(checked, Role::User, is_verified, context)
            .await
    }

    /// Checks a registration and reports all faults together.
    pub(super) async fn check(&self, form: &Registration) -> Result<Checked, Error> {
        form.checked(&*self.ports.hasher).await
    }

    pub(super) async fn add_user(
        &self,
        checked: Checked,
        role: Role,
        is_verified: bool,
        context: &RequestContext,
    ) -> Result<User, Error> {
        let Checked {
            email,
            password,
            profile,
        } = checked;
        let mail_permit = if is_verified {
            None
        } else {
            let sender = MailSender::Stranger(context.ip);
            let mail_permit = self
                .ports
                .mail_permit(MailKind::Verification, &email, sender);
            Some(mail_permit.await?)
        };
        let password_hash = self.ports.hasher.hash(password).await?;
        let new = NewUser {
            id: UserId(self.ports.ids.new_id()),
            email,
            password_hash,
            role,
            organization: None,
            profile,
            is_verified,
        };
        let new = &new;
        let (user, mail) = self
            .ports
            .transaction(&Scope::none(), |unit| async move {
                let user = unit.auth().add(new).await?;
                let event = AuditEvent {
                    entity_id: Some(user.id.0),
                    user: Some(user.id),
                    actor_email: Some(user.email.as_str().to_owned()),
                    new_values: Some(json!({ "email": user.email, "role": role })),
                    ..AuditEvent::new("user.registered", "user", AuditAction::Create)
                };
                unit.audit_log().record(context, event).await?;
                let mail = match mail_permit {
                    None => None,
                    Some(_) => {
                        let purpose = TokenPurpose::VerifyEmail;
                        self.issue(&*unit, Some(&user), purpose, mail_permit)
                            .await?
                    }
                };
                Ok((user, mail))
            })
            .await?;
        if let Some(mail) = mail {
            self.ports.mail.post(mail);
        }
        Ok(user)
    }
}
