//! Users as those see them who administer them.

use accunode_domain::{
    access::{Directory, RoleGrant, Subject, UserGrant, UserRemoval},
    id::UserId,
    organization::Membership,
    page::{Cursor, Limit, Page},
    user::{Email, Profile, Role, User},
};
use async_trait::async_trait;

use crate::RepositoryError;

/// A user, and what the rules need of their organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// As stored.
    pub user: User,
    /// What is known of their organization, where they have one.
    pub membership: Option<Membership>,
}

impl UserRecord {
    /// They, as the rules see them.
    #[must_use]
    pub fn subject(&self) -> Subject {
        let parent = self.membership.as_ref().and_then(|m| m.parent);
        Subject::new(&self.user, parent)
    }
}

/// What a list of users is narrowed to, beside whom one may list at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Ranks by where name or address has this text; such a list has no cursor.
    pub q: Option<String>,
    /// Any of these roles, as stored; all where there is none.
    pub roles: Vec<Role>,
    /// Only those who are, or are not, active.
    pub is_active: Option<bool>,
}

/// What takes the place of who a user was.
#[derive(Clone)]
pub struct AnonymizedIdentity {
    /// An address at which no one can be reached.
    pub email: Email,
    /// The hash of a password that no one knows.
    pub password_hash: String,
}

impl std::fmt::Debug for AnonymizedIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnonymizedIdentity")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// Reads users for those who administer them. They are not tenant rows; who may see whom is
/// decided before asking.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait UserRepository: Send + Sync {
    /// By id.
    async fn find(&self, id: UserId) -> Result<Option<UserRecord>, RepositoryError>;
    /// By e-mail address.
    async fn by_email(&self, email: &Email) -> Result<Option<UserRecord>, RepositoryError>;
    /// A page of those within `directory`, newest first; those who are not shown in full
    /// are active.
    async fn list(
        &self,
        directory: &Directory,
        filter: &UserFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<UserRecord>, RepositoryError>;
}

/// Changes users, each by what the access rules have granted about that user.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait UserWriter: Send + Sync {
    /// Those of these ids that there are, in the order of their ids, locked until the unit
    /// of work ends: neither they nor what they may do changes meanwhile, unless by a
    /// change of their organizations.
    async fn lock_for_update(&self, ids: &[UserId]) -> Result<Vec<UserRecord>, RepositoryError>;
    /// Changes names and telephone number and, by a grant to administer the user, whether
    /// they are active, if their version still is `version`. A user who is not active loses
    /// their keys, and the links and logins that wait, for good.
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
    /// Gives a user the role that was granted, if their version still is `version`.
    ///
    /// # Errors
    /// `Stale`; `Conflict` with `LastSuperAdmin` (I7), with `OrganizationFull`, or with
    /// `Other` where the organization is gone.
    async fn assign(&self, grant: RoleGrant, version: i64) -> Result<UserRecord, RepositoryError>;
    /// Removes for good who a user was: from their account and with everything by which they
    /// could sign in. They are not active and a `user` afterwards. `email` is the address
    /// that they had.
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
