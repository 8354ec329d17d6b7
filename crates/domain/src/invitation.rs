//! Invitations to an organization. The invited user decides, and chooses their own
//! password.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::{
    Timestamp,
    fault::text_enum,
    id::{InvitationId, OrganizationId, UserId},
    user::{Email, Role},
};

/// How long an invitation may be accepted, in days.
pub const VALID_DAYS: i64 = 7;

/// The status of an invitation. A withdrawn invitation is deleted.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum InvitationStatus {
    /// It has not been accepted yet.
    Pending,
    /// It was not accepted in time.
    Expired,
    /// A user has joined with it.
    Accepted,
}

text_enum!(InvitationStatus);

/// An invitation as stored. The hash of its token never leaves the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The organization.
    pub organization: OrganizationId,
    /// The address of the invited user.
    pub email: Email,
    /// The role that the user gets; a role that needs an organization.
    pub role: Role,
    /// The user who invited; `None` if that user was deleted.
    pub invited_by: Option<UserId>,
    /// Until when it may be accepted.
    pub expires_at: Timestamp,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// The user who accepted it.
    pub accepted_by: Option<UserId>,
    /// When it was created or renewed.
    pub created_at: Timestamp,
}

impl Invitation {
    /// Returns the status at the time `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> InvitationStatus {
        if self.accepted_at.is_some() {
            InvitationStatus::Accepted
        } else if now >= self.expires_at {
            InvitationStatus::Expired
        } else {
            InvitationStatus::Pending
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invitation_expires_at_its_time_unless_accepted() {
        let end = Timestamp::UNIX_EPOCH;
        let second = time::Duration::SECOND;
        let mut invitation = Invitation {
            id: InvitationId(uuid::Uuid::nil()),
            organization: OrganizationId(uuid::Uuid::nil()),
            email: Email::from_stored("ana@example.com".to_owned()),
            role: Role::OrgMember,
            invited_by: None,
            expires_at: end,
            accepted_at: None,
            accepted_by: None,
            created_at: end - second,
        };
        assert_eq!(invitation.status(end - second), InvitationStatus::Pending);
        assert_eq!(invitation.status(end), InvitationStatus::Expired);
        invitation.accepted_at = Some(end - second);
        assert_eq!(invitation.status(end + second), InvitationStatus::Accepted);
    }
}
