//! `outcomes`: company outcomes.

use accunode_domain::{
    Timestamp,
    company::{CompanySnapshot, Symbol},
    id::{CompanyId, OutcomeId, UserId},
    outcome::{Definition, Outcome, OutcomeFacts, Withdrawal},
    validation::Event,
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
#[sea_orm(table_name = "outcomes")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) company_id: Uuid,
    pub(crate) company_symbol: String,
    pub(crate) company_name: String,
    pub(crate) company_sector: String,
    pub(crate) definition: Named<Definition>,
    pub(crate) event: Named<Event>,
    pub(crate) occurred_on: Day,
    pub(crate) technical: bool,
    pub(crate) reason_code: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) withdrawn_at: Option<Timestamp>,
    pub(crate) withdrawn_by: Option<Uuid>,
    pub(crate) withdrawn_reason: Option<String>,
    pub(crate) organization_id: Option<Uuid>,
    pub(crate) access_level: String,
    pub(crate) created_by: Uuid,
    pub(crate) row_version: i64,
    /// When it was recorded.
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Generated from the three columns of the owner.
    pub(crate) owner_key: Uuid,
    /// The upload that recorded it; its row is in the next column.
    pub(crate) bulk_job_id: Option<Uuid>,
    pub(crate) bulk_row: Option<i32>,
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
    pub(crate) fn into_outcome(self) -> Result<Outcome, RepositoryError> {
        let row = RowRef {
            table: "outcomes",
            id: self.id,
        };
        let (owner, created_by) = owner_of(
            row,
            &self.access_level,
            self.organization_id,
            self.created_by,
        )?;
        let withdrawn = match (self.withdrawn_at, self.withdrawn_by, self.withdrawn_reason) {
            (Some(at), Some(by), Some(reason)) => Some(Withdrawal {
                at,
                by: UserId(by),
                reason,
            }),
            (None, None, None) => None,
            _ => return Err(row.corrupt("withdrawn_at")),
        };
        Ok(Outcome {
            id: OutcomeId(self.id),
            company: CompanySnapshot {
                id: CompanyId(self.company_id),
                symbol: Symbol::from_stored(self.company_symbol),
                name: self.company_name,
                sector: self.company_sector,
            },
            facts: OutcomeFacts {
                definition: row.known("definition", self.definition)?,
                event: row.known("event", self.event)?,
                occurred_on: self.occurred_on,
                technical: self.technical,
                reason_code: self.reason_code,
                external_id: self.external_id,
                note: self.note,
            },
            withdrawn,
            owner,
            created_by,
            recorded_at: self.created_at,
            row_version: self.row_version,
        })
    }
}

impl ActiveModel {
    /// Returns the columns of an outcome without an owner.
    pub(crate) fn of(id: OutcomeId, company: &CompanySnapshot, facts: &OutcomeFacts) -> Self {
        Self {
            id: Set(id.0),
            company_id: Set(company.id.0),
            company_symbol: Set(company.symbol.as_str().to_owned()),
            company_name: Set(company.name.clone()),
            company_sector: Set(company.sector.clone()),
            definition: Set(facts.definition.into()),
            event: Set(facts.event.into()),
            occurred_on: Set(facts.occurred_on),
            technical: Set(facts.technical),
            reason_code: Set(facts.reason_code.clone()),
            external_id: Set(facts.external_id.clone()),
            note: Set(facts.note.clone()),
            ..Default::default()
        }
    }
}
