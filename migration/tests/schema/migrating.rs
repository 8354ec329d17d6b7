//! Applying and reverting migrations, alone, concurrently, and after a failure.

use accunode_migration::{MigrateError, bootstrap_roles, migrate_down, migrate_up, status};
use sqlx::PgPool;

use crate::support::{Scratch, connect, run};

/// The migrations whose files are in the folder, oldest first.
fn all() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let files = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("m2"))
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// The number of steps down after which only the first migration remains.
fn all_but_the_first() -> u32 {
    u32::try_from(all().len() - 1).unwrap()
}

#[tokio::test]
async fn migrating_down_leaves_nothing_and_up_recreates_the_schema() {
    let scratch = Scratch::empty().await;
    assert_eq!(status(&scratch.pool).await.unwrap().pending, all());
    assert_eq!(migrate_up(&scratch.url).await.unwrap(), all());
    let first = everything(&scratch.pool).await;
    assert!(first.len() > 300, "{} objects", first.len());
    let foreign: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND pg_get_userbyid(relowner) <> 'accunode_owner'",
    )
    .fetch_all(&scratch.pool)
    .await
    .unwrap();
    assert!(foreign.is_empty(), "not the owner's: {foreign:?}");
    assert_eq!(
        migrate_up(&scratch.url).await.unwrap(),
        Vec::<String>::new(),
        "nothing left to do"
    );

    assert_eq!(
        migrate_down(&scratch.url, all_but_the_first())
            .await
            .unwrap(),
        all()[1..].iter().rev().cloned().collect::<Vec<_>>()
    );
    assert_eq!(
        migrate_down(&scratch.url, 9).await.unwrap(),
        ["m20261101_000001_schema"]
    );
    let left = everything(&scratch.pool).await;
    let left: Vec<_> = left
        .iter()
        .filter(|line| !line.contains("seaql_migrations"))
        .collect();
    assert!(left.is_empty(), "left behind: {left:#?}");

    assert_eq!(migrate_up(&scratch.url).await.unwrap(), all());
    assert_eq!(everything(&scratch.pool).await, first);
    scratch.end().await;
}

/// Objects with their definitions, owners and grants.
async fn everything(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT concat_ws(' ', c.relkind, c.relname, pg_get_userbyid(c.relowner), c.relacl::text, c.relrowsecurity, c.reloptions::text,
                          pg_get_viewdef(c.oid), (SELECT string_agg(concat_ws(' ', attname, attacl::text), ',' ORDER BY attnum)
                                                    FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0)) AS it
           FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
         UNION ALL SELECT concat_ws(' ', 'function', p.oid::regprocedure, pg_get_userbyid(proowner), proacl::text, prosecdef, prosrc)
           FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
         UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
         UNION ALL SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid), indisvalid) FROM pg_index JOIN pg_class c ON c.oid = indrelid WHERE c.relnamespace = 'public'::regnamespace
         UNION ALL SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid)) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE c.relnamespace = 'public'::regnamespace AND NOT tgisinternal
         UNION ALL SELECT concat_ws(' ', 'policy', tablename, policyname, roles::text, cmd, qual, with_check) FROM pg_policies
         UNION ALL SELECT concat_ws(' ', 'extension', extname) FROM pg_extension WHERE extname <> 'plpgsql'
         UNION ALL SELECT concat_ws(' ', 'default', defaclobjtype, defaclacl::text) FROM pg_default_acl
         ORDER BY 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_nodes_apply_each_migration_once() {
    let scratch = Scratch::empty().await;
    let nodes: Vec<_> = (0..4)
        .map(|_| {
            let (url, pool) = (scratch.url.clone(), scratch.pool.clone());
            tokio::spawn(async move {
                bootstrap_roles(&pool).await.unwrap();
                migrate_up(&url).await.unwrap()
            })
        })
        .collect();
    let mut applied = Vec::new();
    for node in nodes {
        applied.extend(node.await.unwrap());
    }
    assert_eq!(applied, all(), "one node did all of it, the others nothing");
    assert!(status(&scratch.pool).await.unwrap().is_current());
    scratch.end().await;
}

#[tokio::test]
async fn serving_role_cannot_migrate() {
    let scratch = Scratch::migrated().await;
    let mut connection = connect(&scratch.url).await;
    run(&mut connection, "ALTER ROLE accunode_server LOGIN").await;
    let url = scratch.url.replacen("//postgres", "//accunode_server", 1);
    assert_ne!(url, scratch.url);
    let refused = migrate_up(&url).await.unwrap_err();
    assert!(
        matches!(&refused, MigrateError::NotOwner { user } if user == "accunode_server"),
        "{refused:?}"
    );
    scratch.end().await;
}

#[tokio::test]
async fn an_older_build_leaves_a_newer_database_alone() {
    let scratch = Scratch::migrated().await;
    sqlx::raw_sql("INSERT INTO seaql_migrations VALUES ('m20991231_000001_from_the_future', 0)")
        .execute(&scratch.pool)
        .await
        .unwrap();
    for refused in [
        migrate_up(&scratch.url).await,
        migrate_down(&scratch.url, 1).await,
    ] {
        assert!(
            matches!(refused.unwrap_err(), MigrateError::Newer(names) if names == ["m20991231_000001_from_the_future"])
        );
    }
    let standing = status(&scratch.pool).await.unwrap();
    assert!(standing.is_current(), "it still serves");
    scratch.end().await;
}

#[tokio::test]
async fn invalid_index_of_a_failed_build_is_rebuilt() {
    let scratch = Scratch::migrated().await;
    let mut connection = connect(&scratch.url).await;
    migrate_down(&scratch.url, all_but_the_first())
        .await
        .unwrap();
    run(&mut connection, include_str!("some_rows.sql")).await;
    let broken = sqlx::raw_sql(
        "CREATE UNIQUE INDEX CONCURRENTLY idx_annual_predictions_probability ON annual_predictions (risk_level)",
    )
    .execute(&mut connection)
    .await;
    assert!(
        broken.is_err(),
        "the rows repeat their level, so the build fails and leaves its index"
    );
    assert_eq!(
        definition(&scratch.pool).await.map(|(_, valid)| valid),
        Some(false)
    );

    assert_eq!(migrate_up(&scratch.url).await.unwrap(), all()[1..]);
    let (sql, valid) = definition(&scratch.pool).await.unwrap();
    assert!(
        valid && sql.ends_with("(owner_key, pd DESC, id DESC)"),
        "{sql}"
    );

    run(
        &mut connection,
        "SET enable_seqscan = off; SET enable_sort = off; ANALYZE annual_predictions",
    )
    .await;
    let plan: Vec<String> = sqlx::query_scalar(
        "EXPLAIN SELECT id FROM annual_predictions WHERE owner_key = '00000000-0000-0000-0000-000000000000' ORDER BY pd DESC, id DESC LIMIT 20",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(
        plan.join("\n")
            .contains("idx_annual_predictions_probability"),
        "{plan:#?}"
    );
    scratch.end().await;
}

async fn definition(pool: &PgPool) -> Option<(String, bool)> {
    sqlx::query_as(
        "SELECT pg_get_indexdef(indexrelid), indisvalid FROM pg_index
          WHERE indexrelid = to_regclass('idx_annual_predictions_probability')",
    )
    .fetch_optional(pool)
    .await
    .unwrap()
}
