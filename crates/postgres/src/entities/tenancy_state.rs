//! `tenancy_state`: one row with the version of all users and organizations.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tenancy_state")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: bool,
    pub(crate) version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
