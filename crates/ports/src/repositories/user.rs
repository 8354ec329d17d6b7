//! Users, as administrators see them.

use accunode_domain::{
    access::{Directory, RoleGrant, Subject, UserGrant, UserRemoval},
    id::UserId,
    organization::Membership,
    page::{Cursor, Limit, Page},
    user::{Email, Profile, Role, User},
};
use async_trait::async_trait;

use crate::RepositoryError;

/// A user, and the properties of their organization that the access rules need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// The user as stored.
    pub user: User,
    /// Their organization and its state, if they have one.
    pub membership: Option<Membership>,
}

impl UserRecord {
    /// Returns the user as the access rules see them.
    #[must_use]
    pub fn subject(&self) -> Subject {
        let parent = self.membership.as_ref().and_then(|m| m.parent);
        Subject::new(&self.user, parent)
    }
}

/// The filter of a list of users, in addition to its directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Selects users whose name or address contains this text, ranked; such a list has no
    /// cursor.
    pub q: Option<String>,
    /// Any of these roles, as stored; all if empty.
    pub roles: Vec<Role>,
    /// Only users who are, or are not, active.
    pub is_active: Option<bool>,
}

/// The identity that replaces that of a deleted user.
#[derive(Clone)]
pub struct AnonymizedIdentity {
    /// An address that does not exist.
    pub email: Email,
    /// The hash of an unknown password.
    pub password_hash: String,
}

impl std::fmt::Debug for AnonymizedIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnonymizedIdentity")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// Reads users for administrators. They are not tenant rows; the use case decides who may
/// see them.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait UserRepository: Send + Sync {
    /// Returns a user by id.
    async fn find(&self, id: UserId) -> Result<Option<UserRecord>, RepositoryError>;
    /// Returns a user by e-mail address.
    async fn by_email(&self, email: &Email) -> Result<Option<UserRecord>, RepositoryError>;
    /// Returns a page of the users within `directory`, newest first; a directory that does
    /// not show users in full contains active users only.
    async fn list(
        &self,
        directory: &Directory,
        filter: &UserFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<UserRecord>, RepositoryError>;
}

/// Changes users, under grants for them.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait UserWriter: Send + Sync {
    /// Returns the existing users among these ids, in the order of their ids, locked until
    /// the unit of work ends: neither they nor their rights change meanwhile, except by a
    /// change of their organizations.
    async fn lock_for_update(&self, ids: &[UserId]) -> Result<Vec<UserRecord>, RepositoryError>;
    /// Changes names and telephone number and, with a grant to administer the user, whether
    /// they are active, if their version still is `version`. A deactivated user permanently
    /// loses their keys, pending links and pending logins.
    ///
    /// # Errors
    /// `Stale`; `Conflict` with `LastSuperAdmin` (I7).
    async fn update(
        &self,
        grant: UserGrant,
        profile: &Profile,
        is_active: bool,
        version: i64,
    ) -> Result<UserRecord, RepositoryError>;
    /// Gives a user the granted role, if their version still is `version`.
    ///
    /// # Errors
    /// `Stale`; `Conflict` with `LastSuperAdmin` (I7), with `OrganizationFull`, or with
    /// `Other` if the organization does not exist any more.
    async fn assign(&self, grant: RoleGrant, version: i64) -> Result<UserRecord, RepositoryError>;
    /// Permanently removes the identity of a user from their account, with everything with
    /// which they could sign in. Afterwards they are not active and have the role `user`.
    /// `email` is their previous address.
    ///
    /// # Errors
    /// `Stale`; `Conflict` with `LastSuperAdmin` (I7).
    async fn anonymize(
        &self,
        removal: UserRemoval,
        email: &Email,
        stand_in: &AnonymizedIdentity,
        version: i64,
    ) -> Result<UserRecord, RepositoryError>;
}
