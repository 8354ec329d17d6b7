//! Dashboards: sums over the rollups of a scope's owners.

mod agreement;
mod distribution;
mod groups;
mod trend;

use accunode_domain::{
    Timestamp,
    access::Scope,
    prediction::{Kind, Period, ReportingYear},
};
use accunode_ports::{
    RepositoryError,
    error::Cause,
    repositories::{Agreement, AnalyticsRepository, Distribution, GroupBy, Headline, TrendPoint},
};
use async_trait::async_trait;
use sea_orm::FromQueryResult;

use crate::{db::Executor, errors::defect, kinds::KindNames, sql::Sql, tenant::ScopeSql};

const BUCKETS: &str = include_str!("sql/buckets.sql");
const HEADLINE: &str = include_str!("sql/headline.sql");
const NEWEST_OF_ORGANIZATIONS: &str = include_str!("sql/newest_of_organizations.sql");

/// Dashboards, by an executor.
#[derive(Debug)]
pub(crate) struct Analytics<E> {
    db: E,
}

impl<E> Analytics<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

#[async_trait]
impl<E: Executor> AnalyticsRepository for Analytics<E> {
    async fn headline(
        &self,
        scope: &Scope,
        kind: Kind,
        year: Option<ReportingYear>,
    ) -> Result<Headline, RepositoryError> {
        let scope = ScopeSql::of(scope);
        let buckets = self.buckets(&scope, kind, year).await?;
        let total: i64 = buckets.iter().map(|bucket| bucket.predictions).sum();
        if total <= 0 {
            return Ok(Headline::default());
        }
        let newest_of_organizations = match scope.every_organization() {
            true => NEWEST_OF_ORGANIZATIONS,
            false => "",
        };
        let sql = Sql::of(HEADLINE)
            .with("newest_of_organizations", newest_of_organizations)
            .of_kind(kind);
        let latest: Option<Latest> = self.db.model(scope.read(&self.db, sql, year)?).await?;
        let latest = latest.ok_or_else(|| defect("an aggregate returned no row"))?;
        let sum: f64 = buckets.iter().map(|bucket| bucket.probability).sum();
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 predictions")]
        let avg = sum / total as f64;
        Ok(Headline {
            total_predictions: total,
            high_risk_count: buckets.iter().map(|bucket| bucket.high).sum(),
            high_risk_companies: latest.high_risk_companies,
            avg_probability: Some(avg),
            median_probability: median(&buckets, total),
            last_prediction: latest.last_prediction,
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
#[derive(Debug, FromQueryResult)]
struct Bucket {
    pd_bucket: i16,
    predictions: i64,
    high: i64,
    probability: f64,
}

/// What only the predictions themselves know.
#[derive(Debug, FromQueryResult)]
struct Latest {
    high_risk_companies: i64,
    last_prediction: Option<Timestamp>,
}

impl<E: Executor> Analytics<E> {
    async fn buckets(
        &self,
        scope: &ScopeSql,
        kind: Kind,
        year: Option<ReportingYear>,
    ) -> Result<Vec<Bucket>, RepositoryError> {
        let sql = Sql::of(BUCKETS).of_kind(kind);
        self.db.models(scope.read(&self.db, sql, year)?).await
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
    Some(middle_of(holds.pd_bucket))
}

/// The geometric middle of a bucket: bucket b spans 10^(5b/64 − 5) to 10^(5(b+1)/64 − 5).
fn middle_of(bucket: i16) -> f64 {
    10_f64.powf((f64::from(bucket) + 0.5) * 5.0 / 64.0 - 5.0)
}

/// A column of a sum that is no value of the domain.
fn corrupt(kind: Kind, column: &'static str, cause: impl Into<Cause>) -> RepositoryError {
    RepositoryError::Corrupt {
        table: kind.rollup(),
        column,
        id: "a sum".to_owned(),
        cause: cause.into(),
    }
}

/// The period of a sum.
fn period(kind: Kind, year: &str, quarter: Option<&str>) -> Result<Period, RepositoryError> {
    let year = ReportingYear::parse("", year)
        .map_err(|fault| corrupt(kind, "reporting_year", fault.detail))?;
    let quarter = quarter.map(str::parse).transpose();
    let quarter = quarter.map_err(|cause| corrupt(kind, "reporting_quarter", cause))?;
    Ok(Period { year, quarter })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_the_bucket_that_holds_it() {
        let bucket = |pd_bucket, predictions| Bucket {
            pd_bucket,
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
