//! Users and the organizations they belong to.

use accunode_domain::{
    Timestamp,
    id::{OrganizationId, UserId},
    organization::Membership,
    user::{Email, Profile, Role, User},
};
use async_trait::async_trait;

use crate::RepositoryError;

/// A user and the hash of their password, for the login alone.
#[derive(Clone)]
pub struct Credentials {
    /// Who they are.
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

/// An account to be made.
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
    /// Set exactly where the role needs one (I1).
    pub organization: Option<OrganizationId>,
    /// Names and telephone number.
    pub profile: Profile,
    /// Whether the address is known to be theirs.
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

/// What has become of a user since they were read.
#[derive(Clone, Debug, PartialEq)]
pub enum UserFreshness {
    /// Neither users nor organizations have changed: what was worked out holds.
    Unchanged,
    /// Something has changed, perhaps of another user: them, anew.
    Changed {
        /// Who they are now.
        user: Box<User>,
        /// Their organization, where they have one.
        membership: Option<Membership>,
        /// The tenancy version at which both were read.
        version: i64,
    },
    /// They are not there any more.
    Gone,
}

/// A hash that replaces one of the same password, for newer parameters.
#[derive(Clone, Copy)]
pub struct Rehashed<'a> {
    /// The hash that the password fitted.
    pub old: &'a str,
    /// The new one.
    pub new: &'a str,
}

impl std::fmt::Debug for Rehashed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rehashed(…)")
    }
}

/// Reads users. They are not tenant rows; who may see whom is decided before asking.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AuthRepository: Send + Sync {
    /// By e-mail address, with the password's hash.
    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, RepositoryError>;
    /// By id, with what the access rules need of their organization and the
    /// tenancy version at which both were read, in one statement.
    async fn with_membership(
        &self,
        id: UserId,
    ) -> Result<Option<(User, Option<Membership>, i64)>, RepositoryError>;
    /// The children of a root; none for an organization that has no children or is not there.
    async fn children(&self, root: OrganizationId) -> Result<Vec<OrganizationId>, RepositoryError>;
    /// How a user differs from what was read at the tenancy version `known`, in one
    /// statement: any change of users and organizations moves that version.
    async fn current(&self, id: UserId, known: i64) -> Result<UserFreshness, RepositoryError>;
}

/// Changes the accounts of users who sign in, register or prove who they are: what they show
/// (a password, the token of a mail) is the proof, and there is no actor yet.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AuthWriter: Send + Sync {
    /// Stores an account.
    ///
    /// # Errors
    /// `Conflict` with `EmailTaken`.
    async fn add(&self, user: &NewUser) -> Result<User, RepositoryError>;
    /// Stores when a user signed in, and a new hash where the parameters have changed and the
    /// password has not meanwhile. Moves neither the row's version nor the tenancy's.
    async fn record_login<'a>(
        &self,
        id: UserId,
        at: Timestamp,
        rehashed: Option<Rehashed<'a>>,
    ) -> Result<(), RepositoryError>;
    /// Stores another password's hash, and ends what the one before began: logins that
    /// wait for a second factor, and links to choose another.
    async fn set_password(&self, id: UserId, hash: &str) -> Result<(), RepositoryError>;
    /// Stores that the user has shown that the address is theirs.
    async fn mark_verified(&self, id: UserId) -> Result<(), RepositoryError>;
}
