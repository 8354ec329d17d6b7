//! Invitations to organizations.

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
    /// Its id; a renewed invitation keeps its own.
    pub id: InvitationId,
    /// The role and organization, which the inviting user may assign.
    pub assignment: Assignment,
    /// The address of the invited user.
    pub email: Email,
    /// The hash of the token that is sent by mail.
    pub token_hash: SecretHash,
    /// The user who invites.
    pub invited_by: UserId,
    /// The time of creation.
    pub created_at: Timestamp,
    /// Until when it may be accepted.
    pub expires_at: Timestamp,
}

/// Reads invitations. The use case decides who may see those of an organization.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait InvitationRepository: Send + Sync {
    /// Returns an invitation by its token, whether or not it was accepted.
    async fn by_token(&self, token: &SecretHash) -> Result<Option<Invitation>, RepositoryError>;
    /// Returns a page of an organization's invitations, newest first.
    async fn list(
        &self,
        organization: OrganizationId,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Invitation>, RepositoryError>;
}

/// Changes invitations. Creating and withdrawing require an [`Assignment`], which only a
/// user who may assign that role in that organization has; accepting requires the token.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait InvitationWriter: Send + Sync {
    /// Stores an invitation. An invitation of the same address to the same organization
    /// that was not accepted is renewed, which invalidates its previous token.
    ///
    /// # Errors
    /// `Conflict` with `Other` if the organization does not exist.
    async fn add(&self, invitation: &NewInvitation) -> Result<Invitation, RepositoryError>;
    /// Returns the invitation of this address to this organization that was not accepted,
    /// locked until the unit of work ends.
    async fn lock_waiting(
        &self,
        organization: OrganizationId,
        email: &Email,
    ) -> Result<Option<Invitation>, RepositoryError>;
    /// Returns an invitation of the organization by id, if it was not accepted; locked
    /// until the unit of work ends.
    async fn lock(
        &self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, RepositoryError>;
    /// Returns an invitation by its token, whether or not it was accepted, locked until the
    /// unit of work ends.
    async fn lock_by_token(
        &self,
        token: &SecretHash,
    ) -> Result<Option<Invitation>, RepositoryError>;
    /// Stores who accepted an invitation and when.
    ///
    /// # Errors
    /// `Stale` if it is no longer pending.
    async fn accept(
        &self,
        id: InvitationId,
        by: UserId,
        at: Timestamp,
    ) -> Result<(), RepositoryError>;
    /// Deletes an invitation that was not accepted. The user must be able to create it:
    /// `may_invite` is for its role in its organization.
    ///
    /// # Errors
    /// `Stale` if there is none, or none any more, with that role in that organization.
    async fn withdraw(
        &self,
        may_invite: Assignment,
        id: InvitationId,
    ) -> Result<(), RepositoryError>;
}
