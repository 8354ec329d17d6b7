//! A stranger makes an account.

use accunode_domain::{
    access::Scope,
    audit::{AuditAction, AuditEvent, RequestContext},
    fault::Fault,
    id::UserId,
    user::{Email, Password, Profile, Role, User},
};
use accunode_ports::repositories::NewUser;
use serde_json::json;

use super::Accounts;
use crate::Error;

/// What a stranger says of himself.
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

/// The parts of a registration after every check.
pub(super) fn check(form: &Registration) -> Result<(Email, Password, Profile), Vec<Fault>> {
    let mut faults = Vec::new();
    let email = Email::parse("/email", &form.email);
    // The password's rules need an address; where that is wrong, none can be contained in it.
    let stand_in = Email::from_stored(String::new());
    let password = Password::new(
        "/password",
        &form.password,
        email.as_ref().unwrap_or(&stand_in),
    );
    let profile = Profile::parse(
        form.first_name.as_deref(),
        form.last_name.as_deref(),
        form.phone.as_deref(),
        &mut faults,
    );
    match (email, password) {
        (Ok(email), Ok(password)) if faults.is_empty() => Ok((email, password, profile)),
        (email, password) => {
            faults.extend(email.err());
            faults.extend(password.err());
            Err(faults)
        }
    }
}

impl Accounts {
    /// Makes an account with the role `user`. Without a mail server nobody can
    /// verify the address, so it counts as verified at once.
    ///
    /// # Errors
    /// `registration_closed`, every fault of the form, `email_taken`.
    pub async fn register(
        &self,
        form: &Registration,
        context: &RequestContext,
    ) -> Result<User, Error> {
        if !self.ports.settings.registration_open {
            return Err(Error::Denied {
                code: "registration_closed",
                detail: "accounts are made by an administrator here".to_owned(),
            });
        }
        let (email, password, profile) = check(form).map_err(Error::Invalid)?;
        self.add_user(email, password, profile, Role::User, context)
            .await
    }

    pub(super) async fn add_user(
        &self,
        email: Email,
        password: Password,
        profile: Profile,
        role: Role,
        context: &RequestContext,
    ) -> Result<User, Error> {
        let password_hash = self.ports.hasher.hash(password).await?;
        let new = NewUser {
            id: UserId(self.ports.ids.new_id()),
            email,
            password_hash,
            role,
            organization: None,
            profile,
            is_verified: true,
        };
        let unit = self.ports.store.begin(&Scope::nobody()).await?;
        let user = unit.users().add(&new).await?;
        let event = AuditEvent {
            entity_id: Some(user.id.0),
            user: Some(user.id),
            actor_email: Some(user.email.as_str().to_owned()),
            new_values: Some(json!({ "email": user.email, "role": role })),
            ..AuditEvent::new("user.registered", "user", AuditAction::Create)
        };
        unit.audit().record(context, event).await?;
        unit.commit().await?;
        Ok(user)
    }
}
