//! `allowed_emails`: the addresses that may join an organization with its token.

use accunode_domain::Timestamp;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "allowed_emails")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) email: String,
    pub(crate) created_by: Option<Uuid>,
    pub(crate) created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
