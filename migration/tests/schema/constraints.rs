//! The guarantees of the schema: the checks of `functional.sql`, and those that need two sessions.

use accunode_migration::{BECOME_SERVER, migration_names, status};
use sqlx::{AssertSqlSafe, PgPool, postgres::PgListener};

use crate::support::{Scratch, connect, run};

#[tokio::test]
async fn every_guarantee_of_the_schema_holds() {
    let scratch = Scratch::migrated().await;
    let mut connection = connect(&scratch.url).await;
    let script = include_str!("functional.sql");
    let sections: Vec<_> = script.split("\n-- ## ").skip(1).collect();
    assert!(sections.len() > 30, "the script is read whole");
    for section in sections {
        let (title, sql) = section.split_once('\n').unwrap();
        if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await
        {
            panic!("{title}: {error}");
        }
    }
    scratch.end().await;
}

#[tokio::test]
async fn one_of_two_super_admins_leaving_concurrently_remains() {
    let scratch = Scratch::migrated().await;
    sqlx::raw_sql(
        "INSERT INTO users (email, password_hash, role) VALUES ('a@x', 'h', 'super_admin'), ('b@x', 'h', 'super_admin')",
    )
    .execute(&scratch.pool)
    .await
    .unwrap();
    for _ in 0..25 {
        let (a, b) = tokio::join!(leave(&scratch.pool, "a@x"), leave(&scratch.pool, "b@x"));
        assert_eq!(
            (a.is_ok(), b.is_ok()),
            (b.is_err(), a.is_err()),
            "exactly one may leave"
        );
        let refused = a.and(b).unwrap_err();
        assert_eq!(
            refused.as_database_error().unwrap().constraint(),
            Some("users_last_super_admin")
        );
        sqlx::raw_sql("UPDATE users SET is_active = true")
            .execute(&scratch.pool)
            .await
            .unwrap();
    }
    scratch.end().await;
}

async fn leave(pool: &PgPool, email: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE users SET is_active = false WHERE email = $1")
        .bind(email)
        .execute(pool)
        .await?;
    Ok(())
}

#[tokio::test]
async fn concurrent_user_changes_do_not_deadlock_on_the_tenancy_version() {
    let scratch = Scratch::migrated().await;
    let (mut one, mut two) = (connect(&scratch.url).await, connect(&scratch.url).await);
    run(
        &mut one,
        "INSERT INTO users (email, password_hash, role) SELECT n || '@x', 'h', 'user' FROM unnest('{a,b,c,d}'::text[]) n",
    )
    .await;
    let before = tenancy_version(&scratch.pool).await;
    for session in [&mut one, &mut two] {
        run(session, "SET lock_timeout = '5s'").await;
    }
    run(
        &mut one,
        "BEGIN; UPDATE users SET first_name = 'x' WHERE email = 'a@x'",
    )
    .await;
    run(
        &mut two,
        "BEGIN; UPDATE users SET first_name = 'x' WHERE email = 'b@x'",
    )
    .await;
    run(
        &mut one,
        "UPDATE users SET first_name = 'x' WHERE email = 'c@x'",
    )
    .await;
    run(
        &mut two,
        "UPDATE users SET first_name = 'x' WHERE email = 'd@x'",
    )
    .await;
    assert_eq!(
        tenancy_version(&scratch.pool).await,
        before,
        "it becomes visible with the change, not before"
    );
    run(&mut one, "COMMIT").await;
    run(&mut two, "COMMIT").await;
    assert_eq!(tenancy_version(&scratch.pool).await, before + 2);
    scratch.end().await;
}

