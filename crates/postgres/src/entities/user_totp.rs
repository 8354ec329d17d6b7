//! `user_totp`: second factors: the encrypted secret and its confirmation.

use accunode_domain::Timestamp;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_totp")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) user_id: Uuid,
    pub(crate) secret: Vec<u8>,
    pub(crate) confirmed_at: Option<Timestamp>,
    pub(crate) last_step: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) enrolment_id: Uuid,
    pub(crate) waits_since: Option<Timestamp>,
    pub(crate) shown_from: Option<IpNetwork>,
    pub(crate) shown_by: Option<String>,
    pub(crate) approvers_told_at: Option<Timestamp>,
    pub(crate) approved_by: Option<Uuid>,
    /// Set by a trigger.
    pub(crate) waits_in: Option<Uuid>,
}

impl ActiveModelBehavior for ActiveModel {}
