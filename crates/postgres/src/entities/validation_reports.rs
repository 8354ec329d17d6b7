//! `validation_reports`: requested back-tests and their results.

use accunode_domain::{
    Timestamp,
    fault::Fault,
    id::{UserId, ValidationId},
    job::JobStatus,
    prediction::Kind,
    validation::{BacktestRequest, SignOff, ValidationReport, ValidationResult, Verdict},
};
use accunode_ports::RepositoryError;
use sea_orm::entity::prelude::*;

use super::Named;
use crate::{
    row::{RowRef, owner_of},
    tenant::TenantEntity,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "validation_reports")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) kind: Named<Kind>,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) request: Json,
    pub(crate) status: Named<JobStatus>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub(crate) error: Option<Json>,
    pub(crate) verdict: Option<Named<Verdict>>,
    pub(crate) sample_sha256: Option<String>,
    pub(crate) sample_rows: Option<i64>,
    pub(crate) report_sha256: Option<String>,
    pub(crate) code_version: Option<String>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) assessment: Option<i16>,
    pub(crate) comment: Option<String>,
    pub(crate) signed_off_by: Option<Uuid>,
    pub(crate) signed_off_at: Option<Timestamp>,
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
    pub(crate) fn into_report(self) -> Result<ValidationReport, RepositoryError> {
        let row = RowRef {
            table: "validation_reports",
            id: self.id,
        };
        let result = self.result(row)?;
        let sign_off = self.sign_off(row)?;
        let (owner, created_by) = owner_of(
            row,
            &self.access_level,
            self.organization_id,
            self.created_by,
        )?;
        let error = self.error.map(|error| row.json::<Fault>("error", error));
        Ok(ValidationReport {
            id: ValidationId(self.id),
            request: row.json::<BacktestRequest>("request", self.request)?,
            status: row.known("status", self.status)?,
            error: error.transpose()?,
            result,
            sign_off,
            owner,
            created_by,
            created_at: self.created_at,
            row_version: self.row_version,
        })
    }

    fn result(&self, row: RowRef) -> Result<Option<ValidationResult>, RepositoryError> {
        let parts = (
            self.verdict.clone(),
            self.sample_sha256.clone(),
            self.sample_rows,
            self.report_sha256.clone(),
            self.code_version.clone(),
            self.finished_at,
        );
        let (
            Some(verdict),
            Some(sample_sha256),
            Some(rows),
            Some(report),
            Some(version),
            Some(finished_at),
        ) = parts
        else {
            return Ok(None);
        };
        let rows = u64::try_from(rows).map_err(|error| row.corrupt_by("sample_rows", error))?;
        Ok(Some(ValidationResult {
            verdict: row.known("verdict", verdict)?,
            sample_sha256,
            sample_rows: rows,
            report_sha256: report,
            code_version: version,
            completed_at: finished_at,
        }))
    }

    fn sign_off(&self, row: RowRef) -> Result<Option<SignOff>, RepositoryError> {
        let parts = (
            self.assessment,
            self.comment.clone(),
            self.signed_off_by,
            self.signed_off_at,
        );
        let (Some(assessment), Some(comment), Some(by), Some(at)) = parts else {
            return Ok(None);
        };
        let assessment =
            u8::try_from(assessment).map_err(|error| row.corrupt_by("assessment", error))?;
        Ok(Some(SignOff {
            assessment,
            comment,
            by: UserId(by),
            at,
        }))
    }
}
