//! What a process leaves behind when it ends, in order and otherwise.

use std::{fmt::Write as _, time::Duration};

use accunode_tests::{Database, Serving, TestUser};
use nix::sys::signal::Signal;
use sqlx::PgPool;

use crate::running::{command, folder};

/// How often a process is ended under load.
const ENDS: usize = 3;
const ROWS: usize = 40_000;
/// Clients that keep the web's workers and their connections busy.
const CLIENTS: usize = 8;

fn file() -> Vec<u8> {
    let mut text = "company_symbol,sector,reporting_year,long_term_debt_to_total_capital,\
                    total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets\n"
        .to_owned();
    for n in 0..ROWS {
        writeln!(text, "S{n},Energy,2024,0.4,2.5,0.03,6.1,0.05").expect("written");
    }
    text.into_bytes()
}

fn serve(database: &Database, data: &std::path::Path) -> Serving {
    let mut program = command(data);
    program
        .env("DATABASE_URL", database.url())
        .env("ACCUNODE_LOG", "warn,accunode=info");
    Serving::of(program)
}

/// Returns the number of jobs that are leased.
async fn leased(pool: &PgPool) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM bulk_upload_jobs WHERE status = 'processing' AND lease_expires_at > clock_timestamp()",
    )
    .fetch_one(pool)
    .await
    .expect("jobs")
}

async fn until_under_way(pool: &PgPool) {
    let wait = async {
        loop {
            let processed: Option<i32> = sqlx::query_scalar(
                "SELECT max(processed_rows) FROM bulk_upload_jobs WHERE status = 'processing'",
            )
            .fetch_one(pool)
            .await
            .expect("jobs");
            if processed.is_some_and(|rows| rows > 0) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(150), wait)
        .await
        .expect("the upload to be under way");
}

/// Sends reads until the process has ended.
fn load(user: &TestUser) -> Vec<tokio::task::JoinHandle<usize>> {
    (0..CLIENTS)
        .map(|_| {
            let (url, token) = (user.url("/dashboard"), user.token().map(str::to_owned));
            tokio::spawn(async move {
                let client = accunode_tests::http().no_proxy().build().expect("a client");
                let token = token.expect("signed in");
                let mut answered = 0;
                while let Ok(answer) = client.get(&url).bearer_auth(&token).send().await {
                    answered += usize::from(answer.text().await.is_ok());
                }
                answered
            })
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn process_stopped_under_load_releases_its_job() {
    let database = Database::create().await;
    let pool = database.superuser().await;
    let data = folder();
    let mut left = 0;
    for n in 0..ENDS {
        let serving = serve(&database, data.path());
        let ana = serving
            .anonymous()
            .register(&format!("ana{n}@example.com"))
            .await;
        let _ = ana
            .upload(("large.csv", file()), &[("job_type", "annual")])
            .await
            .expect(202);
        let clients = load(&ana);
        until_under_way(&pool).await;
        let ended = tokio::task::spawn_blocking(|| serving.stop_with_log());
        let (status, log) = ended.await.expect("waited for");
        let leased = leased(&pool).await;
        left += i64::min(leased, 1);
        println!("{n}: {leased} leased");
        for client in clients {
            assert!(client.await.expect("it ends") > 0);
        }
        assert!(status.success(), "{log}");
        sqlx::query("UPDATE bulk_upload_jobs SET status = 'cancelled', lease_token = NULL, lease_expires_at = NULL, completed_at = now() WHERE status IN ('pending', 'processing')")
            .execute(&pool)
            .await
            .expect("cancelled");
    }
    assert_eq!(left, 0, "of {ENDS} ends this many left a job leased");
}

#[tokio::test]
async fn single_process_resumes_its_job_immediately_after_a_kill() {
    let database = Database::create().await;
    let pool = database.superuser().await;
    let data = folder();
    let serving = serve(&database, data.path());
    let ana = serving.anonymous().register("ana@example.com").await;
    let _ = ana
        .upload(("large.csv", file()), &[("job_type", "annual")])
        .await
        .expect(202);
    until_under_way(&pool).await;
    serving.kill();
    // The lease is made long: a process that waited for its end would not continue in time.
    let renewed = sqlx::query(
        "UPDATE bulk_upload_jobs SET lease_expires_at = clock_timestamp() + interval '1 hour' WHERE status = 'processing'",
    )
    .execute(&pool)
    .await
    .expect("renewed");
    assert_eq!(renewed.rows_affected(), 1);
    let before: i32 = sqlx::query_scalar("SELECT processed_rows FROM bulk_upload_jobs")
        .fetch_one(&pool)
        .await
        .expect("a job");
    let serving = serve(&database, data.path());
    let wait = async {
        loop {
            let now: i32 = sqlx::query_scalar("SELECT processed_rows FROM bulk_upload_jobs")
                .fetch_one(&pool)
                .await
                .expect("a job");
            if now > before {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(150), wait)
        .await
        .expect("the job to go on");
    let (status, log) = serving.stop_with_log();
    assert!(status.success() && log.contains("go on"), "{log}");
}

#[tokio::test]
async fn process_that_lost_its_instance_lock_ends_with_the_reason() {
    let database = Database::create().await;
    let pool = database.superuser().await;
    let data = folder();
    let serving = serve(&database, data.path());
    // The connection that holds the lock is lost, and another process is faster.
    let mut other = pool.acquire().await.expect("a connection");
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()")
        .execute(&mut *other)
        .await
        .expect("ended");
    sqlx::query("SELECT pg_advisory_lock(107079498268673)")
        .execute(&mut *other)
        .await
        .expect("taken");
    let (status, log) = serving.end();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("a task that must not end has ended"), "{log}");
    assert!(
        log.contains("another AccuNode serves on this database"),
        "{log}"
    );
}

#[tokio::test]
async fn ctrl_c_ends_the_process_in_order() {
    let database = Database::create().await;
    let data = folder();
    let mut program = command(data.path());
    program
        .env("DATABASE_URL", database.url())
        .env("ACCUNODE_DRAIN_SECONDS", "3600");
    let serving = Serving::of(program);
    serving.signal(Signal::SIGINT);
    let (status, log) = serving.end();
    assert!(status.success(), "{log}");
}
