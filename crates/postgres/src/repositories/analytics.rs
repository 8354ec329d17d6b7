//! Dashboards: sums over the rollups of a scope's owners.

use std::collections::BTreeMap;

use accunode_domain::{
    access::Scope,
    prediction::{Kind, ReportingYear},
    risk::RiskLevel,
};
use accunode_ports::{
    RepositoryError,
    repositories::{AnalyticsRepository, Distribution, GroupBy, Headline, RiskCount},
};
use async_trait::async_trait;
use sqlx::{Postgres, QueryBuilder};

use crate::{db::Db, errors::defect, kinds::KindNames, row::get, scope::Reach};

#[async_trait]
impl AnalyticsRepository for Db {
    async fn headline(
        &self,
        scope: &Scope,
        kind: Kind,
        year: Option<ReportingYear>,
    ) -> Result<Headline, RepositoryError> {
        let buckets = self.buckets(scope, kind, year).await?;
        let total: i64 = buckets.iter().map(|bucket| bucket.predictions).sum();
        if total <= 0 {
            return Ok(Headline::default());
        }
        let reach = Reach::of(scope);
        let mut sql = reach.statement(&self.actor(scope));
        // One look at each owner's index for each figure.
        sql.push("SELECT x.* FROM a CROSS JOIN LATERAL (SELECT (SELECT count(DISTINCT p.company_id) FROM ")
            .push(kind.table())
            .push(" p WHERE p.risk_level = 'High' AND ")
            .push(reach.condition("p"));
        push_year(&mut sql, "p", year);
        sql.push(") AS high_risk_companies, (SELECT max(l.created_at) FROM ");
        if reach.every_organization() {
            sql.push(format_args!(
                "(SELECT p.created_at FROM {} p WHERE {}",
                kind.table(),
                reach.condition("p")
            ));
        } else {
            sql.push(format_args!(
                "unnest(a.keys) o (key) CROSS JOIN LATERAL (SELECT p.created_at FROM {} p WHERE p.owner_key = o.key",
                kind.table()
            ));
        }
        push_year(&mut sql, "p", year);
        sql.push(
            " ORDER BY p.created_at DESC, p.id DESC LIMIT 1) l) AS last_prediction OFFSET 0) x",
        );
        let row = self
            .one(sql)
            .await?
            .ok_or_else(|| defect("an aggregate returned no row"))?;
        let sum: f64 = buckets.iter().map(|bucket| bucket.probability).sum();
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 predictions")]
        let avg = sum / total as f64;
        Ok(Headline {
            total_predictions: total,
            high_risk_count: buckets.iter().map(|bucket| bucket.high).sum(),
            high_risk_companies: get(&row, "high_risk_companies")?,
            avg_probability: Some(avg),
            median_probability: median(&buckets, total),
            last_prediction: get(&row, "last_prediction")?,
        })
    }

