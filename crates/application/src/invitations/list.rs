//! Lists invitations.

use accunode_domain::{
    id::OrganizationId,
    invitation::{Invitation, InvitationStatus},
    page::{Cursor, Limit, Page},
};

use super::Invitations;
use crate::{Caller, Error};

impl Invitations {
    /// Returns a page of an organization's invitations, newest first, each with its status.
    /// Withdrawn invitations are deleted.
    ///
    /// # Errors
    /// `NotFound`; `field_forbidden` for members.
    #[tracing::instrument(name = "invitations.list", level = "debug", skip_all)]
    pub async fn list(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<(Invitation, InvitationStatus)>, Error> {
        self.administered(caller, organization).await?;
        let invitations = self.ports.store.invitations();
        let page = invitations.list(organization, limit, after).await?;
        let now = self.ports.clock.now();
        Ok(Page {
            rows: page
                .rows
                .into_iter()
                .map(|invitation| {
                    let status = invitation.status(now);
                    (invitation, status)
                })
                .collect(),
            next: page.next,
        })
    }
}
