//! Dashboards: sums over the rollups of a scope's owners.

mod agreement;
mod distribution;
mod groups;
mod trend;

use accunode_domain::{
    access::Scope,
    prediction::{Kind, Period, ReportingYear},
};
use accunode_ports::{
    RepositoryError,
    repositories::{Agreement, AnalyticsRepository, Distribution, GroupBy, Headline, TrendPoint},
};
use async_trait::async_trait;
use sqlx::{Postgres, QueryBuilder, postgres::PgRow};

use crate::{
    db::Db, errors::defect, keyset::ORGANIZATIONS, kinds::KindNames, row::get, scope::Reach,
};

/// Dashboards.
#[derive(Debug)]
pub(crate) struct Analytics {
    db: Db,
}

impl Analytics {
    pub(crate) const fn new(db: Db) -> Self {
        Self { db }
    }
}

#[async_trait]
impl AnalyticsRepository for Analytics {
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
        let mut sql = reach.statement(&self.db.actor(scope));
        // One look at each owner's index for each figure.
        sql.push("SELECT x.* FROM a CROSS JOIN LATERAL (SELECT (SELECT count(DISTINCT p.company_id) FROM ")
            .push(kind.table())
            .push(" p WHERE p.risk_level = 'High' AND ")
            .push(reach.condition("p"));
        push_year(&mut sql, "p", year);
        sql.push(") AS high_risk_companies, (SELECT max(l.created_at) FROM (");
        let newest = |sql: &mut QueryBuilder<Postgres>, which: &str| {
            sql.push(format_args!(
                "(SELECT p.created_at FROM {} p WHERE {which}",
                kind.table()
            ));
            push_year(sql, "p", year);
            sql.push(" ORDER BY p.created_at DESC, p.id DESC LIMIT 1)");
        };
        if reach.every_organization() {
            newest(
                &mut sql,
                &format!("a.actor IS NOT NULL AND {ORGANIZATIONS}"),
            );
            sql.push(" UNION ALL ");
        }
        sql.push(format_args!(
            "(SELECT n.created_at FROM {} CROSS JOIN LATERAL ",
            reach.named_owners()
        ));
        newest(&mut sql, "p.owner_key = o.key");
        sql.push(" n)) l) AS last_prediction OFFSET 0) x");
        let row = self
            .db
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
        self.distribution(reader, scope, kind, year, group_by).await
    }

    async fn model_agreement(
        &self,
        scope: &Scope,
        year: Option<ReportingYear>,
    ) -> Result<Vec<Agreement>, RepositoryError> {
        self.agreement(scope, year).await
    }

    async fn trend(
        &self,
        reader: &Scope,
        scope: &Scope,
        kind: Kind,
        group_by: Option<GroupBy>,
    ) -> Result<Vec<TrendPoint>, RepositoryError> {
        self.points(reader, scope, kind, group_by).await
    }
}

/// What the rollups say of one bucket of probabilities.
struct Bucket {
    bucket: i16,
    predictions: i64,
    high: i64,
    probability: f64,
}

impl Analytics {
    /// At most 64 rows, safest first.
    async fn buckets(
        &self,
        scope: &Scope,
        kind: Kind,
        year: Option<ReportingYear>,
    ) -> Result<Vec<Bucket>, RepositoryError> {
        let reach = Reach::of(scope);
        let mut sql = reach.statement(&self.db.actor(scope));
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
        let rows = self.db.all(sql).await?;
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

/// The middle of the bucket that holds the lower median.
fn median(buckets: &[Bucket], total: i64) -> Option<f64> {
    let middle = (total + 1) / 2;
    let mut below = 0;
    let holds = buckets.iter().find(|bucket| {
        below += bucket.predictions;
        below >= middle
    })?;
    Some(middle_of(holds.bucket))
}

/// The geometric middle of a bucket: bucket b spans 10^(5b/64 − 5) to 10^(5(b+1)/64 − 5).
fn middle_of(bucket: i16) -> f64 {
    10_f64.powf((f64::from(bucket) + 0.5) * 5.0 / 64.0 - 5.0)
}

/// The period of a rollup's row.
fn period(kind: Kind, row: &PgRow) -> Result<Period, RepositoryError> {
    let corrupt = |column| RepositoryError::Corrupt {
        table: kind.rollup(),
        column,
        id: "a sum".to_owned(),
    };
    let year = ReportingYear::parse("", get(row, "reporting_year")?)
        .map_err(|_| corrupt("reporting_year"))?;
    let quarter = match kind {
        Kind::Annual => None,
        Kind::Quarterly => {
            let quarter: &str = get(row, "reporting_quarter")?;
            Some(quarter.parse().map_err(|_| corrupt("reporting_quarter"))?)
        }
    };
    Ok(Period { year, quarter })
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