    async fn risk_distribution(
        &self,
        reader: &Scope,
        scope: &Scope,
        kind: Kind,
        year: Option<ReportingYear>,
        group_by: GroupBy,
    ) -> Result<Distribution, RepositoryError> {
        let reach = Reach::of(scope);
        // Personal predictions stand on companies of others: the policies must let those through.
        let mut sql = reach.statement(&self.actor(reader));
        sql.push("SELECT x.* FROM a CROSS JOIN LATERAL (");
        match group_by {
            GroupBy::Sector => {
                sql.push(format_args!(
                    "SELECT r.sector AS name, r.risk_level, sum(r.n)::bigint AS n FROM {} r WHERE {}",
                    kind.rollup(),
                    reach.condition("r")
                ));
                push_year(&mut sql, "r", year);
            }
            GroupBy::Organization => {
                sql.push(format_args!(
                    "SELECT coalesce(o.name, CASE r.access_level WHEN 'system' THEN 'System' WHEN 'personal' \
                     THEN 'Personal' ELSE 'Unknown' END) AS name, r.risk_level, sum(r.n)::bigint AS n \
                     FROM {} r LEFT JOIN organizations o ON o.id = r.owner_key WHERE {}",
                    kind.rollup(),
                    reach.condition("r")
                ));
                push_year(&mut sql, "r", year);
            }
            GroupBy::Industry | GroupBy::Country => {
                let column = if group_by == GroupBy::Industry {
                    "industry"
                } else {
                    "country"
                };
                // A prediction stays readable when its company no longer is.
                sql.push(format_args!(
                    "SELECT coalesce(c.{column}, 'Unknown') AS name, p.risk_level, count(*) AS n \
                     FROM {} p LEFT JOIN companies c ON c.id = p.company_id WHERE {}",
                    kind.table(),
                    reach.condition("p")
                ));
                push_year(&mut sql, "p", year);
            }
        }
        sql.push(" GROUP BY 1, 2 OFFSET 0) x WHERE x.n <> 0");
        let mut counts: BTreeMap<(String, RiskLevel), i64> = BTreeMap::new();
        for row in self.all(sql).await? {
            let level: &str = get(&row, "risk_level")?;
            let level = level.parse().map_err(|_| RepositoryError::Corrupt {
                table: kind.rollup(),
                column: "risk_level",
                id: level.to_owned(),
            })?;
            *counts.entry((get(&row, "name")?, level)).or_default() += get::<i64>(&row, "n")?;
        }
        let counts = counts.into_iter();
        Ok(counts
            .map(|((group, risk_level), count)| RiskCount {
                group,
                risk_level,
                count,
            })
            .collect())
    }
}

/// What the rollups say of one bucket of probabilities.
struct Bucket {
    bucket: i16,
    predictions: i64,
    high: i64,
    probability: f64,
}

impl Db {
    /// At most 64 rows, safest first.
    async fn buckets(
        &self,
        scope: &Scope,
        kind: Kind,
        year: Option<ReportingYear>,
    ) -> Result<Vec<Bucket>, RepositoryError> {
        let reach = Reach::of(scope);
        let mut sql = reach.statement(&self.actor(scope));
        sql.push(format_args!(
            "SELECT x.* FROM a CROSS JOIN LATERAL (SELECT r.pd_bucket, sum(r.n)::bigint AS predictions, \
             coalesce(sum(r.n) FILTER (WHERE r.risk_level = 'High'), 0)::bigint AS high, \
             sum(r.{})::float8 AS probability FROM {} r WHERE {}",
            kind.rollup_sum(),
            kind.rollup(),
            reach.condition("r")
        ));
        push_year(&mut sql, "r", year);
        sql.push(" GROUP BY r.pd_bucket OFFSET 0) x WHERE x.predictions <> 0 ORDER BY x.pd_bucket");
        let rows = self.all(sql).await?;
        rows.iter()
            .map(|row| {
                Ok(Bucket {
                    bucket: get(row, "pd_bucket")?,
                    predictions: get(row, "predictions")?,
                    high: get(row, "high")?,
                    probability: get(row, "probability")?,
                })
            })
            .collect()
    }
}

fn push_year(sql: &mut QueryBuilder<Postgres>, alias: &str, year: Option<ReportingYear>) {
    if let Some(year) = year {
        sql.push(format_args!(" AND {alias}.reporting_year = "))
            .push_bind(year.to_string());
    }
}

/// The geometric middle of the bucket that holds the lower median: bucket b spans
/// 10^(5b/64 − 5) to 10^(5(b+1)/64 − 5).
fn median(buckets: &[Bucket], total: i64) -> Option<f64> {
    let middle = (total + 1) / 2;
    let mut below = 0;
    let holds = buckets.iter().find(|bucket| {
        below += bucket.predictions;
        below >= middle
    })?;
    Some(10_f64.powf((f64::from(holds.bucket) + 0.5) * 5.0 / 64.0 - 5.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_the_bucket_that_holds_it() {
        let bucket = |bucket, predictions| Bucket {
            bucket,
            predictions,
            high: 0,
            probability: 0.0,
        };
        let buckets = [bucket(3, 2), bucket(32, 2), bucket(63, 1)];
        let expected = 10_f64.powf(32.5 * 5.0 / 64.0 - 5.0);
        assert_eq!(median(&buckets, 5), Some(expected));
        assert!(median(&[], 0).is_none());
    }
}
