//! Organizations.

use accunode_domain::{
    access::{OrganizationCreation, OrganizationGrant, OrganizationRemoval, Organizations, Scope},
    id::{OrganizationId, UserId},
    organization::{JoinPolicy, Organization, OrganizationProfile, OrganizationStats},
    page::{Cursor, Limit, Page, Sort},
    user::Role,
};
use async_trait::async_trait;
use serde::Serialize;
use uuid::Uuid;

use crate::RepositoryError;

/// The filters of a list of organizations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrganizationFilter {
    /// A search term: ranks by similarity of name and domain. Such a list has no cursor.
    pub q: Option<String>,
    /// Only active, or only inactive, organizations.
    pub is_active: Option<bool>,
    /// Only the children of this root.
    pub parent: Option<OrganizationId>,
}

/// The new state of everything that can be changed in an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrganizationState {
    /// The description.
    #[serde(flatten)]
    pub profile: OrganizationProfile,
    /// The root it belongs to.
    pub parent_id: Option<OrganizationId>,
    /// Whether the organization is active.
    pub is_active: bool,
    /// Whether system rows are hidden from its members.
    pub hide_system_data: bool,
    /// Whether its members must use a second factor.
    pub require_second_factor: bool,
    /// Whether a second factor counts only after approval.
    pub second_factor_approval: bool,
    /// The limit of members.
    pub max_users: Option<u32>,
    /// Who may join with its join token.
    pub join_policy: JoinPolicy,
}

impl From<&Organization> for OrganizationState {
    fn from(organization: &Organization) -> Self {
        Self {
            profile: organization.profile.clone(),
            parent_id: organization.parent,
            is_active: organization.is_active,
            hide_system_data: organization.hide_system_data,
            require_second_factor: organization.require_second_factor,
            second_factor_approval: organization.second_factor_approval,
            max_users: organization.max_users,
            join_policy: organization.join_policy,
        }
    }
}

/// A member of a deleted organization, for the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FormerMember {
    /// The user.
    pub id: UserId,
    /// The role they had.
    pub role: Role,
}

/// The rows that are affected by the deletion of an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeletionImpact {
    /// Its members, who become `user`s.
    pub members: Vec<FormerMember>,
    /// Its children, which become roots.
    pub children: Vec<OrganizationId>,
    /// The files of its uploads, by their keys in the file store.
    pub files: Vec<String>,
    /// The owners of predictions that are deleted with its companies: the organization, and users
    /// with personal predictions on them.
    pub owners: Vec<Uuid>,
}

/// Reads organizations. They are not tenant rows: `among` restricts the organizations, and `scope`
/// the rows that are counted.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OrganizationRepository: Send + Sync {
    /// Returns the organization with this id.
    async fn find(&self, id: OrganizationId) -> Result<Option<Organization>, RepositoryError>;
    /// Returns a page of the organizations that a user may list, by `created_at` or `name`.
    async fn list(
        &self,
        among: &Organizations,
        filter: &OrganizationFilter,
        sort: Sort,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Organization>, RepositoryError>;
    /// Returns a root, other than `other_than`, whose name has this key ([`name_key`]) and
    /// therefore looks like a name with that key. Only super_admins may learn which one it is.
    ///
    /// [`name_key`]: accunode_domain::organization::OrganizationProfile::name_key
    async fn root_like(
        &self,
        name_key: &str,
        other_than: OrganizationId,
    ) -> Result<Option<OrganizationId>, RepositoryError>;
    /// Returns the counts for each of these organizations, in their order. `scope` is that of the
    /// reader: only rows within it are counted.
    async fn stats(
        &self,
        scope: &Scope,
        of: &[OrganizationId],
    ) -> Result<Vec<OrganizationStats>, RepositoryError>;
}

/// Changes organizations, each through a grant of the access rules.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OrganizationWriter: Send + Sync {
    /// Stores an organization below the parent of the grant. Any caller who may create one may
    /// choose its settings.
    ///
    /// # Errors
    /// `Conflict` with `DomainTaken`, `NameTaken`, `NotARoot`.
    async fn add(
        &self,
        grant: OrganizationCreation,
        id: OrganizationId,
        state: &OrganizationState,
    ) -> Result<Organization, RepositoryError>;
    /// Changes what the grants cover to its value in `state`, if the version is still `version`.
    /// Everything else stays the same.
    ///
    /// # Errors
    /// `Stale`; `Conflict` as for [`Self::add`] and with `OrganizationFull`; `Internal` for the
    /// grant of another organization.
    async fn update(
        &self,
        id: OrganizationId,
        grants: &[OrganizationGrant],
        state: &OrganizationState,
        version: i64,
    ) -> Result<Organization, RepositoryError>;
    /// Returns the rows that a removal would affect. Locks the organization until the unit of work
    /// ends, so that nothing is added in the meantime.
    async fn deletion_impact(
        &self,
        removal: OrganizationRemoval,
    ) -> Result<DeletionImpact, RepositoryError>;
    /// Removes the organization with its rows, if its version is still `version`: its members
    /// become `user`s, and its children roots.
    ///
    /// # Errors
    /// `Stale`.
    async fn remove(
        &self,
        removal: OrganizationRemoval,
        version: i64,
    ) -> Result<(), RepositoryError>;
}
