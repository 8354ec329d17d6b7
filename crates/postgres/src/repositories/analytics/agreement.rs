//! How far the models behind the quarterly ensemble agree.

use accunode_domain::{
    access::Scope,
    prediction::{Kind, ReportingYear},
};
use accunode_ports::{RepositoryError, repositories::Agreement};

use super::Analytics;
use super::{period, push_year};
use crate::{kinds::KindNames, row::get, scope::Reach};

impl Analytics {
    pub(super) async fn agreement(
        &self,
        scope: &Scope,
        year: Option<ReportingYear>,
    ) -> Result<Vec<Agreement>, RepositoryError> {
        let kind = Kind::Quarterly;
        let reach = Reach::of(scope);
        let mut sql = reach.statement(&self.db.actor(scope));
        sql.push(format_args!(
            "SELECT x.*, (x.logistic / x.n)::float8 AS logistic_deviation, (x.gbm / x.n)::float8 AS gbm_deviation, \
             (x.sure / x.n)::float8 AS confidence FROM a CROSS JOIN LATERAL (\
             SELECT r.reporting_year, r.reporting_quarter, sum(r.n)::bigint AS n, sum(r.sum_logistic_dev) AS logistic, \
             sum(r.sum_gbm_dev) AS gbm, sum(r.sum_confidence) AS sure FROM {} r WHERE {}",
            kind.rollup(),
            reach.condition("r")
        ));
        push_year(&mut sql, "r", year);
        sql.push(
            " GROUP BY 1, 2 HAVING sum(r.n) <> 0 OFFSET 0) x \
             ORDER BY x.reporting_year DESC, x.reporting_quarter DESC",
        );
        self.db
            .all(sql)
            .await?
            .iter()
            .map(|row| {
                Ok(Agreement {
                    period: period(kind, row)?,
                    count: get(row, "n")?,
                    logistic_deviation: get(row, "logistic_deviation")?,
                    gbm_deviation: get(row, "gbm_deviation")?,
                    confidence: get(row, "confidence")?,
                })
            })
            .collect()
    }
}
