//! `monitoring_snapshots`: what nightly monitoring counted.

use accunode_domain::{
    Timestamp,
    id::MonitoringSnapshotId,
    prediction::{Kind, Period},
    risk::ModelRef,
    validation::{Baseline, MonitoringSnapshot, SnapshotFigure, SnapshotFigures, Stability},
};
use accunode_ports::RepositoryError;
use sea_orm::entity::prelude::*;

use super::Named;
use crate::{
    row::{RowRef, owner_of},
    tenant::TenantEntity,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "monitoring_snapshots")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) kind: Named<Kind>,
    pub(crate) model_name: String,
    pub(crate) model_version: String,
    pub(crate) model_sha256: String,
    pub(crate) period: String,
    pub(crate) baseline: String,
    pub(crate) total: i64,
    pub(crate) out_of_scope: i64,
    pub(crate) mean_pd: Option<f64>,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) inputs: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) score: Json,
    pub(crate) verdict: Named<Stability>,
    pub(crate) organization_id: Option<Uuid>,
    pub(crate) access_level: String,
    /// The user of a personal one; no one made the others.
    pub(crate) created_by: Option<Uuid>,
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
    pub(crate) fn into_snapshot(self) -> Result<MonitoringSnapshot, RepositoryError> {
        let row = RowRef {
            table: "monitoring_snapshots",
            id: self.id,
        };
        let creator = self.created_by.unwrap_or_default();
        let (owner, _) = owner_of(row, &self.access_level, self.organization_id, creator)?;
        let count =
            |column, n: i64| u64::try_from(n).map_err(|cause| row.corrupt_by(column, cause));
        let period = Period::read("", &self.period);
        let baseline = Baseline::read("", &self.baseline);
        Ok(MonitoringSnapshot {
            id: MonitoringSnapshotId(self.id),
            owner,
            kind: row.known("kind", self.kind)?,
            model: ModelRef {
                name: self.model_name,
                version: self.model_version,
                sha256: self.model_sha256,
            },
            period: period.map_err(|fault| row.corrupt_by("period", fault.detail))?,
            baseline: baseline.map_err(|fault| row.corrupt_by("baseline", fault.detail))?,
            figures: SnapshotFigures {
                total: count("total", self.total)?,
                out_of_scope: count("out_of_scope", self.out_of_scope)?,
                mean_pd: self.mean_pd,
                inputs: row.json::<Vec<SnapshotFigure>>("inputs", self.inputs)?,
                score: row.json("score", self.score)?,
                verdict: row.known("verdict", self.verdict)?,
            },
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}
