//! Every table of the database is guarded by row-level security and tested for it, or is
//! listed here with the reason why it needs none.

use std::collections::{BTreeMap, BTreeSet};

use accunode_tests::Database;

/// Tables whose policies are tested in `row_level_security` and `sql_matrix`.
pub(super) const GUARDED: [&str; 29] = [
    "annual_prediction_owners",
    "annual_prediction_revisions",
    "annual_prediction_rollup",
    "annual_prediction_rollup_delta",
    "annual_predictions",
    "audit_archives",
    "audit_logs",
    "bulk_upload_jobs",
    "bulk_upload_rows",
    "companies",
    "default_definitions",
    "headline_rollup",
    "high_risk_companies",
    "high_risk_companies_shared",
    "high_risk_company_counts",
    "high_risk_company_delta",
    "monitoring_snapshots",
    "outcome_coverage",
    "outcomes",
    "prediction_deletions",
    "quarterly_prediction_owners",
    "quarterly_prediction_revisions",
    "quarterly_prediction_rollup",
    "quarterly_prediction_rollup_delta",
    "quarterly_predictions",
    "rating_scales",
    "sector_rollup",
    "validation_files",
    "validation_reports",
];

/// Tables without policies, with the reason: access to them is decided before the query.
const UNGUARDED: &[(&str, &str)] = &[
    (
        "organizations",
        "whose rows a user may see follows from it: it is read to work that out",
    ),
    (
        "users",
        "signing in reads it before anyone is known; lists name the organizations they are for",
    ),
    (
        "api_keys",
        "read before anyone is known; lists name whose they are",
    ),
    (
        "invitations",
        "read by a token before anyone is known; lists name the organization",
    ),
    ("allowed_emails", "lists name the organization"),
    (
        "join_tokens",
        "read by a token; one hash for each organization",
    ),
    ("user_tokens", "read by a token before anyone is known"),
    (
        "user_totp",
        "read while signing in; every statement names the user",
    ),
    (
        "recovery_codes",
        "read while signing in; every statement names the user",
    ),
    (
        "login_challenges",
        "read by a token before anyone is signed in",
    ),
    (
        "maintenance_runs",
        "they speak of no tenant, and only a super_admin is shown them",
    ),
    ("idempotency_keys", "every statement names the principal"),
    ("tenancy_state", "one number"),
    ("seaql_migrations", "names of migrations"),
];

#[tokio::test]
async fn every_table_has_row_level_security_or_a_listed_reason() {
    let database = Database::create().await;
    let pool = database.superuser().await;
    let tables: BTreeMap<String, bool> = sqlx::query_as::<_, (String, bool)>(
        "SELECT relname::text, relrowsecurity FROM pg_class WHERE relkind IN ('r', 'p') \
         AND NOT relispartition AND relnamespace = 'public'::regnamespace",
    )
    .fetch_all(&pool)
    .await
    .expect("the tables")
    .into_iter()
    .collect();
    let guarded: BTreeSet<&str> = tables
        .iter()
        .filter(|(_, guarded)| **guarded)
        .map(|(table, _)| table.as_str())
        .collect();
    assert_eq!(
        guarded,
        GUARDED.into(),
        "tables with policies, and tables whose policies are proved"
    );
    let without: BTreeSet<&str> = tables
        .iter()
        .filter(|(_, guarded)| !**guarded)
        .map(|(table, _)| table.as_str())
        .collect();
    let reasons: BTreeSet<&str> = UNGUARDED.iter().map(|(table, _)| *table).collect();
    assert_eq!(
        without, reasons,
        "tables without policies, and tables that need none for a reason"
    );
    let owned: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.columns \
         WHERE table_schema = 'public' AND column_name = 'owner_key'",
    )
    .fetch_all(&pool)
    .await
    .expect("the columns");
    for table in owned {
        // A view is read with the rights of the user who reads it.
        assert!(
            guarded.contains(table.as_str()) || table.ends_with("_live"),
            "{table} has an owner and no guard"
        );
    }
}

#[tokio::test]
async fn partitions_cannot_be_accessed_directly() {
    let database = Database::create().await;
    let pool = database.superuser().await;
    let open: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relispartition AND relkind = 'r' \
         AND has_table_privilege('accunode_server', oid, 'SELECT, INSERT, UPDATE, DELETE')",
    )
    .fetch_all(&pool)
    .await
    .expect("the partitions");
    assert!(open.is_empty(), "{open:?}");
    let partitions: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass",
    )
    .fetch_one(&pool)
    .await
    .expect("a count");
    assert!(partitions > 1);
}
