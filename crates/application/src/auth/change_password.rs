//! Changes the caller's password.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    fault::Fault,
};

use super::{Auth, reset_password::password_changed};
use crate::{Caller, Error, mail::Letter};

impl Auth {
    /// Sets a new password and ends the caller's other sessions. It does not count as a recent
    /// proof for sensitive operations, because the second factor is not checked here.
    ///
    /// # Errors
    /// `key_forbidden`; `LockedOut`; `wrong_password`; `weak_password`, also for the current one.
    #[tracing::instrument(name = "auth.change_password", level = "debug", skip_all)]
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: &str,
        new: &str,
    ) -> Result<(), Error> {
        let actor = &caller.actor;
        actor
            .require_user()
            .map_err(|denial| Error::denied(denial, "user"))?;
        self.own_session(caller).await?;
        self.prove(caller, current, "change_password").await?;
        if current == new {
            return Err(Error::invalid(Fault::new(
                "/new_password",
                "weak_password",
                "is the present one",
            )));
        }
        let password = self
            .ports
            .choose_password("/new_password", new, actor.email())
            .await?
            .map_err(Error::invalid)?;
        let hash = self.ports.hasher.hash(password).await?;
        let me = self.me(actor.user()).await?;
        self.end_sessions(actor.user(), caller.session).await?;

        let hash = &hash;
        self.ports
            .transaction(&actor.scope(), |unit| async move {
                unit.auth().set_password(actor.user(), hash).await?;
                let event = AuditEvent {
                    entity_id: Some(actor.user().0),
                    ..AuditEvent::new("user.password_changed", "user", AuditAction::Update)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(())
            })
            .await?;
        self.end_sessions(actor.user(), caller.session).await?;
        self.ports
            .mail
            .post(Letter::notice(password_changed(&me.user)));
        Ok(())
    }
}
