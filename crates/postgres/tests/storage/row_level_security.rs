//! The second fence: what the database itself lets an actor read and change, without any
//! filter of ours.

use std::collections::BTreeSet;

use accunode_domain::{
    access::{Actor, Scope},
    id::UserId,
    owner::{AccessLevel, Owner},
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::fixture::{Fixture, USERS};

const TABLES: [&str; 4] = [
    "companies",
    "annual_predictions",
    "quarterly_predictions",
    "bulk_upload_jobs",
];

/// One row of each table for every owner and some creators.
async fn rows_of_every_owner(fixture: &Fixture) {
    let owners = "
        SELECT 'personal' AS level, NULL::uuid AS organization, id AS creator FROM users
        UNION ALL SELECT 'organization', u.organization_id, u.id FROM users u WHERE u.organization_id IS NOT NULL
        UNION ALL SELECT 'system', NULL, id FROM users WHERE role = 'super_admin'";
    let sql = format!(
        "WITH owners AS ({owners}), made AS (
           INSERT INTO companies (symbol, name, sector, access_level, organization_id, created_by)
           SELECT 'S' || row_number() OVER (), 'N', 'S', level, organization, creator FROM owners RETURNING *),
         annual AS (
           INSERT INTO annual_predictions (company_id, company_symbol, company_name, company_sector, reporting_year,
             probability, pd, risk_level, confidence, predicted_at, model_name, model_version, model_sha256,
             access_level, organization_id, created_by)
           SELECT id, symbol, name, sector, '2024', 0.5, 0.5, 'Medium', 0.9, now(), 'annual', '1', repeat('a', 64),
             access_level, organization_id, created_by FROM made),
         quarterly AS (
           INSERT INTO quarterly_predictions (company_id, company_symbol, company_name, company_sector, reporting_year,
             reporting_quarter, ensemble_probability, logistic_probability, gbm_probability, pd, risk_level, confidence,
             predicted_at, model_name, model_version, model_sha256, access_level, organization_id, created_by)
           SELECT id, symbol, name, sector, '2024', 'Q2', 0.9, 0.9, 0.9, 0.9, 'High', 0.9, now(), 'quarterly', '1',
             repeat('a', 64), access_level, organization_id, created_by FROM made)
         INSERT INTO bulk_upload_jobs (filename, original_filename, file_size, job_type, access_level, organization_id, created_by)
         SELECT 'f', 'f', 1, 'annual', access_level, organization_id, created_by FROM made"
    );
    sqlx::query(AssertSqlSafe(sql))
        .execute(&fixture.superuser)
        .await
        .unwrap();
}

fn owner(level: &str, key: Uuid) -> Owner {
    match level.parse().unwrap() {
        AccessLevel::Personal => Owner::User(UserId(key)),
        AccessLevel::Organization => Owner::Organization(key.into()),
        AccessLevel::System => Owner::System,
    }
}

type Row = (Uuid, String, Uuid, Uuid);

async fn everything(fixture: &Fixture, table: &str) -> Vec<Row> {
    let sql = format!("SELECT id, access_level, owner_key, created_by FROM {table}");
    sqlx::query_as(AssertSqlSafe(sql))
        .fetch_all(&fixture.superuser)
        .await
        .unwrap()
}

async fn touched(fixture: &Fixture, scope: &Scope, sql: String) -> BTreeSet<Uuid> {
    let mut transaction = fixture.store.as_actor(scope).await.unwrap();
    let ids: Vec<Uuid> = sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_all(&mut *transaction)
        .await
        .unwrap();
    ids.into_iter().collect()
}

