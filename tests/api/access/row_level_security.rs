//! The database alone: statements without any condition, with the serving role.

use std::collections::BTreeSet;

use accunode_domain::{
    access::{Actor, Reading, Scope},
    owner::Owner,
};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use uuid::Uuid;

use super::{
    lists::{actor, everything, owner, rows_of_all_owners},
    setup::Setup,
};
use crate::support::run;

const TABLES: [&str; 4] = [
    "companies",
    "annual_predictions",
    "quarterly_predictions",
    "bulk_upload_jobs",
];
const ROLLUPS: [&str; 6] = [
    "annual_prediction_rollup",
    "annual_prediction_rollup_delta",
    "annual_prediction_rollup_live",
    "quarterly_prediction_rollup",
    "quarterly_prediction_rollup_delta",
    "quarterly_prediction_rollup_live",
];

/// Makes the settings that the policies read, as the architecture defines them.
pub(super) async fn act(connection: &mut PgConnection, scope: &Scope) {
    let array = |keys: Vec<Uuid>| {
        let keys: Vec<String> = keys.iter().map(Uuid::to_string).collect();
        format!("{{{}}}", keys.join(","))
    };
    let settings = [
        (
            "user_id",
            scope.user().map(|id| id.0.to_string()).unwrap_or_default(),
        ),
        (
            "owner_keys",
            array(scope.owners().iter().map(|owner| owner.key()).collect()),
        ),
        (
            "admin_keys",
            array(scope.administers().iter().map(|id| id.0).collect()),
        ),
        (
            "all_organizations",
            if scope.super_admin() {
                "on".to_owned()
            } else {
                String::new()
            },
        ),
        (
            "break_glass",
            scope
                .break_glass()
                .map(|id| id.to_string())
                .unwrap_or_default(),
        ),
    ];
    for (name, value) in settings {
        sqlx::query("SELECT set_config('accunode.' || $1, $2, false)")
            .bind(name)
            .bind(value)
            .execute(&mut *connection)
            .await
            .expect("the setting");
    }
}

/// Returns the number of rows that a statement affects; it is rolled back.
pub(super) async fn touched(connection: &mut PgConnection, sql: &str) -> BTreeSet<Uuid> {
    let mut transaction = connection.begin().await.expect("a transaction");
    let rows = sqlx::query(AssertSqlSafe(sql.to_owned()))
        .fetch_all(&mut *transaction)
        .await;
    let ids = rows
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
        .iter()
        .map(|row| row.get(0))
        .collect();
    transaction.rollback().await.expect("no trace");
    ids
}

/// Returns the rows of a table that the policy allows.
async fn allowed(
    setup: &Setup,
    table: &str,
    may: impl Fn(&super::lists::Owned) -> bool,
) -> BTreeSet<Uuid> {
    everything(setup, table)
        .await
        .iter()
        .filter(|row| may(row))
        .map(|row| row.id)
        .collect()
}

fn may_write(actor: &Actor, table: &str, row: &super::lists::Owned) -> bool {
    if table == "bulk_upload_jobs" {
        actor.control_upload(row.owner, row.creator).is_ok()
    } else {
        actor.write(row.owner, row.creator).is_ok()
    }
}

#[tokio::test]
async fn unfiltered_statements_affect_exactly_the_allowed_rows() {
    let setup = Setup::start().await;
    rows_of_all_owners(&setup).await;
    let mut server = setup.service.database.server_role().await;
    for who in Setup::everyone() {
        let actor = actor(&setup, who).await;
        act(&mut server, &actor.scope()).await;
        for table in TABLES {
            let readable = allowed(&setup, table, |row| {
                actor.read(row.owner) == Ok(Reading::Open)
            })
            .await;
            let writable = allowed(&setup, table, |row| may_write(&actor, table, row)).await;
            assert!(!writable.is_empty() && writable.is_subset(&readable));
            let select = touched(&mut server, &format!("SELECT id FROM {table}")).await;
            assert_eq!(select, readable, "{who} selects from {table}");
            let update = format!("UPDATE {table} SET updated_at = updated_at RETURNING id");
            assert_eq!(
                touched(&mut server, &update).await,
                writable,
                "{who} updates {table}"
            );
            let delete = format!("DELETE FROM {table} RETURNING id");
            assert_eq!(
                touched(&mut server, &delete).await,
                writable,
                "{who} deletes from {table}"
            );
        }
    }
}

