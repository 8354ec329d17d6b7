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

/// What a list of organizations is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrganizationFilter {
    /// Ranks by likeness of name and domain; such a list has no cursor.
    pub q: Option<String>,
    /// Only those that are, or are not, active.
    pub is_active: Option<bool>,
    /// Only the children of this root.
    pub parent: Option<OrganizationId>,
}

/// Everything of an organization that can be changed, as it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrganizationState {
    /// What describes it.
    #[serde(flatten)]
    pub profile: OrganizationProfile,
    /// The root it belongs to.
    pub parent_id: Option<OrganizationId>,
    /// Whether its members can work.
    pub is_active: bool,
    /// Whether its members are spared everyone's rows.
    pub hide_system_data: bool,
    /// Whether its members must show a second factor.
    pub require_second_factor: bool,
    /// Whether a second factor counts only once it was approved.
    pub second_factor_approval: bool,
    /// How many members it may have.
    pub max_users: Option<u32>,
    /// Who may join with its token.
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

/// A member of an organization that is deleted, for the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FormerMember {
    /// Who.
    pub id: UserId,
    /// The role they had.
    pub role: Role,
}

/// What goes with an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bereaved {
    /// Its members, who become `user`s.
    pub members: Vec<FormerMember>,
    /// Its children, which become roots.
    pub children: Vec<OrganizationId>,
    /// The files of its uploads, by their keys in the file store.
    pub files: Vec<String>,
    /// The owners of whose predictions some go with its companies: itself, and users
    /// with personal predictions on them.
    pub owners: Vec<Uuid>,
}

/// Reads organizations. They are not tenant rows: `among` says which there are, and `scope`
/// which rows are counted.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OrganizationRepository: Send + Sync {
    /// By id.
    async fn find(&self, id: OrganizationId) -> Result<Option<Organization>, RepositoryError>;
    /// A page of those that a user may list, by `created_at` or `name`.
    async fn list(
        &self,
        among: &Organizations,
        filter: &OrganizationFilter,
        sort: Sort,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Organization>, RepositoryError>;
    /// A root, but for `other_than`, whose name has this key ([`name_key`]): it looks like
    /// a name of that key. Only super_admins may be told which.
    ///
    /// [`name_key`]: accunode_domain::organization::OrganizationProfile::name_key
    async fn root_like(
        &self,
        name_key: &str,
        other_than: OrganizationId,
    ) -> Result<Option<OrganizationId>, RepositoryError>;
    /// What there is of each of these, in their order. `scope` is the reader's own: rows
    /// are counted within it.
    async fn stats(
        &self,
        scope: &Scope,
        of: &[OrganizationId],
    ) -> Result<Vec<OrganizationStats>, RepositoryError>;
}

/// Changes organizations, each by what the access rules have granted about it.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OrganizationWriter: Send + Sync {
    /// Stores an organization below the parent of the grant: anyone who may make one says how it
    /// begins.
    ///
    /// # Errors
    /// `Conflict` with `DomainTaken`, `NameTaken`, `NotARoot`.
    async fn add(
        &self,
        grant: OrganizationCreation,
        id: OrganizationId,
        state: &OrganizationState,
    ) -> Result<Organization, RepositoryError>;
    /// Changes what the grants are for to what it is in `state`, if the version still is
    /// `version`. What no grant is for stays as it is.
    ///
    /// # Errors
    /// `Stale`; `Conflict` as [`Self::add`] and with `OrganizationFull`; `Internal` for the
    /// grant of another organization.
    async fn update(
        &self,
        id: OrganizationId,
        grants: &[OrganizationGrant],
        state: &OrganizationState,
        version: i64,
    ) -> Result<Organization, RepositoryError>;
    /// What a removal would remove. Locks the organization until the unit of work ends, so
    /// that nothing is added meanwhile.
    async fn bereaved(&self, removal: OrganizationRemoval) -> Result<Bereaved, RepositoryError>;
    /// Removes the organization with its rows, if its version still is `version`: its members
    /// become `user`s, its children roots.
    ///
    /// # Errors
    /// `Stale`.
    async fn remove(
        &self,
        removal: OrganizationRemoval,
        version: i64,
    ) -> Result<(), RepositoryError>;
}
