//! The same reads as plain SQL, by a superuser: no policies, no actor, nothing decoded.

use accunode_domain::{prediction::Kind, risk::RiskLevel};
use accunode_ports::repositories::{Group, Headline, RiskCount};
use anyhow::{Context, ensure};
use sqlx::{AssertSqlSafe, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{
    adapter::{Answer, PAGE, Read},
    cluster::Cluster,
    seed::{Numbered, SeedRows, TENANTS},
};

/// A read as SQL, with `:tenant` or `:row` in it.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    read: Read,
    sql: String,
    /// What `pgbench` runs, where it is not `sql`: dashboards are compared with the rows, and
    /// measured against the rollups.
    rollups: Option<String>,
    rows: u64,
}

impl Reference {
    /// Of this read.
    pub(crate) fn of(read: Read, seed: &SeedRows) -> Self {
        let sql = match read {
            Read::FirstPage => list("created_at", ""),
            Read::DeepPage => {
                let after = format!(
                    "AND (p.created_at, p.id) < ({}, '{}'::uuid)",
                    seed.long_ago(),
                    Uuid::nil()
                );
                list("created_at", &after)
            }
            Read::Riskiest => list("pd", ""),
            Read::One => format!(
                "SELECT {} FROM annual_predictions p WHERE p.id = {}",
                columns(),
                Numbered::Prediction.sql(":row::bigint")
            ),
            Read::Headline => format!(
                "SELECT count(*), count(*) FILTER (WHERE risk_level = 'High'), \
                        count(DISTINCT company_id) FILTER (WHERE risk_level = 'High'), avg(pd), \
                        percentile_disc(0.5) WITHIN GROUP (ORDER BY pd), \
                        (extract(epoch FROM max(created_at)) * 1000000)::bigint \
                   FROM annual_predictions WHERE owner_key = ANY ({})",
                keys()
            ),
            Read::Distribution => format!(
                "SELECT company_sector, risk_level, count(*) FROM annual_predictions \
                  WHERE owner_key = ANY ({}) GROUP BY 1, 2",
                keys()
            ),
        };
        let rollups = match read {
            Read::Headline => Some(headline_of_rollups()),
            Read::Distribution => Some(distribution_of_rollups()),
            _ => None,
        };
        Self {
            read,
            sql,
            rollups,
            rows: seed.rows,
        }
    }

    /// For `pgbench`.
    pub(crate) fn script(&self) -> String {
        format!(
            "\\set tenant random(1, {TENANTS})\n\\set row random(1, {})\n{};\n",
            self.rows,
            self.rollups.as_ref().unwrap_or(&self.sql)
        )
    }

    /// What one tenant's member reads, or one prediction.
    pub(crate) async fn answer(
        &self,
        cluster: &Cluster,
        tenant: u64,
        row: u64,
    ) -> anyhow::Result<Answer> {
        let sql = self
            .sql
            .replace(":tenant", &tenant.to_string())
            .replace(":row", &row.to_string());
        let rows = sqlx::raw_sql(AssertSqlSafe(sql))
            .fetch_all(cluster.superuser())
            .await?;
        Ok(match self.read {
            Read::Headline => Answer::Headline(headline(rows.first().context("a row")?)?),
            Read::Distribution => {
                let mut counts: Vec<_> = rows.iter().map(count).collect::<Result<_, _>>()?;
                counts.sort_by(|a, b| (&a.group, a.risk_level).cmp(&(&b.group, b.risk_level)));
                Answer::Distribution(counts)
            }
            _ => {
                let page = rows.iter().take(PAGE as usize);
                Answer::Predictions(
                    page.map(|row| row.try_get("id"))
                        .collect::<Result<_, _>>()?,
                )
            }
        })
    }
}

/// That both sides gave the same answer.
pub(crate) fn compare(read: Read, ours: &Answer, theirs: &Answer) -> anyhow::Result<()> {
    let same = match (ours, theirs) {
        (Answer::Headline(ours), Answer::Headline(theirs)) => same_headline(ours, theirs),
        _ => ours == theirs,
    };
    ensure!(same, "{read:?}: {ours:?} is not {theirs:?}");
    Ok(())
}

/// The median of ours is the middle of one of 640 buckets, less than 1 % off.
fn same_headline(ours: &Headline, theirs: &Headline) -> bool {
    let close = |a: Option<f64>, b: Option<f64>, factor: f64| match (a, b) {
        (Some(a), Some(b)) => a / b < factor && b / a < factor,
        _ => a == b,
    };
    close(ours.mean_pd, theirs.mean_pd, 1.000_001)
        && close(ours.median_pd, theirs.median_pd, 1.01)
        && (
            ours.total_predictions,
            ours.high_risk_count,
            ours.high_risk_companies,
        ) == (
            theirs.total_predictions,
            theirs.high_risk_count,
            theirs.high_risk_companies,
        )
        && ours.last_prediction == theirs.last_prediction
}

