//! DTOs of invitations.

use crate::http::body::RequestBody;
use accunode_application::invitations::{InvitationPreview, Invite};
use accunode_domain::{
    id::OrganizationId,
    invitation::{Invitation, InvitationStatus},
    user::Role,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::enums::{InvitationStatusName, RoleName};

/// Who is to be invited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvitation {
    #[schema(example = "ada@example.com", max_length = 255)]
    email: String,
    /// One that belongs to an organization, below one's own rank.
    #[schema(value_type = RoleName, example = "org_member")]
    role: Role,
    /// One's own where none is named.
    organization_id: Option<Uuid>,
}

impl RequestBody for NewInvitation {}

impl From<NewInvitation> for Invite {
    fn from(body: NewInvitation) -> Self {
        Self {
            email: body.email,
            role: body.role,
            organization: body.organization_id.map(OrganizationId),
        }
    }
}

/// What an invitation is for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvitationPreview)]
pub(crate) struct InvitationPreviewDto {
    /// The name of the organization that they are invited into.
    #[schema(example = "Example Bank")]
    organization_name: String,
    /// Who is invited.
    #[schema(example = "ada@example.com")]
    email: String,
    /// What they are to be there.
    #[schema(value_type = RoleName)]
    role: Role,
    /// The e-mail address of the user who invites.
    #[schema(example = "ben@example.com")]
    invited_by_email: String,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// Whether the address has an account: then its user signs in to accept, and chooses no
    /// password.
    has_account: bool,
}

impl From<InvitationPreview> for InvitationPreviewDto {
    fn from(preview: InvitationPreview) -> Self {
        let invitation = preview.invitation;
        Self {
            organization_name: preview.organization_name,
            email: invitation.email.as_str().to_owned(),
            role: invitation.role,
            invited_by_email: preview.invited_by.as_str().to_owned(),
            expires_at: invitation.expires_at,
            has_account: preview.has_account,
        }
    }
}

/// An invitation. Its token is in the mail and nowhere else.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(crate) struct InvitationDto {
    id: Uuid,
    organization_id: Uuid,
    #[schema(example = "ada@example.com")]
    email: String,
    #[schema(value_type = RoleName)]
    role: Role,
    #[schema(value_type = InvitationStatusName)]
    status: InvitationStatus,
    /// Null where that user is gone.
    invited_by: Option<Uuid>,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    accepted_at: Option<OffsetDateTime>,
    accepted_by: Option<Uuid>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl InvitationDto {
    /// The columns of an export.
    pub(crate) const COLUMNS: &[&str] = &[
        "id",
        "organization_id",
        "email",
        "role",
        "status",
        "invited_by",
        "expires_at",
        "accepted_at",
        "accepted_by",
        "created_at",
    ];
}

impl From<(Invitation, InvitationStatus)> for InvitationDto {
    fn from((invitation, status): (Invitation, InvitationStatus)) -> Self {
        Self {
            id: invitation.id.0,
            organization_id: invitation.organization.0,
            email: invitation.email.as_str().to_owned(),
            role: invitation.role,
            status,
            invited_by: invitation.invited_by.map(|id| id.0),
            expires_at: invitation.expires_at,
            accepted_at: invitation.accepted_at,
            accepted_by: invitation.accepted_by.map(|id| id.0),
            created_at: invitation.created_at,
        }
    }
}
