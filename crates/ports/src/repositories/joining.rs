//! Joining an organization: its token, the addresses it lets in, and the act itself.

use accunode_domain::{
    Timestamp,
    access::Door,
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
    /// Who listed it, unless he is gone.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
}

/// Join tokens and allowed addresses.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait JoiningRepository: Send + Sync {
    /// Gives an organization a token, in place of the one it may have; answers whether
    /// it had one.
    async fn put_token(
        &self,
        organization: OrganizationId,
        token: &SecretHash,
        by: UserId,
    ) -> Result<bool, RepositoryError>;
    /// Takes the token away; answers whether there was one.
    async fn remove_token(&self, organization: OrganizationId) -> Result<bool, RepositoryError>;
    /// What this token opens for somebody with this address. Locks the
    /// organization until the unit of work ends: people who join it come one by one.
    async fn door(
        &self,
        token: &SecretHash,
        email: &Email,
    ) -> Result<Option<Door>, RepositoryError>;
    /// Makes a `user` a member of an organization; answers whether he was one.
    ///
    /// # Errors
    /// `Conflict` on `organizations_max_users` where no seat is left.
    async fn admit(
        &self,
        user: UserId,
        organization: OrganizationId,
    ) -> Result<bool, RepositoryError>;
    /// A page of the addresses that may join, A to Z. The cursor's key is the address,
    /// its id nil.
    async fn allowed_emails(
        &self,
        organization: OrganizationId,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<AllowedEmail>, RepositoryError>;
    /// Lists an address.
    ///
    /// # Errors
    /// `Conflict` on `allowed_emails_pkey` where it is listed already.
    async fn allow(
        &self,
        organization: OrganizationId,
        email: &Email,
        by: UserId,
    ) -> Result<AllowedEmail, RepositoryError>;
    /// Strikes an address off the list; answers whether it was on it.
    async fn disallow(
        &self,
        organization: OrganizationId,
        email: &Email,
    ) -> Result<bool, RepositoryError>;
}