#[tokio::test]
async fn rollups_are_visible_for_readable_owners_and_not_writable() {
    let setup = Setup::start().await;
    rows_of_all_owners(&setup).await;
    let mut server = setup.service.database.server_role().await;
    // Some rows are in the sums and some in the deltas since, no matter who merges
    // meanwhile.
    run(&setup.pool, "SELECT fold_prediction_rollups()").await;
    for owner in ["personal(m1)", "organization(Z)", "system"] {
        for kind in ["annual", "quarterly"] {
            setup.prediction(kind, owner, owner).await;
        }
    }
    for who in Setup::everyone() {
        let actor = actor(&setup, who).await;
        act(&mut server, &actor.scope()).await;
        for rollup in ROLLUPS {
            let sql = format!("SELECT access_level, owner_key FROM {rollup}");
            let seen = sqlx::query(AssertSqlSafe(sql))
                .fetch_all(&mut server)
                .await
                .expect("the sums");
            for row in &seen {
                let owner = owner(row.get(0), row.get(1));
                assert_eq!(
                    actor.read(owner),
                    Ok(Reading::Open),
                    "{who} sees {owner:?} in {rollup}"
                );
            }
            if rollup.ends_with("_live") {
                let keys: BTreeSet<Uuid> = seen.iter().map(|row| row.get(1)).collect();
                let table = rollup.replace("_prediction_rollup_live", "_predictions");
                let expected: BTreeSet<Uuid> = everything(&setup, &table)
                    .await
                    .iter()
                    .filter(|row| actor.read(row.owner) == Ok(Reading::Open))
                    .map(|row| row.owner.key())
                    .collect();
                assert_eq!(keys, expected, "{who} {rollup}");
            }
            for sql in [
                format!("UPDATE {rollup} SET n = n"),
                format!("DELETE FROM {rollup}"),
            ] {
                assert!(
                    server.execute(AssertSqlSafe(sql.clone())).await.is_err(),
                    "{who}: {sql}"
                );
            }
        }
    }
}

