//! `recovery_codes`: the recovery codes of a second factor, as SHA-256.

use accunode_domain::Timestamp;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recovery_codes")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) code_hash: String,
    pub(crate) used_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
