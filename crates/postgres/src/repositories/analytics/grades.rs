//! Counts by group and grade.

use std::collections::BTreeMap;

use accunode_domain::{
    id::OrganizationId,
    prediction::{Kind, ReportingYear},
    validation::MasterScale,
};
use accunode_ports::{
    RepositoryError,
    repositories::{GradeCount, Group, GroupBy},
};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::{
    Analytics, corrupt,
    groups::{groups, groups_by_bounds},
};
use crate::{db::Executor, sql::Sql, tenant::ScopeSql};

const GRADES: &str = include_str!("sql/grades.sql");

#[derive(Debug, FromQueryResult)]
struct Row {
    group_name: String,
    group_id: Option<Uuid>,
    /// The bucket of the rollups, or the grade counted from 0.
    pd_bucket: i16,
    n: i64,
    pd: f64,
}

impl<E: Executor> Analytics<E> {
    pub(super) async fn graded(
        &self,
        scope: &ScopeSql,
        kind: Kind,
        year: Option<ReportingYear>,
        group_by: Option<GroupBy>,
        scale: &MasterScale,
    ) -> Result<Vec<GradeCount>, RepositoryError> {
        let on_buckets = scale.is_on_buckets();
        let from = if on_buckets {
            groups(group_by)
        } else {
            groups_by_bounds(group_by).with("bounds", if year.is_some() { "$6" } else { "$5" })
        };
        let sql = Sql::of(GRADES).with("groups", from.as_str()).of_kind(kind);
        let mut statement = scope.read(&self.db, sql, year)?;
        if !on_buckets && let Some(values) = &mut statement.values {
            values.0.push(scale.bounds().into());
        }
        let rows: Vec<Row> = self.db.models(statement).await?;
        let mut counts: BTreeMap<(Option<Group>, usize), (u64, f64)> = BTreeMap::new();
        for row in rows {
            let bucket = u8::try_from(row.pd_bucket);
            let bucket = bucket.map_err(|cause| corrupt(kind, "pd_bucket", cause))?;
            let grade = match on_buckets {
                true => scale.grade_of_bucket(bucket),
                false => usize::from(bucket) + 1,
            };
            let group = group_by.map(|_| Group {
                name: row.group_name,
                organization: row.group_id.map(OrganizationId),
            });
            let n = u64::try_from(row.n).map_err(|cause| corrupt(kind, "n", cause))?;
            let counted = counts.entry((group, grade)).or_default();
            counted.0 += n;
            counted.1 += row.pd;
        }
        let counts = counts.into_iter();
        Ok(counts
            .map(|((group, grade), (count, pd_sum))| GradeCount {
                group,
                grade,
                count,
                pd_sum,
            })
            .collect())
    }
}
