//! `bulk_upload_rows`: the outcomes of rows that are stored with their job.

use accunode_domain::job::RowStatus;
use sea_orm::entity::prelude::*;

use super::Named;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bulk_upload_rows")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) job_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) row_number: i32,
    pub(crate) status: Named<RowStatus>,
    pub(crate) code: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub(crate) problem: Option<Json>,
    pub(crate) source: Option<String>,
    pub(crate) prediction_id: Option<Uuid>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub(crate) old_values: Option<Json>,
    pub(crate) company_period: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub(crate) raw_ratios: Option<Json>,
    pub(crate) owner_key: Uuid,
    /// The version of the prediction that the row wrote by replacing it.
    pub(crate) written_version: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