#[tokio::test]
async fn unfiltered_select_returns_exactly_the_scope() {
    let fixture = Fixture::create().await;
    rows_of_every_owner(&fixture).await;
    for (name, ..) in USERS {
        let scope = fixture.actor(name).await.scope();
        for table in TABLES {
            let expected: BTreeSet<_> = everything(&fixture, table)
                .await
                .into_iter()
                .filter(|(_, level, key, _)| scope.contains(owner(level, *key)))
                .map(|(id, ..)| id)
                .collect();
            let seen = touched(&fixture, &scope, format!("SELECT id FROM {table}")).await;
            assert_eq!(seen, expected, "{name} reads {table}");
        }
        let rollups: Vec<(String, Uuid)> = {
            let mut transaction = fixture.store.as_actor(&scope).await.unwrap();
            sqlx::query_as(
                "SELECT access_level, owner_key FROM annual_prediction_rollup_live \
                 UNION ALL SELECT access_level, owner_key FROM quarterly_prediction_rollup_live \
                 UNION ALL SELECT access_level, owner_key FROM high_risk_companies \
                 UNION ALL SELECT access_level, owner_key FROM high_risk_company_delta \
                 UNION ALL SELECT access_level, owner_key FROM high_risk_company_counts \
                 UNION ALL SELECT access_level, owner_key FROM high_risk_companies_shared \
                 UNION ALL SELECT access_level, owner_key FROM headline_rollup \
                 UNION ALL SELECT access_level, owner_key FROM sector_rollup",
            )
            .fetch_all(&mut *transaction)
            .await
            .unwrap()
        };
        assert!(!rollups.is_empty());
        assert!(
            rollups
                .iter()
                .all(|(level, key)| scope.contains(owner(level, *key))),
            "{name}"
        );
    }
}

#[tokio::test]
async fn unfiltered_select_returns_revisions_of_readable_predictions() {
    let fixture = Fixture::create().await;
    rows_of_every_owner(&fixture).await;
    for (name, ..) in USERS {
        let scope = fixture.actor(name).await.scope();
        for table in ["annual_prediction", "quarterly_prediction"] {
            let rescored = format!("UPDATE {table}s SET pd = pd / 2");
            sqlx::query(AssertSqlSafe(rescored))
                .execute(&fixture.superuser)
                .await
                .unwrap();
            let readable = touched(&fixture, &scope, format!("SELECT id FROM {table}s")).await;
            let history = format!("SELECT prediction_id FROM {table}_revisions");
            assert_eq!(
                touched(&fixture, &scope, history).await,
                readable,
                "{name} reads {table}"
            );
            assert!(!readable.is_empty());
        }
    }
}

#[tokio::test]
async fn unfiltered_update_and_delete_affect_writable_rows_only() {
    let fixture = Fixture::create().await;
    rows_of_every_owner(&fixture).await;
    for (name, ..) in USERS {
        let actor: Actor = fixture.actor(name).await;
        for table in TABLES {
            let expected: BTreeSet<_> = everything(&fixture, table)
                .await
                .into_iter()
                .filter(|(_, level, key, by)| actor.write(owner(level, *key), UserId(*by)).is_ok())
                .map(|(id, ..)| id)
                .collect();
            let scope = actor.scope();
            let update = format!("UPDATE {table} SET updated_at = now() RETURNING id");
            assert_eq!(
                touched(&fixture, &scope, update).await,
                expected,
                "{name} updates {table}"
            );
            let delete = format!("DELETE FROM {table} RETURNING id");
            assert_eq!(
                touched(&fixture, &scope, delete).await,
                expected,
                "{name} deletes {table}"
            );
        }
    }
}

#[tokio::test]
async fn empty_scope_sees_nothing_on_a_reused_connection() {
    let fixture = Fixture::create().await;
    rows_of_every_owner(&fixture).await;
    let one = accunode_postgres::PoolSettings {
        sizes: accunode_postgres::PoolSizes::of_total(4),
        ..crate::support::settings()
    };
    let store = accunode_postgres::PgStore::connect(fixture.database.url(), one)
        .await
        .unwrap();
    let scope = fixture.actor("sa").await.scope();
    {
        use accunode_ports::repositories::{Repositories, Store};
        let listed = store
            .companies()
            .list(
                &scope,
                &Default::default(),
                Default::default(),
                Default::default(),
                None,
            )
            .await
            .unwrap();
        assert!(!listed.rows.is_empty());
        drop(store.begin(&scope).await.unwrap());
    }
    for table in TABLES {
        for kind in accunode_postgres::PoolKind::ALL {
            let sql = format!("SELECT count(*) FROM {table}");
            let left: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(store.pool_of(kind))
                .await
                .unwrap();
            assert_eq!(left, 0, "{table}, {kind:?}");
        }
    }
}
