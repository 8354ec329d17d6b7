//! `audit_logs`: the append-only log, partitioned by month.

use accunode_domain::{
    Timestamp,
    audit::{AuditAction, AuditRecord},
    id::{OrganizationId, UserId},
};
use accunode_ports::RepositoryError;
use sea_orm::entity::prelude::*;

use super::Named;
use crate::row::RowRef;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_logs")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) event_type: String,
    pub(crate) entity_type: String,
    pub(crate) entity_id: Option<Uuid>,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) actor_email: Option<String>,
    pub(crate) organization_id: Option<Uuid>,
    pub(crate) organization_name: Option<String>,
    pub(crate) action: Named<AuditAction>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub(crate) old_values: Option<Json>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub(crate) new_values: Option<Json>,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) metadata: Json,
    pub(crate) ip_address: Option<IpNetwork>,
    pub(crate) user_agent: Option<String>,
    pub(crate) request_id: Option<String>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_record(self) -> Result<AuditRecord, RepositoryError> {
        let row = RowRef {
            table: "audit_logs",
            id: self.id,
        };
        Ok(AuditRecord {
            id: self.id,
            event_type: self.event_type,
            entity_type: self.entity_type,
            entity_id: self.entity_id,
            user: self.user_id.map(UserId),
            actor_email: self.actor_email,
            organization: self.organization_id.map(OrganizationId),
            organization_name: self.organization_name,
            action: row.known("action", self.action)?,
            old_values: self.old_values,
            new_values: self.new_values,
            metadata: self.metadata,
            ip: self.ip_address.map(|network| network.ip()),
            user_agent: self.user_agent,
            request_id: self.request_id,
            created_at: self.created_at,
        })
    }
}
