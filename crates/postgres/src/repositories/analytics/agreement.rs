//! The agreement of the models behind the quarterly ensemble.

use accunode_domain::{
    access::Scope,
    prediction::{Kind, ReportingYear},
};
use accunode_ports::{RepositoryError, repositories::Agreement};
use sea_orm::FromQueryResult;

use super::{Analytics, period};
use crate::{db::Executor, sql::Sql, tenant::ScopeSql};

const AGREEMENT: &str = include_str!("sql/agreement.sql");

#[derive(Debug, FromQueryResult)]
struct Row {
    reporting_year: String,
    reporting_quarter: String,
    n: i64,
    logistic_deviation: f64,
    gbm_deviation: f64,
    confidence: f64,
}

impl<E: Executor> Analytics<E> {
    pub(super) async fn agreement(
        &self,
        scope: &Scope,
        year: Option<ReportingYear>,
    ) -> Result<Vec<Agreement>, RepositoryError> {
        let statement = ScopeSql::of(scope).read(&self.db, Sql::of(AGREEMENT), year)?;
        let rows: Vec<Row> = self.db.models(statement).await?;
        let agreement = |row: Row| {
            let quarter = Some(row.reporting_quarter.as_str());
            Ok(Agreement {
                period: period(Kind::Quarterly, &row.reporting_year, quarter)?,
                count: row.n,
                logistic_deviation: row.logistic_deviation,
                gbm_deviation: row.gbm_deviation,
                confidence: row.confidence,
            })
        };
        rows.into_iter().map(agreement).collect()
    }
}
