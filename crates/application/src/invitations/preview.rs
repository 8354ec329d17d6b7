//! What an invitation is for, before it is accepted.

use accunode_domain::{invitation::Invitation, secret::Secret, user::Email};

use super::Invitations;
use crate::Error;

/// An invitation as anyone who has its token may see it: what its mail says, and what accepting it
/// would tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationPreview {
    /// Whom it is for, as what, and until when.
    pub invitation: Invitation,
    /// The name of the organization.
    pub organization_name: String,
    /// The address of the user who invites.
    pub invited_by: Email,
    /// Whether the address has an account, whose user must sign in to accept.
    pub has_account: bool,
}

impl Invitations {
    /// What the invitation with this token is for. Looking at it changes nothing.
    ///
    /// # Errors
    /// `Gone("token_expired")` where it cannot be accepted: the same for a token that is
    /// unknown, used, withdrawn or too old, and one whose sender may not invite so any more.
    #[tracing::instrument(name = "invitations.preview", level = "debug", skip_all)]
    pub async fn preview(&self, token: &str) -> Result<InvitationPreview, Error> {
        let store = &self.ports.store;
        let token = Secret::shown(token).hash();
        let invitation = self.open(store.invitations().by_token(&token).await?)?;
        let offer = super::accept::still_offered(store.as_ref(), &invitation).await?;
        let account = store.users().by_email(&invitation.email).await?;
        Ok(InvitationPreview {
            organization_name: offer.organization_name,
            invited_by: offer.invited_by,
            has_account: account.is_some(),
            invitation,
        })
    }
}
