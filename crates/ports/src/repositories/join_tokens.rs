//! Joining an organization: its token, its allowed addresses, and the membership.

use accunode_domain::{
    Timestamp,
    access::{Admission, JoinTarget, OrganizationGrant},
    id::{OrganizationId, UserId},
    page::{Cursor, Limit, Page},
    secret::SecretHash,
    user::Email,
};
use async_trait::async_trait;

use crate::RepositoryError;

/// An address that may join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedEmail {
    /// The address.
    pub email: Email,
    /// The user who listed it, unless they were deleted.
    pub created_by: Option<UserId>,
    /// When it was listed.
    pub created_at: Timestamp,
}

/// Reads the addresses that may join organizations.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait JoinTokenRepository: Send + Sync {
    /// Returns a page of the addresses that may join, A to Z. The cursor's key is the
    /// address, its id is nil.
    async fn allowed_emails(
        &self,
        organization: OrganizationId,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<AllowedEmail>, RepositoryError>;
}

/// Changes join tokens and allowed addresses by a grant for the organization, and lets users
/// join.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait JoinTokenWriter: Send + Sync {
    /// Sets the token of an organization, replacing an existing one; returns whether there
    /// was one.
    async fn put_token(
        &self,
        grant: OrganizationGrant,
        token: &SecretHash,
    ) -> Result<bool, RepositoryError>;
    /// Removes the token; returns whether there was one.
    async fn remove_token(&self, grant: OrganizationGrant) -> Result<bool, RepositoryError>;
    /// Returns what this token gives access to for a user with this address. Locks the
    /// organization until the unit of work ends, so that users join one at a time.
    async fn join_target(
        &self,
        token: &SecretHash,
        email: &Email,
    ) -> Result<Option<JoinTarget>, RepositoryError>;
    /// Makes a `user` a member of an organization; returns whether their role was `user`.
    ///
    /// # Errors
    /// `Conflict` with `OrganizationFull`.
    async fn admit(&self, admission: Admission) -> Result<bool, RepositoryError>;
    /// Adds an address to the list.
    ///
    /// # Errors
    /// `Conflict` with `AlreadyAllowed`.
    async fn allow(
        &self,
        grant: OrganizationGrant,
        email: &Email,
    ) -> Result<AllowedEmail, RepositoryError>;
    /// Removes an address from the list; returns whether it was listed.
    async fn disallow(
        &self,
        grant: OrganizationGrant,
        email: &Email,
    ) -> Result<bool, RepositoryError>;
}
