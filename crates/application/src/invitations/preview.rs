//! Shows an invitation before it is accepted.

use accunode_domain::{invitation::Invitation, secret::Secret, user::Email};

use super::Invitations;
use crate::Error;

/// An invitation as anyone who has its token may see it: the content of the mail, and what
/// accepting it would reveal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationPreview {
    /// The invited address, its role and the time of expiry.
    pub invitation: Invitation,
    /// The name of the organization.
    pub organization_name: String,
    /// The e-mail address of the inviting user.
    pub invited_by: Email,
    /// Whether the address has an account. Its user must then sign in to accept.
    pub has_account: bool,
}

impl Invitations {
    /// Shows the invitation with this token. Changes nothing.
    ///
    /// # Errors
    /// `Gone("token_expired")` if the invitation cannot be accepted. The error is the same for a
    /// token that is unknown, used, withdrawn or too old, and for one whose sender may no longer
    /// invite.
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
