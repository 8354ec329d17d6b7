//! `invitations`: invitations to organizations.

use accunode_domain::{
    Timestamp,
    id::{InvitationId, OrganizationId, UserId},
    invitation::Invitation,
    user::{Email, Role},
};
use accunode_ports::RepositoryError;
use sea_orm::entity::prelude::*;

use super::Named;
use crate::row::RowRef;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) organization_id: Uuid,
    pub(crate) email: String,
    pub(crate) role: Named<Role>,
    pub(crate) token_hash: String,
    pub(crate) invited_by: Option<Uuid>,
    pub(crate) expires_at: Timestamp,
    pub(crate) accepted_at: Option<Timestamp>,
    pub(crate) accepted_by: Option<Uuid>,
    pub(crate) created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Returns the invitation, without its token.
    pub(crate) fn into_invitation(self) -> Result<Invitation, RepositoryError> {
        let row = RowRef {
            table: "invitations",
            id: self.id,
        };
        Ok(Invitation {
            id: InvitationId(self.id),
            organization: OrganizationId(self.organization_id),
            email: Email::from_stored(self.email),
            role: row.known("role", self.role)?,
            invited_by: self.invited_by.map(UserId),
            expires_at: self.expires_at,
            accepted_at: self.accepted_at,
            accepted_by: self.accepted_by.map(UserId),
            created_at: self.created_at,
        })
    }
}
