//! Users and the organizations they belong to.

use accunode_domain::{
    Timestamp,
    id::{OrganizationId, UserId},
    organization::Membership,
    user::{Email, Profile, Role, User},
};
use async_trait::async_trait;

use crate::RepositoryError;

/// A user and the hash of their password, for the login only.
#[derive(Clone)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// The argon2id hash in PHC form.
    pub password_hash: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user.id)
            .finish_non_exhaustive()
    }
}

/// An account to be created.
#[derive(Clone)]
pub struct NewUser {
    /// Its id.
    pub id: UserId,
    /// Unique without regard to case.
    pub email: Email,
    /// The argon2id hash in PHC form.
    pub password_hash: String,
    /// The role.
    pub role: Role,
    /// The organization; set exactly if the role needs one (I1).
    pub organization: Option<OrganizationId>,
    /// Names and telephone number.
    pub profile: Profile,
    /// Whether the user has proved that the address is theirs.
    pub is_verified: bool,
}

impl std::fmt::Debug for NewUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewUser")
            .field("id", &self.id)
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// How a user has changed since they were read.
#[derive(Clone, Debug, PartialEq)]
pub enum UserFreshness {
    /// Neither users nor organizations have changed: the computed actor is current.
    Unchanged,
    /// Something has changed, possibly of another user: the user is read again.
    Changed {
        /// The user as currently stored.
        user: Box<User>,
        /// Their organization, if they have one.
        membership: Option<Membership>,
        /// The tenancy version at which both were read.
        version: i64,
    },
    /// The user no longer exists.
    Gone,
}

/// A new hash of the same password, for newer parameters.
#[derive(Clone, Copy)]
pub struct Rehashed<'a> {
    /// The hash that the password matched.
    pub old: &'a str,
    /// The new hash.
    pub new: &'a str,
}

impl std::fmt::Debug for Rehashed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rehashed(…)")
    }
}

/// Reads users. They are not tenant rows; the use case decides who may see them.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AuthRepository: Send + Sync {
    /// Returns a user by e-mail address, with the password's hash.
    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, RepositoryError>;
    /// Returns a user by id, with the properties of their organization that the access rules
    /// need and the tenancy version at which both were read, in one statement.
    async fn with_membership(
        &self,
        id: UserId,
    ) -> Result<Option<(User, Option<Membership>, i64)>, RepositoryError>;
    /// Returns the children of a root; none for an organization that has no children or does
    /// not exist.
    async fn children(&self, root: OrganizationId) -> Result<Vec<OrganizationId>, RepositoryError>;
    /// Returns how a user differs from what was read at the tenancy version `known`, in one
    /// statement: any change of users and organizations increments that version.
    async fn current(&self, id: UserId, known: i64) -> Result<UserFreshness, RepositoryError>;
}

/// Changes the accounts of users who sign in, register or prove their identity. The presented
/// secret (a password, the token of a mail) is the proof, because there is no actor yet.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AuthWriter: Send + Sync {
    /// Stores an account.
    ///
    /// # Errors
    /// `Conflict` with `EmailTaken`.
    async fn add(&self, user: &NewUser) -> Result<User, RepositoryError>;
    /// Stores when a user signed in, and a new hash if the parameters have changed and the
    /// password has not changed meanwhile. Increments neither the row's version nor the
    /// tenancy version.
    async fn record_login<'a>(
        &self,
        id: UserId,
        at: Timestamp,
        rehashed: Option<Rehashed<'a>>,
    ) -> Result<(), RepositoryError>;
    /// Stores the hash of a new password, and invalidates what the previous one began: logins
    /// that wait for a second factor, and links for resetting the password.
    async fn set_password(&self, id: UserId, hash: &str) -> Result<(), RepositoryError>;
    /// Stores that the user has proved that the address is theirs.
    async fn mark_verified(&self, id: UserId) -> Result<(), RepositoryError>;
}
