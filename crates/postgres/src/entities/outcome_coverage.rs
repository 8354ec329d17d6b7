//! `outcome_coverage`: the coverage of each owner's company outcomes.

use accunode_domain::{
    Timestamp,
    outcome::{Coverage, CoverageDays, Definition},
};
use accunode_ports::RepositoryError;
use sea_orm::{ActiveValue::Set, entity::prelude::*};
use time::Date as Day;

use super::Named;
use crate::{
    row::{RowRef, owner_of},
    tenant::TenantEntity,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outcome_coverage")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) definition: Named<Definition>,
    pub(crate) complete_from: Day,
    pub(crate) complete_through: Day,
    pub(crate) note: Option<String>,
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
    pub(crate) fn into_coverage(self) -> Result<Coverage, RepositoryError> {
        let row = RowRef {
            table: "outcome_coverage",
            id: self.id,
        };
        let (owner, _) = owner_of(
            row,
            &self.access_level,
            self.organization_id,
            self.created_by,
        )?;
        Ok(Coverage {
            definition: row.known("definition", self.definition)?,
            days: CoverageDays {
                complete_from: self.complete_from,
                complete_through: self.complete_through,
                note: self.note,
            },
            owner,
            updated_at: self.updated_at,
            row_version: self.row_version,
        })
    }
}

impl ActiveModel {
    /// Returns the columns of a coverage.
    pub(crate) fn of(definition: Definition, days: &CoverageDays) -> Self {
        Self {
            definition: Set(definition.into()),
            complete_from: Set(days.complete_from),
            complete_through: Set(days.complete_through),
            note: Set(days.note.clone()),
            ..Default::default()
        }
    }
}
