//! `login_challenges`: logins that wait for a second factor.

use accunode_domain::Timestamp;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "login_challenges")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) token_hash: String,
    pub(crate) user_id: Uuid,
    pub(crate) attempts: i16,
    pub(crate) expires_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
