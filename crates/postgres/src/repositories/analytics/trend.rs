//! Risk from period to period.

use accunode_domain::{access::Scope, prediction::Kind};
use accunode_ports::{
    RepositoryError,
    repositories::{GroupBy, TrendPoint},
};

use super::Analytics;
use super::{
    groups::{Source, group},
    middle_of, period,
};
use crate::{kinds::KindNames, row::get, scope::Reach};

impl Analytics {
    /// A median is the bucket in which the running count passes the half of all.
    pub(super) async fn points(
        &self,
        reader: &Scope,
        scope: &Scope,
        kind: Kind,
        group_by: Option<GroupBy>,
    ) -> Result<Vec<TrendPoint>, RepositoryError> {
        let reach = Reach::of(scope);
        let source = Source::of(kind, group_by, &reach);
        let key = format!("group_name, group_id, {}", kind.period().join(", "));
        let mut sql = reach.statement(&self.db.actor(reader));
        sql.push(format_args!(
            "SELECT x.* FROM a CROSS JOIN LATERAL (\
             SELECT {key}, sum(n)::bigint AS n, sum(high)::bigint AS high, \
             (sum(probability) / sum(n))::float8 AS mean, \
             min(pd_bucket) FILTER (WHERE below >= (total + 1) / 2) AS median FROM (\
             SELECT b.*, sum(b.n) OVER (PARTITION BY {key} ORDER BY b.pd_bucket)::bigint AS below, \
             sum(b.n) OVER (PARTITION BY {key})::bigint AS total FROM (\
             SELECT {key}, s.pd_bucket, sum(s.n)::bigint AS n, sum(s.probability) AS probability, \
             coalesce(sum(s.n) FILTER (WHERE s.risk_level = 'High'), 0)::bigint AS high \
             FROM ({}) s GROUP BY {key}, s.pd_bucket HAVING sum(s.n) <> 0) b) c \
             GROUP BY {key} OFFSET 0) x ORDER BY {key}",
            source.rows
        ));
        let mut points = self
            .db
            .all(sql)
            .await?
            .iter()
            .map(|row| {
                Ok(TrendPoint {
                    group: group_by.map(|_| group(row)).transpose()?,
                    period: period(kind, row)?,
                    count: get(row, "n")?,
                    high: get(row, "high")?,
                    mean_probability: get(row, "mean")?,
                    median_probability: middle_of(get(row, "median")?),
                })
            })
            .collect::<Result<Vec<_>, RepositoryError>>()?;
        // The database's collation is not everybody's order.
        points.sort_by(|a, b| (&a.group, a.period).cmp(&(&b.group, b.period)));
        Ok(points)
    }
}
