//! Joining an organization: its token, the addresses it lets in, and the act itself.

use accunode_domain::{
    Timestamp,
    access::{Admission, Door, OrganizationGrant},
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
    /// Who listed it, unless they are gone.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
}

/// Reads the addresses that may join organizations.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait JoiningRepository: Send + Sync {
    /// A page of the addresses that may join, A to Z. The cursor's key is the address,
    /// its id nil.
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
pub trait JoiningWriter: Send + Sync {
    /// Gives an organization a token, in place of the one it may have; answers whether
    /// it had one.
    async fn put_token(
        &self,
        grant: OrganizationGrant,
        token: &SecretHash,
    ) -> Result<bool, RepositoryError>;
    /// Removes the token; answers whether there was one.
    async fn remove_token(&self, grant: OrganizationGrant) -> Result<bool, RepositoryError>;
    /// What this token opens for a user with this address. Locks the
    /// organization until the unit of work ends: users who join it come one by one.
    async fn door(
        &self,
        token: &SecretHash,
        email: &Email,
    ) -> Result<Option<Door>, RepositoryError>;
    /// Makes a `user` a member of an organization; answers whether they were one.
    ///
    /// # Errors
    /// `Conflict` with `OrganizationFull`.
    async fn admit(&self, admission: Admission) -> Result<bool, RepositoryError>;
    /// Lists an address.
    ///
    /// # Errors
    /// `Conflict` with `AlreadyAllowed`.
    async fn allow(
        &self,
        grant: OrganizationGrant,
        email: &Email,
    ) -> Result<AllowedEmail, RepositoryError>;
    /// Removes an address from the list; answers whether it was on it.
    async fn disallow(
        &self,
        grant: OrganizationGrant,
        email: &Email,
    ) -> Result<bool, RepositoryError>;
}