fn headline(row: &PgRow) -> anyhow::Result<Headline> {
    let last: i64 = row.try_get(5)?;
    let last = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(last) * 1_000)?;
    Ok(Headline {
        total_predictions: row.try_get(0)?,
        high_risk_count: row.try_get(1)?,
        high_risk_companies: row.try_get(2)?,
        mean_pd: row.try_get(3)?,
        median_pd: row.try_get(4)?,
        last_prediction: Some(last),
    })
}

fn count(row: &PgRow) -> anyhow::Result<RiskCount> {
    let level: &str = row.try_get(1)?;
    let risk_level: RiskLevel = level.parse().ok().context("a risk level")?;
    Ok(RiskCount {
        group: Group {
            name: row.try_get(0)?,
            organization: None,
        },
        risk_level,
        count: row.try_get(2)?,
    })
}

/// One limited index scan per owner key, merged and cut: what a plain `owner_key = ANY`
/// with ORDER BY would sort tens of thousands of rows for.
fn list(key: &str, after: &str) -> String {
    let more = PAGE + 1;
    format!(
        "SELECT y.* FROM unnest({}) o (key) CROSS JOIN LATERAL \
         (SELECT {} FROM annual_predictions p WHERE p.owner_key = o.key {after} \
           ORDER BY p.{key} DESC, p.id DESC LIMIT {more}) y ORDER BY {key} DESC, id DESC LIMIT {more}",
        keys(),
        columns()
    )
}

/// What a headline is made from: the buckets with their tenths, the companies with a high risk,
/// and the newest prediction of each owner.
fn headline_of_rollups() -> String {
    let tenths = |alias: &str, wrap: &str| {
        let column = |n: usize| match wrap {
            "" => format!("{alias}.n{n}"),
            _ => format!("{wrap}({alias}.n{n})"),
        };
        (0..10).map(column).collect::<Vec<_>>().join(", ")
    };
    format!(
        "SELECT r.pd_bucket, sum(r.n), sum(r.high), sum(r.sum_pd), {sums}, \
                (SELECT sum(c.n) FROM high_risk_company_counts c \
                  WHERE c.owner_key = ANY ({keys}) AND c.kind = 'annual' AND c.reporting_year = ''), \
                (SELECT max(l.created_at) FROM unnest({keys}) o (key) CROSS JOIN LATERAL \
                   (SELECT p.created_at FROM annual_predictions p WHERE p.owner_key = o.key \
                     ORDER BY p.created_at DESC, p.id DESC LIMIT 1) l) \
           FROM (SELECT f.pd_bucket, f.n, f.high, f.sum_pd, {folded} FROM headline_rollup f \
                  WHERE f.owner_key = ANY ({keys}) AND f.kind = 'annual' AND f.reporting_year = '' \
                 UNION ALL \
                 SELECT d.pd_bucket, d.n, CASE d.risk_level WHEN 'High' THEN d.n ELSE 0 END, d.sum_pd, {pending} \
                   FROM annual_prediction_rollup_delta d WHERE d.owner_key = ANY ({keys})) r \
          GROUP BY r.pd_bucket",
        sums = tenths("r", "sum"),
        folded = tenths("f", ""),
        pending = tenths("d", ""),
        keys = keys()
    )
}

/// What a distribution by sector is made from.
fn distribution_of_rollups() -> String {
    format!(
        "SELECT r.sector, r.risk_level, sum(r.n) \
           FROM (SELECT f.sector, f.risk_level, f.n FROM sector_rollup f \
                  WHERE f.owner_key = ANY ({keys}) AND f.kind = 'annual' AND f.reporting_year = '' \
                 UNION ALL \
                 SELECT d.sector, d.risk_level, d.n FROM annual_prediction_rollup_delta d \
                  WHERE d.owner_key = ANY ({keys})) r \
          GROUP BY 1, 2",
        keys = keys()
    )
}

/// The owners whose rows the tenant's member reads.
fn keys() -> String {
    format!(
        "ARRAY[{}, {}, '{}'::uuid]",
        Numbered::TestUser.sql(":tenant::bigint"),
        Numbered::Tenant.sql(":tenant::bigint"),
        Uuid::nil()
    )
}

/// Everything that a prediction is read from.
fn columns() -> String {
    let ratios: Vec<_> = Kind::Annual
        .ratios()
        .iter()
        .map(|ratio| format!("p.{}::float8", ratio.name))
        .collect();
    format!(
        "p.id, p.company_id, p.company_symbol, p.company_name, p.company_sector, p.reporting_year, p.pd, \
         p.risk_level, p.confidence::float8 AS confidence, p.predicted_at, p.model_name, p.model_version, \
         p.model_sha256, ARRAY[{}] AS ratios, p.raw_ratios, p.flags, p.bulk_job_id, p.bulk_row, \
         p.access_level, p.organization_id, p.created_by, p.created_at, p.updated_at, p.row_version",
        ratios.join(", ")
    )
}
