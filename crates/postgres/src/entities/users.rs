//! `users`.

use accunode_domain::{
    id::{OrganizationId, UserId},
    user::{Email, Profile, User},
};
use accunode_ports::RepositoryError;
use sea_orm::entity::prelude::*;
use time::OffsetDateTime;

use crate::row::RowRef;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) password_hash: String,
    pub(crate) role: String,
    pub(crate) organization_id: Option<Uuid>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) is_verified: bool,
    pub(crate) is_active: bool,
    pub(crate) last_login: Option<OffsetDateTime>,
    pub(crate) row_version: i64,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The person, without the hash.
    pub(crate) fn into_user(self) -> Result<User, RepositoryError> {
        let place = RowRef {
            table: "users",
            id: self.id,
        };
        Ok(User {
            id: UserId(self.id),
            email: Email::from_stored(self.email),
            role: self.role.parse().map_err(|_| place.corrupt("role"))?,
            organization: self.organization_id.map(OrganizationId),
            profile: Profile {
                first_name: self.first_name,
                last_name: self.last_name,
                phone: self.phone,
            },
            is_verified: self.is_verified,
            is_active: self.is_active,
            last_login: self.last_login,
            created_at: self.created_at,
            updated_at: self.updated_at,
            row_version: self.row_version,
        })
    }
}
