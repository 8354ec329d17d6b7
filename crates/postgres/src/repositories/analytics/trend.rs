//! The trend of risk over periods.

use accunode_domain::{access::Scope, id::OrganizationId, prediction::Kind};
use accunode_ports::{
    RepositoryError,
    repositories::{Group, GroupBy, TrendPoint},
};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::{Analytics, groups::groups, median::middle_of_tenth, period};
use crate::{db::Executor, sql::Sql, tenant::ScopeSql};

const TREND: &str = include_str!("sql/trend.sql");

#[derive(Debug, FromQueryResult)]
struct Row {
    group_name: String,
    group_id: Option<Uuid>,
    reporting_year: String,
    /// Only for quarterly predictions.
    reporting_quarter: Option<String>,
    n: i64,
    high: i64,
    mean: f64,
    /// The bucket of the median, the count below it, and the counts of its tenths.
    median: i16,
    below: i64,
    tenths: Vec<i64>,
}

impl<E: Executor> Analytics<E> {
    pub(super) async fn points(
        &self,
        reader: &Scope,
        scope: &Scope,
        kind: Kind,
        group_by: Option<GroupBy>,
    ) -> Result<Vec<TrendPoint>, RepositoryError> {
        let sql = Sql::of(TREND)
            .with("groups", groups(group_by).as_str())
            .of_kind(kind);
        let scope = ScopeSql::of(scope).read_by(reader);
        let rows: Vec<Row> = self.db.models(scope.read(&self.db, sql, None)?).await?;
        let point = |row: Row| {
            Ok(TrendPoint {
                group: group_by.map(|_| Group {
                    name: row.group_name,
                    organization: row.group_id.map(OrganizationId),
                }),
                period: period(kind, &row.reporting_year, row.reporting_quarter.as_deref())?,
                count: row.n,
                high: row.high,
                mean_pd: row.mean,
                median_pd: middle_of_tenth(row.median, &row.tenths, (row.n + 1) / 2 - row.below),
            })
        };
        let points: Result<Vec<_>, RepositoryError> = rows.into_iter().map(point).collect();
        let mut points = points?;
        // The order must not depend on the collation of the database.
        points.sort_by(|a, b| (&a.group, a.period).cmp(&(&b.group, b.period)));
        Ok(points)
    }
}
