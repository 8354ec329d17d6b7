//! An organization is made.

use accunode_domain::{
    access::fits_as_parent,
    audit::{AuditAction, AuditEvent},
    id::OrganizationId,
    organization::{Organization, OrganizationDraft},
};
use accunode_ports::repositories::{NewOrganization, OrganizationState};
use serde_json::json;

use super::{Organizations, refused};
use crate::{Caller, Done, Error, Once};

/// An organization to be made.
#[derive(Clone, Debug, Default)]
pub struct CreateOrganization {
    /// What describes it.
    pub draft: OrganizationDraft,
    /// The root it is to belong to; it is a root itself where none is named.
    pub parent: Option<OrganizationId>,
}

impl Organizations {
    /// Makes an organization: a child of one's own root, or as super_admin any.
    ///
    /// # Errors
    /// `role_forbidden`, `outside_scope`; `NotFound` for a parent that is not there;
    /// `not_a_root`; every fault of the draft; `domain_taken`.
    pub async fn create(
        &self,
        caller: &Caller,
        command: &CreateOrganization,
        once: Option<&Once<'_, Organization>>,
    ) -> Result<Done<Organization>, Error> {
        let actor = &caller.actor;
        actor.create_organization(command.parent).map_err(refused)?;
        if let Some(parent) = command.parent {
            let parent = self.stored(parent).await?;
            fits_as_parent(parent.parent.is_none(), false).map_err(refused)?;
        }
        let new = NewOrganization {
            id: OrganizationId(self.ports.ids.new_id()),
            profile: command.draft.check().map_err(Error::Invalid)?,
            parent: command.parent,
        };
        let unit = self.ports.store.begin(&actor.scope()).await?;
        if let Some(answer) = Once::take(once, &*unit, actor).await? {
            return Ok(Done::Replayed(answer));
        }
        let made = unit.organizations().add(&new).await?;
        let event = AuditEvent {
            entity_id: Some(made.id.0),
            organization: Some(made.id),
            new_values: Some(json!(OrganizationState::from(&made))),
            ..AuditEvent::new("organization.created", "organization", AuditAction::Create)
        };
        unit.audit()
            .record(&caller.context, caller.sign(event))
            .await?;
        Once::keep(once, &*unit, actor, &made).await?;
        unit.commit().await?;
        Ok(Done::Fresh(made))
    }
}
