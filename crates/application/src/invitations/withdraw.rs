//! Withdraws an invitation.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    id::{InvitationId, OrganizationId},
};

use super::{Invitations, values};
use crate::{Confirmed, Error};

impl Invitations {
    /// Withdraws an invitation that was not accepted: its token becomes invalid at once.
    /// Only a caller who could create it may.
    ///
    /// # Errors
    /// `NotFound`, also for an accepted invitation; `field_forbidden` for members,
    /// `role_not_assignable` for an invitation to the caller's own rank or above.
    #[tracing::instrument(name = "invitations.withdraw", level = "debug", skip_all)]
    pub async fn withdraw(
        &self,
        caller: &Confirmed,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<(), Error> {
        self.administered(caller, organization).await?;
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let actor = caller.renewed(&*unit).await?;
                let gone = unit.invitations().lock(organization, id).await?;
                let gone = gone.ok_or_else(|| Error::not_found("invitation"))?;
                let may_invite = actor
                    .invite(gone.role, Some(organization))
                    .map_err(|denial| Error::denied(denial, "invitation"))?;
                unit.invitations().withdraw(may_invite, id).await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: Some(organization),
                    old_values: Some(values(&gone)),
                    ..AuditEvent::new("invitation.withdrawn", "invitation", AuditAction::Delete)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(())
            })
            .await
    }
}