#[tokio::test]
async fn upload_rows_are_visible_and_deletable_like_the_upload() {
    let setup = Setup::start().await;
    for owner in super::lists::OWNERS {
        let job = setup.upload(owner).await;
        setup.end(&job).await;
    }
    let mut server = setup.service.database.server_role().await;
    for who in Setup::everyone() {
        let actor = actor(&setup, who).await;
        act(&mut server, &actor.scope()).await;
        let jobs = "bulk_upload_jobs";
        let readable = allowed(&setup, jobs, |row| {
            actor.read(row.owner) == Ok(Reading::Open)
        })
        .await;
        let writable = allowed(&setup, jobs, |row| may_write(&actor, jobs, row)).await;
        let select = touched(&mut server, "SELECT job_id FROM bulk_upload_rows").await;
        assert_eq!(select, readable, "{who}");
        let delete = touched(&mut server, "DELETE FROM bulk_upload_rows RETURNING job_id").await;
        assert_eq!(delete, writable, "{who}");
        assert!(
            server
                .execute("UPDATE bulk_upload_rows SET code = code")
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn audit_log_is_visible_by_rank_and_not_writable() {
    let setup = Setup::start().await;
    rows_of_all_owners(&setup).await;
    let log = sqlx::query("SELECT id, user_id, organization_id FROM audit_logs")
        .fetch_all(&setup.pool)
        .await;
    let log = log.expect("the audit log");
    let mut server = setup.service.database.server_role().await;
    for who in Setup::everyone() {
        let actor = actor(&setup, who).await;
        let scope = actor.scope();
        act(&mut server, &scope).await;
        let expected: BTreeSet<Uuid> = log
            .iter()
            .filter(|row| {
                let (user, organization) =
                    (row.get::<Option<Uuid>, _>(1), row.get::<Option<Uuid>, _>(2));
                user == Some(actor.user().0)
                    || scope.super_admin()
                    || organization.is_some_and(|id| scope.administers().contains(&id.into()))
            })
            .map(|row| row.get(0))
            .collect();
        assert_eq!(
            touched(&mut server, "SELECT id FROM audit_logs").await,
            expected,
            "{who}"
        );
        for sql in [
            "UPDATE audit_logs SET action = action",
            "DELETE FROM audit_logs",
            "TRUNCATE audit_logs",
        ] {
            assert!(server.execute(sql).await.is_err(), "{who}: {sql}");
        }
    }
}

#[tokio::test]
async fn connection_without_an_actor_sees_no_rows() {
    let setup = Setup::start().await;
    rows_of_all_owners(&setup).await;
    let mut server = setup.service.database.server_role().await;
    let all = TABLES
        .iter()
        .chain(&ROLLUPS)
        .chain(&["bulk_upload_rows", "audit_logs"]);
    for anonymous in ["before anything was set", "after an actor was there"] {
        for table in all.clone() {
            let sql = format!("SELECT count(*) FROM {table}");
            let n: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(&mut server)
                .await
                .expect("a count");
            assert_eq!(n, 0, "{table} {anonymous}");
        }
        for table in TABLES {
            for sql in [
                format!("UPDATE {table} SET updated_at = updated_at"),
                format!("DELETE FROM {table}"),
            ] {
                let done = server
                    .execute(AssertSqlSafe(sql.clone()))
                    .await
                    .expect("no error");
                assert_eq!(done.rows_affected(), 0, "{sql} {anonymous}");
            }
        }
        // Set for a transaction, as the service does: nothing is left behind.
        let mut transaction = server.begin().await.expect("a transaction");
        transaction
            .execute("SELECT set_config('accunode.all_organizations', 'on', true)")
            .await
            .expect("set");
        transaction.commit().await.expect("committed");
    }
}

#[tokio::test]
async fn rows_are_inserted_only_for_permitted_owners() {
    let setup = Setup::start().await;
    let mut server = setup.service.database.server_role().await;
    let owners = |setup: &Setup| {
        let users = Setup::everyone().map(|who| Owner::User(setup.users.user(who).id.into()));
        let places = setup
            .users
            .organizations
            .values()
            .map(|id| Owner::Organization((*id).into()));
        users
            .chain(places)
            .chain([Owner::System])
            .collect::<Vec<_>>()
    };
    for who in Setup::everyone() {
        let actor = actor(&setup, who).await;
        act(&mut server, &actor.scope()).await;
        for owner in owners(&setup) {
            let creator = match owner {
                Owner::User(id) => id,
                _ => actor.user(),
            };
            let may = match owner {
                Owner::User(id) => id == actor.user(),
                _ => actor
                    .create(Some(owner.level()), owner.organization())
                    .is_ok(),
            };
            let mut transaction = server.begin().await.expect("a transaction");
            let done = sqlx::query(
                "INSERT INTO companies (symbol, name, sector, access_level, organization_id, created_by) \
                 VALUES ('NEW', 'N', 'S', $1, $2, $3)",
            )
            .bind(owner.level().as_str())
            .bind(owner.organization().map(|id| id.0))
            .bind(creator.0)
            .execute(&mut *transaction)
            .await;
            assert_eq!(done.is_ok(), may, "{who} inserts for {owner:?}: {done:?}");
            transaction.rollback().await.expect("no trace");
        }
    }
}

#[tokio::test]
async fn deletions_are_visible_like_the_predictions_were() {
    let setup = Setup::start().await;
    rows_of_all_owners(&setup).await;
    let mut server = setup.service.database.server_role().await;
    for kind in ["annual", "quarterly"] {
        let table = format!("{kind}_predictions");
        let mut readable = Vec::new();
        for who in Setup::everyone() {
            let actor = actor(&setup, who).await;
            let owners = allowed(&setup, &table, |row| {
                actor.read(row.owner) == Ok(Reading::Open)
            });
            readable.push((who, actor.scope(), owners.await.len()));
        }
        run(&setup.pool, &format!("DELETE FROM {table}")).await;
        let read = format!("SELECT company_id FROM prediction_deletions WHERE kind = '{kind}'");
        for (who, scope, count) in readable {
            act(&mut server, &scope).await;
            let found = server.fetch_all(AssertSqlSafe(read.clone())).await;
            assert_eq!(found.expect("rows").len(), count, "{who}: {kind}");
            for change in [
                "UPDATE prediction_deletions SET deleted_at = now()",
                "INSERT INTO prediction_deletions (kind, company_id, period_end, predicted_at, access_level, owner_key) \
                 VALUES ('annual', gen_random_uuid(), now(), now(), 'system', gen_random_uuid())",
            ] {
                assert!(server.execute(change).await.is_err(), "{who}: {change}");
            }
        }
        act(&mut server, &Scope::none()).await;
        assert!(touched(&mut server, &read).await.is_empty());
    }
}

#[tokio::test]
async fn revisions_and_former_owners_are_visible_like_their_prediction_and_not_writable() {
    let setup = Setup::start().await;
    rows_of_all_owners(&setup).await;
    let mut server = setup.service.database.server_role().await;
    for kind in ["annual", "quarterly"] {
        let table = format!("{kind}_predictions");
        run(
            &setup.pool,
            &format!("UPDATE {table} SET pd = pd / 2, model_version = 'older'"),
        )
        .await;
        // As if each had been raised once, from a level that no one reads by itself.
        run(
            &setup.pool,
            &format!(
                "INSERT INTO {kind}_prediction_owners (prediction_id, owner_key, until) \
                 SELECT id, gen_random_uuid(), now() FROM {table}"
            ),
        )
        .await;
        let history = format!("SELECT prediction_id FROM {kind}_prediction_revisions");
        let owners = format!("SELECT prediction_id FROM {kind}_prediction_owners");
        for who in Setup::everyone() {
            let actor = actor(&setup, who).await;
            act(&mut server, &actor.scope()).await;
            let readable = allowed(&setup, &table, |row| {
                actor.read(row.owner) == Ok(Reading::Open)
            })
            .await;
            for read in [&history, &owners] {
                assert_eq!(touched(&mut server, read).await, readable, "{who}: {read}");
            }
            for table in ["revisions", "owners"] {
                let change = format!("DELETE FROM {kind}_prediction_{table}");
                assert!(server.execute(AssertSqlSafe(change)).await.is_err());
            }
        }
        act(&mut server, &Scope::none()).await;
        assert!(touched(&mut server, &history).await.is_empty());
        assert!(touched(&mut server, &owners).await.is_empty());
    }
}
