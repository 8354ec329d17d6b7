//! `default_definitions`: definitions of default of owners.

use accunode_domain::{
    Timestamp,
    default_definition::{
        DefaultDefinition, Definition, DefinitionBasis, DefinitionFacts, DefinitionTerms,
        OwnDefinition,
    },
    id::DefaultDefinitionId,
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
#[sea_orm(table_name = "default_definitions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) code: String,
    pub(crate) version: i32,
    pub(crate) name: String,
    pub(crate) basis: Named<DefinitionBasis>,
    pub(crate) days_past_due: Option<i16>,
    pub(crate) materiality: Option<String>,
    pub(crate) probation_days: Option<i16>,
    pub(crate) forbearance_probation_days: Option<i16>,
    pub(crate) source: Option<String>,
    pub(crate) retired_at: Option<Timestamp>,
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
    pub(crate) fn into_definition(self) -> Result<DefaultDefinition, RepositoryError> {
        let row = RowRef {
            table: "default_definitions",
            id: self.id,
        };
        let (owner, created_by) = owner_of(
            row,
            &self.access_level,
            self.organization_id,
            self.created_by,
        )?;
        let version = row.count("version", self.version)?;
        let own = OwnDefinition::new(&self.code, version).ok_or_else(|| row.corrupt("code"))?;
        // A CHECK of the column keeps them above 0.
        let days = |days: Option<i16>| days.map(i16::unsigned_abs);
        Ok(DefaultDefinition {
            id: DefaultDefinitionId(self.id),
            definition: Definition::Own(own),
            terms: DefinitionTerms {
                name: self.name,
                basis: row.known("basis", self.basis)?,
                days_past_due: days(self.days_past_due),
                materiality: self.materiality,
                probation_days: days(self.probation_days),
                forbearance_probation_days: days(self.forbearance_probation_days),
                source: self.source,
            },
            retired_at: self.retired_at,
            owner,
            made: Some((created_by, self.created_at)),
            row_version: self.row_version,
        })
    }
}

impl ActiveModel {
    /// A definition that has no owner yet.
    pub(crate) fn of(
        id: DefaultDefinitionId,
        facts: &DefinitionFacts,
    ) -> Result<Self, RepositoryError> {
        let days = |days: Option<u16>| days.map(i16::try_from).transpose();
        let wrong = |error: std::num::TryFromIntError| defect(error.to_string());
        let terms = &facts.terms;
        let version = i32::try_from(facts.definition.version());
        Ok(Self {
            id: Set(id.0),
            code: Set(facts.definition.code().to_owned()),
            version: Set(version.map_err(wrong)?),
            name: Set(terms.name.clone()),
            basis: Set(terms.basis.into()),
            days_past_due: Set(days(terms.days_past_due).map_err(wrong)?),
            materiality: Set(terms.materiality.clone()),
            probation_days: Set(days(terms.probation_days).map_err(wrong)?),
            forbearance_probation_days: Set(days(terms.forbearance_probation_days).map_err(wrong)?),
            source: Set(terms.source.clone()),
            ..Default::default()
        })
    }
}
