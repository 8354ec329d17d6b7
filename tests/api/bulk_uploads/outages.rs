//! Jobs whose workers are killed repeatedly, and jobs that were given up.

use accunode_domain::id::JobId;
use accunode_tests::{Service, ServiceOptions, TestUser};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::{sync::watch, task::JoinHandle};

use super::outcomes::counts;
use crate::support::{ask, count, file_of, run, submit, text};

/// The rows of three chunks and some more.
const ROWS: usize = 16_000;

async fn submitted(ana: &TestUser) -> String {
    let symbols: Vec<String> = (0..ROWS).map(|n| format!("S{n}")).collect();
    submit(ana, "large.csv", file_of(&symbols), &[]).await
}

async fn job_status(ana: &TestUser, job: &str) -> Value {
    ana.get(&format!("/bulk-uploads/{job}")).await.expect(200)
}

/// Claims a job like a worker and processes it; `None` if there is no job.
async fn take(service: &Service) -> Option<JoinHandle<()>> {
    let application = &service.wired().application;
    let claimed = application.ports().queue.claim().await.expect("an answer");
    let (job, lease) = claimed?;
    let bulk = application.bulk_uploads.clone();
    Some(tokio::spawn(async move {
        let (_keep, stop) = watch::channel(false);
        bulk.process(job, lease, &stop).await;
    }))
}

/// Kills the worker after it has stored another chunk, and lets its lease expire.
async fn kill_after_a_chunk(service: &Service, ana: &TestUser, job: &str, pool: &PgPool) {
    let before = count(&job_status(ana, job).await, "processed_rows");
    let worker = take(service).await.expect("the job can be taken");
    let id = JobId(job.parse().expect("an id"));
    while count(&job_status(ana, job).await, "processed_rows") == before {
        service
            .wired()
            .application
            .bulk_uploads
            .wait_for_change(id)
            .await;
    }
    worker.abort();
    let _ = worker.await;
    run(
        pool,
        "UPDATE bulk_upload_jobs SET lease_expires_at = clock_timestamp() - interval '1 second' \
         WHERE status = 'processing'",
    )
    .await;
}

#[tokio::test]
async fn kills_after_progress_do_not_use_up_attempts() {
    let service = Service::with(ServiceOptions::default().without_worker()).await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let job = submitted(&ana).await;
    // As if the job had been killed four times at its beginning: the next attempt is the last one
    // that is allowed without progress.
    run(&pool, "UPDATE bulk_upload_jobs SET attempts = 4").await;
    for _ in 0..2 {
        kill_after_a_chunk(&service, &ana, &job, &pool).await;
    }
    let worker = take(&service).await.expect("the job goes on");
    worker.await.expect("its end");
    let done = job_status(&ana, &job).await;
    let rows = i64::try_from(ROWS).expect("a number");
    assert_eq!(text(&done, "status"), "completed", "{done}");
    assert_eq!(counts(&done), [rows, 0, 0, 0]);
}

#[tokio::test]
async fn job_that_was_given_up_is_completed_by_retry() {
    let service = Service::with(ServiceOptions::default().without_worker()).await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let job = submitted(&ana).await;
    kill_after_a_chunk(&service, &ana, &job, &pool).await;
    run(&pool, "UPDATE bulk_upload_jobs SET attempts = 5").await;
    assert!(take(&service).await.is_none());
    let failed = job_status(&ana, &job).await;
    assert_eq!(text(&failed, "status"), "failed");
    assert_eq!(text(&failed, "error_code"), "too_many_attempts");
    assert!(
        text(&failed, "error_message").ends_with("was killed or crashed"),
        "{failed}"
    );
    let stored = count(&failed, "processed_rows");
    assert!((1..i64::try_from(ROWS).expect("a number")).contains(&stored));

    let once = ana.with("Idempotency-Key", "go-on");
    for _ in 0..2 {
        let answer = once
            .post_nothing(&format!("/bulk-uploads/{job}/retry"))
            .await;
        let waiting = answer.expect(202);
        assert_eq!(
            (text(&waiting, "id"), text(&waiting, "status")),
            (&*job, "pending")
        );
        assert_eq!(waiting["error_code"], Value::Null);
        assert_eq!(count(&waiting, "processed_rows"), stored);
    }
    let worker = take(&service).await.expect("the job goes on");
    worker.await.expect("its end");
    let done = job_status(&ana, &job).await;
    let rows = i64::try_from(ROWS).expect("a number");
    assert_eq!(text(&done, "status"), "completed", "{done}");
    // The log contains all events, including the reason for giving up.
    let log = done["log"].as_array().expect("a log");
    let ends = log.iter().filter(|line| line["event"] != "taken");
    let ends: Vec<_> = ends
        .map(|line| (text(line, "event"), &line["code"]))
        .collect();
    let expected = [
        ("failed", &json!("too_many_attempts")),
        ("continued", &Value::Null),
        ("completed", &Value::Null),
    ];
    assert_eq!(ends, expected);
    assert_eq!(counts(&done), [rows, 0, 0, 0]);
    assert_eq!(count(&done, "total_rows"), rows);
    let predictions: i64 = ask(&pool, "SELECT count(*) FROM annual_predictions").await;
    assert_eq!(predictions, rows);
    let events: Value = ask(
        &pool,
        "SELECT jsonb_agg(event_type ORDER BY created_at) FROM audit_logs WHERE event_type LIKE 'bulk_upload.c%'",
    )
    .await;
    assert_eq!(
        events,
        serde_json::json!(["bulk_upload.created", "bulk_upload.continued"])
    );
}

#[tokio::test]
async fn cancelled_job_is_continued_but_one_failed_by_its_file_is_not() {
    let service = Service::with(ServiceOptions::default().without_worker()).await;
    let ana = service.user("ana").await;
    let job = submit(&ana, "a.csv", file_of(["A", "B"]), &[]).await;
    let path = format!("/bulk-uploads/{job}");
    let _ = ana
        .post_nothing(&format!("{path}/cancel"))
        .await
        .expect(202);
    let waiting = ana.post_nothing(&format!("{path}/retry")).await.expect(202);
    assert_eq!(
        (text(&waiting, "id"), text(&waiting, "status")),
        (&*job, "pending")
    );
    assert_eq!(waiting["cancel_requested_at"], Value::Null);
    let same = ana
        .upload(("a.csv", file_of(["A", "B"])), &[("job_type", "annual")])
        .await;
    assert_eq!(same.problem(409), "duplicate_file", "it is open again");
    let worker = take(&service).await.expect("the job goes on");
    worker.await.expect("its end");
    assert_eq!(counts(&job_status(&ana, &job).await), [2, 0, 0, 0]);

    let header = "company_symbol,reporting_year,long_term_debt_to_total_capital,\
                  total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets";
    let lines: String = (0..50)
        .map(|n| format!("P{n},2024,45.0,2,12.5,5,8.1\n"))
        .collect();
    let file = format!("{header}\n{lines}").into_bytes();
    let wrong = submit(&ana, "percent.csv", file, &[]).await;
    let worker = take(&service).await.expect("the next job");
    worker.await.expect("its end");
    assert_eq!(
        text(&job_status(&ana, &wrong).await, "error_code"),
        "unit_mismatch"
    );
    let refused = ana
        .post_nothing(&format!("/bulk-uploads/{wrong}/retry"))
        .await;
    assert_eq!(refused.problem(409), "nothing_to_retry");
}
