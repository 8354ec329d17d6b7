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
    /// Role and organization, as a user may give them.
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

/// Reads invitations. Who may see those of an organization is decided before asking.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait InvitationRepository: Send + Sync {
    /// By its token, whether it was accepted or not.
    async fn by_token(&self, token: &SecretHash) -> Result<Option<Invitation>, RepositoryError>;
    /// A page of an organization's, newest first.
    async fn list(
        &self,
        organization: OrganizationId,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Invitation>, RepositoryError>;
}

/// Changes invitations. They are made and withdrawn by an [`Assignment`], which only a user
/// who may give that role in that organization has; anyone who accepts one has its token.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait InvitationWriter: Send + Sync {
    /// Stores an invitation. One of the same address into the same organization that
    /// was not accepted is made anew: the token that was sent before is worth
    /// nothing any more.
    ///
    /// # Errors
    /// `Conflict` with `Other` for an organization that is not there.
    async fn add(&self, invitation: &NewInvitation) -> Result<Invitation, RepositoryError>;
    /// The one of this address into this organization that was not accepted, locked
    /// until the unit of work ends.
    async fn lock_waiting(
        &self,
        organization: OrganizationId,
        email: &Email,
    ) -> Result<Option<Invitation>, RepositoryError>;
    /// By id, if the organization has it and it was not accepted; locked until the unit of
    /// work ends.
    async fn lock(
        &self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, RepositoryError>;
    /// By its token, whether it was accepted or not, locked until the unit of work ends.
    async fn lock_by_token(
        &self,
        token: &SecretHash,
    ) -> Result<Option<Invitation>, RepositoryError>;
    /// Stores by whom and when it was accepted.
    ///
    /// # Errors
    /// `Stale` where it is not waiting any more.
    async fn accept(
        &self,
        id: InvitationId,
        by: UserId,
        at: Timestamp,
    ) -> Result<(), RepositoryError>;
    /// Removes one that was not accepted, for a user who could make it: `may_invite` is for
    /// its role in its organization.
    ///
    /// # Errors
    /// `Stale` where there is none (any more) with that role in that organization.
    async fn withdraw(
        &self,
        may_invite: Assignment,
        id: InvitationId,
    ) -> Result<(), RepositoryError>;
}
