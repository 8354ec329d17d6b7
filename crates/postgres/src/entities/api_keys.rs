//! `api_keys`: API keys. `secret_hash` and `previous_hash` are SHA-256.

use accunode_domain::{
    Timestamp,
    access::KeyScope,
    api_key::ApiKey,
    id::{ApiKeyId, OrganizationId, UserId},
};
use accunode_ports::RepositoryError;
use sea_orm::entity::prelude::*;

use super::users;
use crate::row::RowRef;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) organization_id: Option<Uuid>,
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) secret_hash: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) last_used_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) previous_hash: Option<String>,
    pub(crate) previous_until: Option<Timestamp>,
    #[sea_orm(belongs_to, from = "user_id", to = "id")]
    pub(crate) user: BelongsTo<users::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Returns the key, without its hashes.
    pub(crate) fn into_key(self) -> Result<ApiKey, RepositoryError> {
        let row = RowRef {
            table: "api_keys",
            id: self.id,
        };
        let scopes: Result<Vec<KeyScope>, _> =
            self.scopes.iter().map(|scope| scope.parse()).collect();
        Ok(ApiKey {
            id: ApiKeyId(self.id),
            owner: UserId(self.user_id),
            organization: self.organization_id.map(OrganizationId),
            name: self.name,
            prefix: self.prefix,
            scopes: scopes.map_err(|unknown| row.corrupt_by("scopes", unknown))?,
            expires_at: self.expires_at,
            last_used_at: self.last_used_at,
            previous_until: self.previous_until,
            created_at: self.created_at,
        })
    }
}
