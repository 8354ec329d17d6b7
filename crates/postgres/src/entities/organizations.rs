//! `organizations`: a root and its children form a tenant.

use accunode_domain::{
    Timestamp,
    id::OrganizationId,
    organization::{JoinPolicy, Organization, OrganizationProfile, SizeCategory},
};
use accunode_ports::RepositoryError;
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::Named;
use crate::row::RowRef;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organizations")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) domain: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) industry: Option<String>,
    pub(crate) size_category: Option<Named<SizeCategory>>,
    pub(crate) is_active: bool,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) settings: Json,
    pub(crate) parent_id: Option<Uuid>,
    pub(crate) hide_system_data: bool,
    pub(crate) max_users: Option<i32>,
    pub(crate) join_policy: Named<JoinPolicy>,
    pub(crate) row_version: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) require_second_factor: bool,
    pub(crate) name_key: Option<String>,
    pub(crate) second_factor_approval: bool,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_organization(self) -> Result<Organization, RepositoryError> {
        let row = RowRef {
            table: "organizations",
            id: self.id,
        };
        let size_category = self
            .size_category
            .map(|size| row.known("size_category", size));
        let max_users = self.max_users.map(|seats| row.count("max_users", seats));
        Ok(Organization {
            id: OrganizationId(self.id),
            profile: OrganizationProfile {
                name: self.name,
                domain: self.domain,
                description: self.description,
                industry: self.industry,
                size_category: size_category.transpose()?,
                settings: row.json("settings", self.settings)?,
            },
            parent: self.parent_id.map(OrganizationId),
            is_active: self.is_active,
            hide_system_data: self.hide_system_data,
            require_second_factor: self.require_second_factor,
            second_factor_approval: self.second_factor_approval,
            max_users: max_users.transpose()?,
            join_policy: row.known("join_policy", self.join_policy)?,
            created_at: self.created_at,
            updated_at: self.updated_at,
            row_version: self.row_version,
        })
    }
}

impl ActiveModel {
    /// Sets this description, and the key by which its name is compared.
    pub(crate) fn describe(&mut self, profile: &OrganizationProfile) {
        self.name = Set(profile.name.clone());
        self.name_key = Set(Some(profile.name_key()));
        self.domain = Set(profile.domain.clone());
        self.description = Set(profile.description.clone());
        self.industry = Set(profile.industry.clone());
        self.size_category = Set(profile.size_category.map(Named::from));
        self.settings = Set(Json::Object(profile.settings.clone()));
    }
}
