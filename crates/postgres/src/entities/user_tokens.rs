//! `user_tokens`: tokens that were sent by mail, as SHA-256.

use accunode_domain::{Timestamp, user_token::TokenPurpose};
use sea_orm::entity::prelude::*;

use super::Named;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_tokens")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) purpose: Named<TokenPurpose>,
    pub(crate) token_hash: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) used_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
