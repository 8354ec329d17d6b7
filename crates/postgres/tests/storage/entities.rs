//! The entities of the adapter against the catalog of a migrated database.

use std::collections::BTreeMap;

use accunode_postgres::{DeclaredColumn, DeclaredTable, declared_tables, named_constraints};

use accunode_test_database::Database;

/// Tables that have no entity, with the reason.
const WITHOUT_ENTITY: [(&str, &str); 17] = [
    (
        "annual_prediction_owners",
        "written by a trigger, and read by the statement of histories",
    ),
    ("annual_prediction_rollup", "written by a function"),
    ("annual_prediction_rollup_delta", "written by a trigger"),
    (
        "audit_archives",
        "written on the connection that holds the lock of maintenance",
    ),
    ("headline_rollup", "written by a function"),
    ("high_risk_companies", "written by a function"),
    ("high_risk_companies_shared", "written by a function"),
    ("high_risk_company_counts", "written by a function"),
    ("high_risk_company_delta", "written by a trigger"),
    (
        "maintenance_runs",
        "written on the connection that holds the lock of maintenance",
    ),
    (
        "prediction_deletions",
        "written by triggers, and read by the statement of histories",
    ),
    (
        "quarterly_prediction_owners",
        "written by a trigger, and read by the statement of histories",
    ),
    ("quarterly_prediction_rollup", "written by a function"),
    ("quarterly_prediction_rollup_delta", "written by a trigger"),
    ("sector_rollup", "written by a function"),
    ("seaql_migrations", "the migrator's"),
    ("seaql_migrations_lock", "the migrator's"),
];

const COLUMNS: &str = "
    SELECT c.relname,
           a.attname,
           CASE WHEN t.typname IN ('varchar', 'bpchar') THEN 'text' ELSE t.typname END::text,
           NOT a.attnotnull
      FROM pg_class c
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type t ON t.oid = a.atttypid
     WHERE c.relnamespace = 'public'::regnamespace
       AND c.relkind IN ('r', 'p')
       AND NOT c.relispartition";

const PRIMARY_KEYS: &str = "
    SELECT c.relname, array_agg(a.attname::text ORDER BY k.position)
      FROM pg_index i
      JOIN pg_class c ON c.oid = i.indrelid
     CROSS JOIN unnest(i.indkey) WITH ORDINALITY k (attnum, position)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
     WHERE i.indisprimary AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
     GROUP BY c.relname";

#[tokio::test]
async fn entities_match_columns_types_and_keys_of_their_tables() {
    let database = Database::create().await;
    let stored = stored_tables(&database).await;
    let mut faults = Vec::new();
    let declared = declared_tables();
    for table in &declared {
        match stored.get(&table.name) {
            Some(stored) => compare(table, stored, &mut faults),
            None => faults.push(format!("{} is no table", table.name)),
        }
    }
    for name in stored.keys() {
        let has_entity = declared.iter().any(|table| table.name == *name);
        let is_listed = WITHOUT_ENTITY.iter().any(|(table, _)| table == name);
        if has_entity == is_listed {
            faults.push(format!(
                "{name} has neither an entity nor a reason to have none, or both"
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn compare(declared: &DeclaredTable, stored: &DeclaredTable, faults: &mut Vec<String>) {
    let table = &declared.name;
    if declared.primary_key != stored.primary_key {
        faults.push(format!(
            "{table} has the key {:?}, its entity {:?}",
            stored.primary_key, declared.primary_key
        ));
    }
    let by_name = |columns: &[DeclaredColumn]| -> BTreeMap<String, DeclaredColumn> {
        let named = columns.iter().map(|c| (c.name.clone(), c.clone()));
        named.collect()
    };
    let (ours, theirs) = (by_name(&declared.columns), by_name(&stored.columns));
    for (name, column) in &theirs {
        match ours.get(name) {
            None => faults.push(format!("{table}.{name} is missing from the entity")),
            Some(declared) if declared != column => faults.push(format!(
                "{table}.{name} is {column:?}, its entity says {declared:?}"
            )),
            Some(_) => {}
        }
    }
    let surplus = ours.keys().filter(|name| !theirs.contains_key(*name));
    faults.extend(surplus.map(|name| format!("{table}.{name} is no column")));
}

async fn stored_tables(database: &Database) -> BTreeMap<String, DeclaredTable> {
    let pool = database.superuser().await;
    let mut tables = BTreeMap::<String, DeclaredTable>::new();
    let columns = sqlx::query_as::<_, (String, String, String, bool)>(COLUMNS);
    for (table, name, type_name, nullable) in columns.fetch_all(&pool).await.unwrap() {
        let entry = tables
            .entry(table.clone())
            .or_insert_with(|| DeclaredTable {
                name: table,
                columns: Vec::new(),
                primary_key: Vec::new(),
            });
        entry.columns.push(DeclaredColumn {
            name,
            type_name,
            nullable,
        });
    }
    let keys = sqlx::query_as::<_, (String, Vec<String>)>(PRIMARY_KEYS);
    for (table, key) in keys.fetch_all(&pool).await.unwrap() {
        if let Some(entry) = tables.get_mut(&table) {
            entry.primary_key = key;
        }
    }
    pool.close().await;
    tables
}

/// A constraint may be declared on its table or be raised by a trigger or a function.
const IS_CONSTRAINT: &str = "
    SELECT EXISTS (SELECT FROM pg_constraint WHERE conname = $1::text)
        OR to_regclass($1::text) IS NOT NULL
        OR EXISTS (SELECT FROM pg_proc
                    WHERE pronamespace = 'public'::regnamespace
                      AND prosrc ~ format('CONSTRAINT = %L', $1::text))";

#[tokio::test]
async fn every_named_conflict_constraint_exists_in_the_schema() {
    let database = Database::create().await;
    let pool = database.superuser().await;
    let mut missing = Vec::new();
    for name in named_constraints() {
        let is_constraint = sqlx::query_scalar::<_, bool>(IS_CONSTRAINT).bind(name);
        if !is_constraint.fetch_one(&pool).await.unwrap() {
            missing.push(name);
        }
    }
    pool.close().await;
    assert_eq!(missing, Vec::<&str>::new());
}
