//! Invitations into organizations.

use accunode_domain::{
    Timestamp,
    access::Assignment,
    id::{InvitationId, OrganizationId, UserId},
    invitation::Invitation,
    page::{Cursor, Limit, Page},
    secret::SecretHash,
    user::Email,
};
use async_trait::async_trait;

use crate::RepositoryError;

/// An invitation to be stored.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// Its id; one that is made anew keeps its own.
    pub id: InvitationId,
    /// Role and organization, as somebody may give them.
    pub assignment: Assignment,
    /// Who is invited.
    pub email: Email,
    /// Of the token that goes out by mail.
    pub token_hash: SecretHash,
    /// By whom.
    pub invited_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// Until when it may be accepted.
    pub expires_at: Timestamp,
}

/// Invitations. Who may see and change those of an organization is decided before asking.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait InvitationRepository: Send + Sync {
    /// Stores an invitation. One of the same address into the same organization that
    /// nobody has accepted is made anew: the token that was sent before is worth
    /// nothing any more.
    ///
    /// # Errors
    /// `Conflict` on `fk_invitations_organization` for an organization that is not there.
    async fn add(&self, invitation: &NewInvitation) -> Result<Invitation, RepositoryError>;
    /// The one of this address into this organization that nobody has accepted, held
    /// until the unit of work ends.
    async fn waiting(
        &self,
        organization: OrganizationId,
        email: &Email,
    ) -> Result<Option<Invitation>, RepositoryError>;
    /// By its token, whatever has become of it, held until the unit of work ends.
    async fn by_token(&self, token: &SecretHash) -> Result<Option<Invitation>, RepositoryError>;
    /// Notes by whom and when it was accepted.
    ///
    /// # Errors
    /// `Stale` where it is not waiting any more.
    async fn accept(
        &self,
        id: InvitationId,
        by: UserId,
        at: Timestamp,
    ) -> Result<(), RepositoryError>;
    /// A page of an organization's, newest first.
    async fn list(
        &self,
        organization: OrganizationId,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Invitation>, RepositoryError>;
    /// Withdraws one that nobody has accepted, and gives it back; `None` where the
    /// organization has no such.
    async fn withdraw(
        &self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, RepositoryError>;
}
