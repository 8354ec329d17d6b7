//! People as those see them who administer them.

use accunode_domain::{
    access::Subject,
    id::OrganizationId,
    user::{Email, User},
};
use async_trait::async_trait;

use crate::RepositoryError;

/// A person, and what the rules need of his organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// As stored.
    pub user: User,
    /// The root that his organization belongs to, where it is a child.
    pub parent: Option<OrganizationId>,
}

impl Member {
    /// He, as the rules see him.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject::new(&self.user, self.parent)
    }
}

/// An organization that somebody is to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The organization.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// The root it belongs to; `None` for a root.
    pub parent: Option<OrganizationId>,
}

/// People as members of organizations. They are not tenant rows; who may see and
/// change whom is decided before asking.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait MemberRepository: Send + Sync {
    /// By e-mail address.
    async fn by_email(&self, email: &Email) -> Result<Option<Member>, RepositoryError>;
    /// An organization that somebody is to join.
    async fn home(&self, id: OrganizationId) -> Result<Option<Home>, RepositoryError>;
}
