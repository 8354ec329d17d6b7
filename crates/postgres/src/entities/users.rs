//! `users`: the accounts.

use accunode_domain::{
    Timestamp,
    id::{OrganizationId, UserId},
    organization::Membership,
    user::{Email, Profile, Role, User},
};
use accunode_ports::RepositoryError;
use sea_orm::{
    entity::prelude::*,
    sea_query::{ExprTrait, Func, Query, SimpleExpr},
};

use super::{Named, organizations};
use crate::row::RowRef;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) password_hash: String,
    pub(crate) role: Named<Role>,
    pub(crate) organization_id: Option<Uuid>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) is_verified: bool,
    pub(crate) is_active: bool,
    pub(crate) last_login: Option<Timestamp>,
    pub(crate) row_version: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub(crate) organization: BelongsTo<Option<organizations::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

/// A user without the password's hash.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub(crate) struct Account {
    id: Uuid,
    email: String,
    role: Named<Role>,
    organization_id: Option<Uuid>,
    first_name: Option<String>,
    last_name: Option<String>,
    phone: Option<String>,
    is_verified: bool,
    is_active: bool,
    last_login: Option<Timestamp>,
    row_version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// The properties of a user's organization that the access rules need.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "organizations::Entity")]
pub(crate) struct Home {
    id: Uuid,
    parent_id: Option<Uuid>,
    is_active: bool,
    hide_system_data: bool,
    require_second_factor: bool,
    #[sea_orm(from_expr = "children()")]
    children: Vec<Uuid>,
}

/// A user with the properties of their organization that the access rules need, read by one
/// statement.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub(crate) struct Member {
    #[sea_orm(nested)]
    account: Account,
    #[sea_orm(nested)]
    home: Option<Home>,
}

/// Returns the ids of the organizations whose parent is the user's organization.
fn children() -> SimpleExpr {
    const CHILD: &str = "child";
    let ids = Query::select()
        .column((CHILD, organizations::Column::Id))
        .from_as(organizations::Entity, CHILD)
        .and_where(
            Expr::col((CHILD, organizations::Column::ParentId))
                .equals((organizations::Entity, organizations::Column::Id)),
        )
        .order_by((CHILD, organizations::Column::Id), sea_orm::Order::Asc)
        .to_owned();
    Func::cust("ARRAY")
        .arg(SimpleExpr::SubQuery(None, Box::new(ids.into())))
        .into()
}

impl Model {
    /// Returns the user and the password's hash.
    pub(crate) fn into_credentials(self) -> Result<(User, String), RepositoryError> {
        let account = Account {
            id: self.id,
            email: self.email,
            role: self.role,
            organization_id: self.organization_id,
            first_name: self.first_name,
            last_name: self.last_name,
            phone: self.phone,
            is_verified: self.is_verified,
            is_active: self.is_active,
            last_login: self.last_login,
            row_version: self.row_version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        };
        Ok((account.into_user()?, self.password_hash))
    }
}

impl Account {
    /// Returns the user.
    pub(crate) fn into_user(self) -> Result<User, RepositoryError> {
        let row = RowRef {
            table: "users",
            id: self.id,
        };
        Ok(User {
            id: UserId(self.id),
            email: Email::from_stored(self.email),
            role: row.known("role", self.role)?,
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

impl Home {
    /// Returns the membership for the access rules.
    pub(crate) fn into_membership(self) -> Membership {
        Membership {
            organization: OrganizationId(self.id),
            parent: self.parent_id.map(OrganizationId),
            children: self.children.into_iter().map(OrganizationId).collect(),
            is_active: self.is_active,
            hide_system_data: self.hide_system_data,
            require_second_factor: self.require_second_factor,
        }
    }
}

impl Member {
    /// Returns the user and their membership, if they have one.
    pub(crate) fn into_parts(self) -> Result<(User, Option<Membership>), RepositoryError> {
        let membership = self.home.map(Home::into_membership);
        Ok((self.account.into_user()?, membership))
    }
}
