//! `rating_scales`: master scales of owners.

use accunode_domain::{
    Timestamp,
    id::RatingScaleId,
    rating_scale::{RatingScale, ScaleFacts, ScaleStatus},
    validation::MasterScale,
};
use accunode_ports::RepositoryError;
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::Named;
use crate::{
    errors::defect,
    row::{RowRef, owner_of},
    tenant::TenantEntity,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rating_scales")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) version: i32,
    pub(crate) status: Named<ScaleStatus>,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) grades: Json,
    pub(crate) on_buckets: bool,
    pub(crate) organization_id: Option<Uuid>,
    pub(crate) access_level: String,
    pub(crate) created_by: Uuid,
    pub(crate) row_version: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Generated from the three columns of the owner.
    pub(crate) owner_key: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}

impl TenantEntity for Entity {
    const ID: Column = Column::Id;
    const OWNER_KEY: Column = Column::OwnerKey;
    const ACCESS_LEVEL: Column = Column::AccessLevel;
    const ORGANIZATION_ID: Column = Column::OrganizationId;
    const CREATED_BY: Column = Column::CreatedBy;
    const ROW_VERSION: Column = Column::RowVersion;
}

impl Model {
    pub(crate) fn into_scale(self) -> Result<RatingScale, RepositoryError> {
        let row = RowRef {
            table: "rating_scales",
            id: self.id,
        };
        let (owner, created_by) = owner_of(
            row,
            &self.access_level,
            self.organization_id,
            self.created_by,
        )?;
        Ok(RatingScale {
            id: RatingScaleId(self.id),
            name: self.name,
            version: row.count("version", self.version)?,
            status: row.known("status", self.status)?,
            scale: row.json::<MasterScale>("grades", self.grades)?,
            owner,
            made: Some((created_by, self.created_at)),
            row_version: self.row_version,
        })
    }
}

impl ActiveModel {
    /// A scale that has no owner yet.
    pub(crate) fn of(id: RatingScaleId, facts: &ScaleFacts) -> Result<Self, RepositoryError> {
        let grades = serde_json::to_value(&facts.scale);
        let version = i32::try_from(facts.version);
        Ok(Self {
            id: Set(id.0),
            name: Set(facts.name.clone()),
            version: Set(version.map_err(|error| defect(error.to_string()))?),
            grades: Set(grades.map_err(|error| defect(error.to_string()))?),
            on_buckets: Set(facts.scale.is_on_buckets()),
            ..Default::default()
        })
    }
}
