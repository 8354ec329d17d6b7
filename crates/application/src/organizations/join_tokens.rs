//! Join tokens of organizations, and the addresses that may use them.

use accunode_domain::{
    access::{OrganizationChange, OrganizationGrant},
    audit::{AuditAction, AuditEvent},
    id::OrganizationId,
    page::{Cursor, Limit, Page},
    secret::Secret,
    user::Email,
};
use accunode_ports::{UnitOfWork, repositories::AllowedEmail};
use serde_json::json;

use super::{Organizations, refused};
use crate::{Caller, Confirmed, Error, Idempotency, Replayable};

/// A join token, shown once.
#[derive(Clone, Debug)]
pub struct JoinToken {
    /// The token.
    pub secret: Secret,
    /// The URL of its page, with the token behind `#`.
    pub url: String,
}

impl Organizations {
    /// Checks that the caller may make this change to an organization, and that it exists.
    /// [`still_changeable`] checks again in the unit of work.
    async fn changeable(
        &self,
        caller: &Caller,
        id: OrganizationId,
        change: OrganizationChange,
    ) -> Result<(), Error> {
        caller
            .actor
            .change_organization(id, change)
            .map_err(refused)?;
        self.stored(id).await.map(|_| ())
    }

    /// Gives an organization a new join token. The previous one becomes invalid. The
    /// organization's `join_policy` decides which users it lets in.
    ///
    /// # Errors
    /// `NotFound`; `field_forbidden`.
    #[tracing::instrument(name = "organizations.put_join_token", level = "debug", skip_all)]
    pub async fn put_join_token(
        &self,
        caller: &Confirmed,
        id: OrganizationId,
    ) -> Result<JoinToken, Error> {
        self.changeable(caller, id, OrganizationChange::JoinToken)
            .await?;
        let secret = Secret::from_random("join", self.ports.randomness.bits());
        let actor = &caller.actor;
        let hash = &secret.hash();
        self.ports
            .transaction(&actor.scope(), |unit| async move {
                let grant =
                    still_changeable(&*unit, caller, id, OrganizationChange::JoinToken).await?;
                let replaced = unit.join_tokens().put_token(grant, hash).await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: Some(id),
                    metadata: json!({ "replaced": replaced }),
                    ..AuditEvent::new("join_token.created", "organization", AuditAction::Create)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(())
            })
            .await?;
        let url = self.ports.link("join", &secret);
        Ok(JoinToken { secret, url })
    }

    /// Removes an organization's join token.
    ///
    /// # Errors
    /// `NotFound`, also if it has none; `field_forbidden`.
    #[tracing::instrument(name = "organizations.remove_join_token", level = "debug", skip_all)]
    pub async fn remove_join_token(
        &self,
        caller: &Confirmed,
        id: OrganizationId,
    ) -> Result<(), Error> {
        self.changeable(caller, id, OrganizationChange::JoinToken)
            .await?;
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let grant =
                    still_changeable(&*unit, caller, id, OrganizationChange::JoinToken).await?;
                if !unit.join_tokens().remove_token(grant).await? {
                    return Err(Error::not_found("join token"));
                }
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: Some(id),
                    ..AuditEvent::new("join_token.removed", "organization", AuditAction::Delete)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(())
            })
            .await
    }

    /// Returns a page of the addresses that may join an organization, A to Z.
    ///
    /// # Errors
    /// `NotFound`; `field_forbidden`.
    #[tracing::instrument(name = "organizations.allowed_emails", level = "debug", skip_all)]
    pub async fn allowed_emails(
        &self,
        caller: &Caller,
        id: OrganizationId,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<AllowedEmail>, Error> {
        let actor = &caller.actor;
        actor.inspect_organization(id).map_err(refused)?;
        self.stored(id).await?;
        let join_tokens = self.ports.store.join_tokens();
        Ok(join_tokens.allowed_emails(id, limit, after).await?)
    }

    /// Adds an address that may join.
    ///
    /// # Errors
    /// `NotFound`; `field_forbidden`; `invalid_email`; `already_allowed`.
    #[tracing::instrument(name = "organizations.allow_email", level = "debug", skip_all)]
    pub async fn allow_email(
        &self,
        caller: &Confirmed,
        id: OrganizationId,
        email: &str,
        idempotency: Option<&Idempotency<'_, AllowedEmail>>,
    ) -> Result<Replayable<AllowedEmail>, Error> {
        self.changeable(caller, id, OrganizationChange::AllowedEmails)
            .await?;
        let email = Email::parse("/email", email).map_err(Error::invalid)?;
        let actor = &caller.actor;
        let email = &email;
        self.ports
            .transaction(&actor.scope(), |unit| async move {
                let change = OrganizationChange::AllowedEmails;
                let grant = still_changeable(&*unit, caller, id, change).await?;
                if let Some(answer) = Idempotency::claim(idempotency, &*unit, actor).await? {
                    return Ok(Replayable::Replayed(answer));
                }
                let allowed = unit.join_tokens().allow(grant, email).await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: Some(id),
                    new_values: Some(json!({ "email": email })),
                    ..AuditEvent::new("allowed_email.added", "organization", AuditAction::Create)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Idempotency::store(idempotency, &*unit, actor, &allowed).await?;
                Ok(Replayable::Fresh(allowed))
            })
            .await
    }

    /// Removes an address from the list. Users who have joined with it stay members.
    ///
    /// # Errors
    /// `NotFound`, also if it is not listed; `field_forbidden`.
    #[tracing::instrument(name = "organizations.disallow_email", level = "debug", skip_all)]
    pub async fn disallow_email(
        &self,
        caller: &Confirmed,
        id: OrganizationId,
        email: &str,
    ) -> Result<(), Error> {
        self.changeable(caller, id, OrganizationChange::AllowedEmails)
            .await?;
        let missing = || Error::not_found("e-mail address");
        let email = Email::parse("/email", email).map_err(|_| missing())?;
        let email = &email;
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let change = OrganizationChange::AllowedEmails;
                let grant = still_changeable(&*unit, caller, id, change).await?;
                if !unit.join_tokens().disallow(grant, email).await? {
                    return Err(missing());
                }
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: Some(id),
                    old_values: Some(json!({ "email": email })),
                    ..AuditEvent::new("allowed_email.removed", "organization", AuditAction::Delete)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(())
            })
            .await
    }
}

/// Checks that the caller, as currently stored, may make this change to an organization.
async fn still_changeable(
    unit: &dyn UnitOfWork,
    caller: &Confirmed,
    id: OrganizationId,
    change: OrganizationChange,
) -> Result<OrganizationGrant, Error> {
    let actor = caller.renewed(unit).await?;
    actor.change_organization(id, change).map_err(refused)
}
