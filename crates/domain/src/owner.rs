//! The owner of a row. A tenant row has exactly one owner.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};
use uuid::Uuid;

use crate::id::{OrganizationId, UserId};

/// How widely a row is shared. Access can be widened, never narrowed.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum AccessLevel {
    /// Only its creator.
    Personal,
    /// The members of one organization and the administrators of its tenant.
    Organization,
    /// Every user.
    System,
}

crate::fault::text_enum!(AccessLevel);

/// The owner of a row. The set of owners that a user may read is their
/// [`crate::access::Scope`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The system, whose rows every user may read.
    System,
    /// An organization.
    Organization(OrganizationId),
    /// One user.
    User(UserId),
}

impl Owner {
    /// Returns the key under which the database stores the owner; the nil UUID represents the
    /// system.
    #[must_use]
    pub const fn key(self) -> Uuid {
        match self {
            Self::System => Uuid::nil(),
            Self::Organization(id) => id.0,
            Self::User(id) => id.0,
        }
    }

    /// Returns the access level of this owner's rows.
    #[must_use]
    pub const fn level(self) -> AccessLevel {
        match self {
            Self::System => AccessLevel::System,
            Self::Organization(_) => AccessLevel::Organization,
            Self::User(_) => AccessLevel::Personal,
        }
    }

    /// Returns the organization, if the owner is one.
    #[must_use]
    pub const fn organization(self) -> Option<OrganizationId> {
        match self {
            Self::Organization(id) => Some(id),
            _ => None,
        }
    }

    /// Returns the owner of a stored row.
    ///
    /// Returns `None` if level and organization contradict each other (an organization's row
    /// without one, or the reverse).
    #[must_use]
    pub const fn of_row(
        level: AccessLevel,
        organization: Option<OrganizationId>,
        creator: UserId,
    ) -> Option<Self> {
        match (level, organization) {
            (AccessLevel::Personal, None) => Some(Self::User(creator)),
            (AccessLevel::Organization, Some(id)) => Some(Self::Organization(id)),
            (AccessLevel::System, None) => Some(Self::System),
            _ => None,
        }
    }
}