async fn tenancy_version(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT tenancy_version()")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn new_and_changed_jobs_notify_their_listeners() {
    let scratch = Scratch::migrated().await;
    let mut listener = PgListener::connect(&scratch.url).await.unwrap();
    listener.listen("accunode_jobs").await.unwrap();
    let user: String = sqlx::query_scalar(
        "INSERT INTO users (email, password_hash, role) VALUES ('a@x', 'h', 'user') RETURNING id::text",
    )
    .fetch_one(&scratch.pool)
    .await
    .unwrap();
    let id: String = sqlx::query_scalar(
        "INSERT INTO bulk_upload_jobs (filename, original_filename, file_size, job_type, access_level, created_by)
         VALUES ('f', 'f', 1, 'annual', 'personal', $1::uuid) RETURNING id::text",
    )
    .bind(&user)
    .fetch_one(&scratch.pool)
    .await
    .unwrap();
    assert_eq!(listener.recv().await.unwrap().payload(), id, "a new job");
    for change in [
        "processing_logs = '[1]'",
        "checkpoint = '{\"row\": 1}'",
        "error_count = 1, processed_rows = 1",
    ] {
        let sql = format!("UPDATE bulk_upload_jobs SET {change}");
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&scratch.pool)
            .await
            .unwrap();
    }
    let notification = listener.recv().await.unwrap();
    assert_eq!(
        (notification.channel(), notification.payload()),
        ("accunode_jobs", id.as_str()),
        "progress, once"
    );
    scratch.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_workers_claim_each_job_once_within_owner_shares() {
    const PER_OWNER: i32 = 2;
    let scratch = Scratch::migrated().await;
    let mut connection = connect(&scratch.url).await;
    run(
        &mut connection,
        "INSERT INTO users (email, password_hash, role) SELECT n || '@x', 'h', 'user' FROM unnest('{a,b,c}'::text[]) n;
         INSERT INTO bulk_upload_jobs (filename, original_filename, file_size, job_type, access_level, created_by)
         SELECT 'f', 'f', 1, 'annual', 'personal', u.id FROM users u, generate_series(1, 10)",
    )
    .await;
    let workers: Vec<_> = (0..4)
        .map(|_| tokio::spawn(work(scratch.pool.clone(), PER_OWNER)))
        .collect();
    let mut most = 0;
    for worker in workers {
        most = most.max(worker.await.unwrap());
    }
    assert!(
        (1..=i64::from(PER_OWNER)).contains(&most),
        "{most} of one owner at once"
    );
    let done: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM bulk_upload_jobs WHERE status = 'completed' AND attempts = 1",
    )
    .fetch_one(&scratch.pool)
    .await
    .unwrap();
    assert_eq!(done, 30);
    scratch.end().await;
}

/// Claims and finishes until nothing is left; returns the most jobs that one owner had at once.
async fn work(pool: PgPool, per_owner: i32) -> i64 {
    let mut most = 0;
    loop {
        let claimed: Option<String> = sqlx::query_scalar(
            "SELECT id::text FROM claim_bulk_job(gen_random_uuid(), '30 s', $1, 3)",
        )
        .bind(per_owner)
        .fetch_optional(&pool)
        .await
        .unwrap();
        let Some(id) = claimed else {
            let open: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM bulk_upload_jobs WHERE status = 'pending'",
            )
            .fetch_one(&pool)
            .await
            .unwrap();
            if open == 0 {
                return most;
            }
            continue;
        };
        let running: i64 = sqlx::query_scalar(
            "SELECT max(n) FROM (SELECT count(*) AS n FROM bulk_upload_jobs WHERE status = 'processing' GROUP BY owner_key) o",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        most = most.max(running);
        sqlx::query(
            "UPDATE bulk_upload_jobs SET status = 'completed', total_rows = 0, completed_at = now(), lease_token = NULL, lease_expires_at = NULL WHERE id = $1::uuid",
        )
        .bind(id)
        .execute(&pool)
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn serving_role_reads_the_migration_status() {
    let scratch = Scratch::migrated().await;
    let server = scratch.server_role().await;
    let settings: (String, String, String) = sqlx::query_as(
        "SELECT current_user::text, current_setting('jit'), current_setting('statement_timeout')",
    )
    .fetch_one(&server)
    .await
    .unwrap();
    assert_eq!(
        settings,
        ("accunode_server".into(), "off".into(), "30s".into())
    );
    let standing = status(&server).await.unwrap();
    assert!(standing.is_current() && standing.unknown.is_empty());
    assert_eq!(standing.applied, migration_names());
    server.close().await;

    let mut owner = connect(&scratch.url).await;
    run(&mut owner, "SET SESSION AUTHORIZATION accunode_owner").await;
    run(&mut owner, BECOME_SERVER).await;
    let refused = sqlx::raw_sql("CREATE TABLE public.x (a int)")
        .execute(&mut owner)
        .await
        .unwrap_err();
    assert_eq!(
        refused
            .as_database_error()
            .and_then(|e| e.code())
            .as_deref(),
        Some("42501")
    );
    scratch.end().await;
}
