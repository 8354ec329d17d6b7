//! Dashboards: sums over the rollups of a scope's owners.

mod agreement;
mod distribution;
mod grades;
mod groups;
mod median;
mod trend;

use accunode_domain::{
    Timestamp,
    access::Scope,
    prediction::{Kind, Period, ReportingYear},
    validation::MasterScale,
};
use accunode_ports::{
    RepositoryError,
    error::Cause,
    repositories::{
        Agreement, AnalyticsRepository, Distribution, GradeCount, GroupBy, Headline, TrendPoint,
    },
};
use async_trait::async_trait;
use sea_orm::FromQueryResult;

use crate::{db::Executor, kinds::KindSchema, sql::Sql, tenant::ScopeSql};

const HEADLINE: &str = include_str!("sql/headline.sql");
const HIGH_RISK_COMPANIES: &str = include_str!("sql/high_risk_companies.sql");
const NEWEST_OF_ORGANIZATIONS: &str = include_str!("sql/newest_of_organizations.sql");
const NEWEST_OF_ORGANIZATIONS_IN_YEAR: &str =
    include_str!("sql/newest_of_organizations_in_year.sql");
/// The counts in each tenth of a bucket.
const TENTHS: &str = "ARRAY[sum(r.n0), sum(r.n1), sum(r.n2), sum(r.n3), sum(r.n4), \
     sum(r.n5), sum(r.n6), sum(r.n7), sum(r.n8), sum(r.n9)]";

/// Dashboards, through an executor.
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
        let buckets = self.buckets(&ScopeSql::of(scope), kind, year).await?;
        let total: i64 = buckets.iter().map(|bucket| bucket.predictions).sum();
        // The totals are the same in every bucket.
        let Some(first) = buckets.first().filter(|_| total > 0) else {
            return Ok(Headline::default());
        };
        let sum: f64 = buckets.iter().map(|bucket| bucket.pd).sum();
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 predictions")]
        let avg = sum / total as f64;
        Ok(Headline {
            total_predictions: total,
            high_risk_count: buckets.iter().map(|bucket| bucket.high).sum(),
            high_risk_companies: first.high_risk_companies,
            mean_pd: Some(avg),
            median_pd: median::of(&buckets, total),
            last_prediction: first.last_prediction,
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

    async fn grades(
        &self,
        reader: &Scope,
        scope: &Scope,
        kind: Kind,
        year: Option<ReportingYear>,
        group_by: Option<GroupBy>,
        scale: &MasterScale,
    ) -> Result<Vec<GradeCount>, RepositoryError> {
        let counted = ScopeSql::of(scope).read_by(reader);
        self.graded(&counted, kind, year, group_by, scale).await
    }
}

/// The row of one PD bucket, with totals over all buckets.
#[derive(Debug, FromQueryResult)]
struct Bucket {
    pd_bucket: i16,
    predictions: i64,
    high: i64,
    pd: f64,
    /// The counts in each tenth of the bucket.
    tenths: Vec<i64>,
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
        let newest_of_organizations = match (scope.every_organization(), year) {
            (false, _) => "",
            (true, None) => NEWEST_OF_ORGANIZATIONS,
            (true, Some(_)) => NEWEST_OF_ORGANIZATIONS_IN_YEAR,
        };
        let sql = Sql::of(HEADLINE)
            .with("high_risk_companies", HIGH_RISK_COMPANIES)
            .with("newest_of_organizations", newest_of_organizations)
            .with("year_or_all", year_or_all(year))
            .with("tenths", TENTHS)
            .with("tenths:f", &tenths("f"))
            .with("tenths:d", &tenths("d"))
            .of_kind(kind);
        self.db.models(scope.read(&self.db, sql, year)?).await
    }
}

/// The year, for rollups that also have a group for all years.
const fn year_or_all(year: Option<ReportingYear>) -> &'static str {
    match year {
        Some(_) => "$5",
        None => "''",
    }
}

/// The columns with the counts of each tenth of a bucket.
fn tenths(alias: &str) -> String {
    let columns: Vec<_> = (0..10).map(|n| format!("{alias}.n{n}")).collect();
    columns.join(", ")
}

/// The error for a column of a sum that is not a valid domain value.
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
