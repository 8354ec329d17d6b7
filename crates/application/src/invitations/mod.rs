//! Use cases of invitations into organizations.

mod accept;
mod invite;
mod list;
mod preview;
mod withdraw;

use std::sync::Arc;

use accunode_domain::{access::Denial, id::OrganizationId, invitation::Invitation};
use serde_json::{Value, json};

pub use accept::AcceptInvitation;
pub use invite::Invite;
pub use preview::InvitationPreview;

use crate::{Caller, Error, Ports};

/// The use cases of invitations into organizations.
#[derive(Clone, Debug)]
pub struct Invitations {
    pub(crate) ports: Arc<Ports>,
}

impl Invitations {
    /// Checks that the caller administers an organization and that it exists.
    async fn administered(&self, caller: &Caller, id: OrganizationId) -> Result<(), Error> {
        let refused = |denial: Denial| Error::denied(denial, "organization");
        caller.actor.inspect_organization(id).map_err(refused)?;
        match self.ports.store.organizations().find(id).await? {
            Some(_) => Ok(()),
            None => Err(Error::not_found("organization")),
        }
    }
}

/// The values of an invitation in the audit log.
fn values(invitation: &Invitation) -> Value {
    json!({
        "email": invitation.email,
        "role": invitation.role,
        "organization_id": invitation.organization,
    })
}
