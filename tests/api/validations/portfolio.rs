//! Rows of the past, created with direct access to the database: over the API all rows are of
//! today.

use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::run;

/// The owner of rows: level, organization and creator, as SQL.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    level: &'static str,
    organization: Option<Uuid>,
    creator: Uuid,
}

impl Owner {
    pub(super) const fn organization(id: Uuid, creator: Uuid) -> Self {
        Self {
            level: "organization",
            organization: Some(id),
            creator,
        }
    }

    pub(super) const fn personal(creator: Uuid) -> Self {
        Self {
            level: "personal",
            organization: None,
            creator,
        }
    }

    pub(super) const fn system(creator: Uuid) -> Self {
        Self {
            level: "system",
            organization: None,
            creator,
        }
    }

    fn sql(&self) -> String {
        let organization = match self.organization {
            Some(id) => format!("'{id}'::uuid"),
            None => "NULL::uuid".to_owned(),
        };
        format!("'{}', {organization}, '{}'::uuid", self.level, self.creator)
    }
}

/// A prediction: company, year, time of creation, PD, flags, and for a replaced version the time of
/// its replacement.
#[derive(Clone, Debug)]
pub(super) struct Predicted {
    pub(super) company: Uuid,
    pub(super) year: i32,
    pub(super) at: &'static str,
    pub(super) pd: f64,
    pub(super) flags: &'static str,
    pub(super) replaced: Option<&'static str>,
    /// Name, version and hash of the model, as SQL.
    pub(super) model: &'static str,
}

/// An annual prediction of last summer, which is the usual case.
pub(super) const fn usual(company: Uuid, pd: f64) -> Predicted {
    Predicted {
        company,
        year: 2021,
        at: "2022-06-01T10:00:00Z",
        pd,
        flags: "",
        replaced: None,
        model: MODEL,
    }
}

const MODEL: &str = "'m', '1', repeat('a', 64)";

/// Companies of an owner, ordered by id.
pub(super) async fn companies(pool: &PgPool, owner: &Owner, count: usize) -> Vec<Uuid> {
    run(
        pool,
        &format!(
            "INSERT INTO companies (symbol, name, sector, access_level, organization_id, created_by) \
             SELECT 'C' || n || upper(left(md5(random()::text), 8)), 'Company ' || n, 'Energy', {} \
               FROM generate_series(1, {count}) n",
            owner.sql()
        ),
    )
    .await;
    sqlx::query_scalar("SELECT id FROM companies WHERE access_level = $1 AND organization_id IS NOT DISTINCT FROM $2 AND created_by = $3 ORDER BY id")
        .bind(owner.level)
        .bind(owner.organization)
        .bind(owner.creator)
        .fetch_all(pool)
        .await
        .expect("companies")
}

/// Stores predictions of an owner: the present version, and those before it.
pub(super) async fn predict(pool: &PgPool, owner: &Owner, rows: &[Predicted]) {
    let mut sql = String::new();
    for row in rows.iter().filter(|row| row.replaced.is_none()) {
        let Predicted {
            company,
            year,
            at,
            pd,
            flags,
            model,
            ..
        } = row;
        sql += &format!(
            "INSERT INTO annual_predictions (company_id, company_symbol, company_name, company_sector, reporting_year, \
               probability, pd, risk_level, confidence, predicted_at, model_name, model_version, model_sha256, flags, \
               access_level, organization_id, created_by) \
             SELECT id, symbol, name, sector, '{year}', round({pd}, 4), {pd}, 'Low', 0.9, '{at}', {model}, '{{{flags}}}', {} \
               FROM companies WHERE id = '{company}';",
            owner.sql()
        );
    }
    run(pool, &sql).await;
    for row in rows {
        let Some(replaced) = row.replaced else {
            continue;
        };
        let Predicted {
            company, at, pd, ..
        } = row;
        run(
            pool,
            &format!(
                "INSERT INTO annual_prediction_revisions (prediction_id, row_version, probability, pd, risk_level, confidence, \
                   predicted_at, model_name, model_version, model_sha256, raw_ratios, flags, replaced_at, reason) \
                 SELECT id, 0, round({pd}, 4), {pd}, 'Low', 0.9, '{at}', {MODEL}, '{{}}', '{{}}', '{replaced}', 'figures' \
                   FROM annual_predictions WHERE company_id = '{company}'"
            ),
        )
        .await;
    }
}

/// An outcome: company, event, day, whether technical, and when it was recorded.
pub(super) type RecordedOutcome = (Uuid, &'static str, String, bool, &'static str);

/// Stores outcomes of an owner.
pub(super) async fn insert_outcomes(
    pool: &PgPool,
    owner: &Owner,
    definition: &str,
    rows: &[RecordedOutcome],
) {
    let mut sql = String::new();
    for (company, event, day, technical, recorded) in rows {
        sql += &format!(
            "INSERT INTO outcomes (company_id, company_symbol, company_name, company_sector, definition, event, occurred_on, \
               technical, created_at, access_level, organization_id, created_by) \
             SELECT id, symbol, name, sector, '{definition}', '{event}', '{day}', {technical}, '{recorded}', {} \
               FROM companies WHERE id = '{company}';",
            owner.sql()
        );
    }
    run(pool, &sql).await;
}

/// Checks that a figure has the expected value.
#[track_caller]
pub(super) fn near(value: &Value, expected: f64) {
    let found = value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"));
    assert!(
        (found - expected).abs() < 1e-8,
        "{found} should be {expected}"
    );
}
