//! The same figures as plain SQL over the rows that the policy lets a user read.

use std::collections::BTreeMap;

use accunode_domain::access::Scope;
use serde_json::{Map, Value, json};
use sqlx::{AssertSqlSafe, PgPool, Row, postgres::PgRow};
use uuid::Uuid;

/// Statements over the rows of a scope, run by a superuser.
pub(super) struct Plain<'a> {
    pub(super) pool: &'a PgPool,
    /// All rows that the reader can read: names of other companies are not revealed.
    pub(super) reader: Scope,
    /// The rows that are counted.
    pub(super) scope: Scope,
    pub(super) year: Option<&'static str>,
}

impl Plain<'_> {
    async fn rows(&self, sql: String) -> Vec<PgRow> {
        let keys = |scope: &Scope| {
            scope
                .owners()
                .iter()
                .map(|owner| owner.key())
                .collect::<Vec<Uuid>>()
        };
        sqlx::query(AssertSqlSafe(sql))
            .bind(keys(&self.scope))
            .bind(self.scope.every_organization())
            .bind(self.year)
            .bind(keys(&self.reader))
            .bind(self.reader.every_organization())
            .fetch_all(self.pool)
            .await
            .expect("the plain figures")
    }

    fn condition() -> &'static str {
        "(p.owner_key = ANY ($1) OR ($2 AND p.access_level = 'organization')) \
         AND ($3::text IS NULL OR p.reporting_year = $3) AND ($4::uuid[] IS NOT NULL AND $5::bool IS NOT NULL)"
    }

    /// Checks the headline figures of a kind.
    pub(super) async fn is_headline(&self, kind: &str, computed: &Value, what: &str) {
        let rows = self
            .rows(format!(
                "SELECT count(*), count(*) FILTER (WHERE risk_level = 'High'), \
                   count(DISTINCT company_id) FILTER (WHERE risk_level = 'High'), avg(pd), \
                   percentile_disc(ARRAY[0.4999, 0.5001]) WITHIN GROUP (ORDER BY pd), max(created_at)::text \
                 FROM {kind}_predictions p WHERE {}",
                Self::condition()
            ))
            .await;
        let row = &rows[0];
        let total: i64 = row.get(0);
        assert_eq!(computed["total_predictions"], total, "{what}: {computed}");
        assert_eq!(
            computed["high_risk_count"],
            row.get::<i64, _>(1),
            "{what}: {computed}"
        );
        assert_eq!(
            computed["high_risk_companies"],
            row.get::<i64, _>(2),
            "{what}: {computed}"
        );
        if total == 0 {
            for field in ["mean_pd", "median_pd", "last_prediction"] {
                assert!(computed[field].is_null(), "{what}: {computed}");
            }
            return;
        }
        let average: f64 = row.get(3);
        assert!(
            (computed["mean_pd"].as_f64().expect("a mean") - average).abs() < 1e-9,
            "{what}: {computed}"
        );
        // The error is below one percent.
        let median = computed["median_pd"].as_f64().expect("a median");
        let middle: Vec<f64> = row.get(4);
        let (low, high) = (middle[0].max(1e-5), middle[1].max(1e-5));
        assert!(
            low / 1.01 <= median && median <= high * 1.01,
            "{what}: {median} is not about {middle:?}"
        );
        assert!(
            computed["last_prediction"].is_string(),
            "{what}: {computed}"
        );
    }

    /// The counts by group and level, in the form of the API.
    pub(super) async fn distribution(&self, kind: &str, group_by: &str) -> Value {
        let group = match group_by {
            "sector" => "p.company_sector",
            "industry" => "coalesce(c.industry, 'Unknown')",
            "country" => "coalesce(c.country, 'Unknown')",
            _ => "coalesce(o.name, initcap(p.access_level))",
        };
        let id = if group_by == "organization" {
            "o.id"
        } else {
            "NULL::uuid"
        };
        let rows = self
            .rows(format!(
                "SELECT {group}, count(*) FILTER (WHERE p.risk_level = 'Low'), count(*) FILTER (WHERE p.risk_level = 'Medium'), \
                   count(*) FILTER (WHERE p.risk_level = 'High'), count(*), {id} \
                 FROM {kind}_predictions p LEFT JOIN companies c ON c.id = p.company_id \
                   AND (c.owner_key = ANY ($4) OR ($5 AND c.access_level = 'organization')) \
                   LEFT JOIN organizations o ON o.id = p.organization_id \
                 WHERE {} GROUP BY 1, 6",
                Self::condition()
            ))
            .await;
        let mut groups = Map::new();
        for row in rows {
            groups.insert(
                row.get(0),
                json!({
                    "id": row.get::<Option<Uuid>, _>(5),
                    "low": row.get::<i64, _>(1), "medium": row.get::<i64, _>(2),
                    "high": row.get::<i64, _>(3), "total_predictions": row.get::<i64, _>(4),
                }),
            );
        }
        Value::Object(groups)
    }

    /// Checks the counts by group and grade of a scale with these bounds.
    pub(super) async fn is_graded(
        &self,
        kind: &str,
        group_by: &str,
        bounds: &[f64],
        computed: &Value,
        what: &str,
    ) {
        let group = match group_by {
            "none" => "''",
            "sector" => "p.company_sector",
            "industry" => "coalesce(c.industry, 'Unknown')",
            "country" => "coalesce(c.country, 'Unknown')",
            _ => "coalesce(o.name, initcap(p.access_level))",
        };
        let rows = self
            .rows(format!(
                "SELECT {group}, width_bucket(p.pd, ARRAY{bounds:?}::float8[]), count(*), sum(p.pd) \
                 FROM {kind}_predictions p LEFT JOIN companies c ON c.id = p.company_id \
                   AND (c.owner_key = ANY ($4) OR ($5 AND c.access_level = 'organization')) \
                   LEFT JOIN organizations o ON o.id = p.organization_id \
                 WHERE {} GROUP BY 1, 2",
                Self::condition()
            ))
            .await;
        let mut groups: BTreeMap<String, (Vec<i64>, f64)> = BTreeMap::new();
        for row in rows {
            let found = groups.entry(row.get(0)).or_default();
            found.0.resize(bounds.len() + 1, 0);
            found.0[usize::try_from(row.get::<i32, _>(1)).expect("a grade")] = row.get(2);
            found.1 += row.get::<f64, _>(3);
        }
        let data = computed["data"].as_array().expect("groups");
        assert_eq!(data.len(), groups.len(), "{what}: {computed}");
        for row in data {
            let (counts, sum) = &groups[row["group"].as_str().unwrap_or_default()];
            let graded = row["grades"].as_array().expect("grades").iter();
            let shown: Vec<i64> = graded
                .map(|grade| grade["total_predictions"].as_i64().expect("a count"))
                .collect();
            assert_eq!(&shown, counts, "{what}: {row}");
            let all: i64 = counts.iter().sum();
            assert_eq!(row["total_predictions"], all, "{what}");
            #[expect(clippy::cast_precision_loss, reason = "a few")]
            let (n, share) = (all as f64, |count: &i64| *count as f64 / all as f64);
            let mean = row["mean_pd"].as_f64().expect("a mean");
            assert!((mean - sum / n).abs() < 1e-9, "{what}: {row}");
            // HI = 1 + ln(Σ R²) / ln K, the formula of the ECB written out.
            #[expect(clippy::cast_precision_loss, reason = "a few")]
            let grades = counts.len() as f64;
            let squares: f64 = counts.iter().map(|count| share(count).powi(2)).sum();
            let herfindahl = 1.0 + squares.ln() / grades.ln();
            let found = row["herfindahl"].as_f64().expect("a figure");
            assert!((found - herfindahl).abs() < 1e-9, "{what}: {row}");
        }
    }
}
