//! Watching and stopping uploads.

use std::time::{Duration, Instant};

use accunode_tests::{Service, ServiceOptions, TestUser};
use serde_json::{Value, json};

use super::outcomes::counts;
use crate::support::{column, file_of, run, submit, text, wait_until_blocked};

/// The events of a stream: name and data.
fn events(stream: &str) -> Vec<(String, Value)> {
    stream
        .split("\n\n")
        .filter_map(|event| {
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
            let data = serde_json::from_str(field("data: ")?).expect("JSON");
            Some((field("event: ")?.to_owned(), data))
        })
        .collect()
}

#[tokio::test]
async fn upload_events_report_progress_until_the_end() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let symbols: Vec<String> = (0..12_000).map(|n| format!("S{n}")).collect();
    let job = submit(&ana, "large.csv", file_of(&symbols), &[]).await;
    let answer = ana
        .get_as(&format!("/bulk-uploads/{job}/events"), "text/event-stream")
        .await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    assert!(
        answer
            .header("content-type")
            .starts_with("text/event-stream")
    );
    let events = events(&answer.text);
    let (name, end) = events.last().expect("an end");
    assert_eq!(
        (name.as_str(), text(end, "status"), counts(end)),
        ("end", "completed", [12_000, 0, 0, 0])
    );
    let steps: Vec<i64> = events
        .iter()
        .map(|(_, job)| crate::support::count(job, "processed_rows"))
        .collect();
    assert!(steps.is_sorted(), "{steps:?}");
    assert!(
        steps.iter().any(|rows| (1..12_000).contains(rows)),
        "progress is told on the way: {steps:?}"
    );
    // A late subscriber gets the end immediately.
    let late = ana
        .get_as(&format!("/bulk-uploads/{job}/events"), "text/event-stream")
        .await;
    assert_eq!(self::events(&late.text).len(), 1);
}

/// The events in the log of an upload, with the number of rows stored by then.
async fn log(who: &TestUser, job: &str) -> Vec<(String, Value)> {
    let job = who.get(&format!("/bulk-uploads/{job}")).await.expect(200);
    let lines = job["log"].as_array().expect("a log").iter();
    lines
        .map(|line| (text(line, "event").to_owned(), line["row"].clone()))
        .collect()
}

#[tokio::test]
async fn upload_log_lists_its_events() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let symbols: Vec<String> = (0..9).map(|n| format!("S{n}")).collect();
    let job = submit(&ana, "a.csv", file_of(&symbols), &[]).await;
    service.finished(&ana, &job).await;
    let events = log(&ana, &job).await;
    let expected = [("taken", Value::Null), ("completed", json!(10))];
    let expected = expected.map(|(event, row)| (event.to_owned(), row));
    assert_eq!(events, expected);
    let list = ana.get("/bulk-uploads").await.expect(200);
    assert!(list["data"][0].get("log").is_none(), "a list is without it");
}

#[tokio::test]
async fn a_request_can_wait_for_the_end_of_an_upload() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let symbols: Vec<String> = (0..5_000).map(|n| format!("S{n}")).collect();
    let job = submit(&ana, "large.csv", file_of(&symbols), &[]).await;
    let path = format!("/bulk-uploads/{job}");
    let end = ana.get(&format!("{path}?wait=30")).await.expect(200);
    assert_eq!(text(&end, "status"), "completed");
    // The request does not wait for a job that has ended.
    let began = Instant::now();
    let _ = ana.get(&format!("{path}?wait=30")).await.expect(200);
    assert!(began.elapsed() < Duration::from_secs(5));
    let too_long = ana.get(&format!("{path}?wait=31")).await;
    assert_eq!(too_long.problem(422), "out_of_range");
    let foreign = service
        .user("ben")
        .await
        .get(&format!("{path}?wait=1"))
        .await;
    assert_eq!(foreign.problem(404), "not_found");
}

#[tokio::test]
async fn waiting_request_is_answered_after_its_time_limit() {
    let service = Service::with(ServiceOptions::default().without_worker()).await;
    let ana = service.user("ana").await;
    let job = submit(&ana, "a.csv", file_of(["A"]), &[]).await;
    let began = Instant::now();
    let still = ana
        .get(&format!("/bulk-uploads/{job}?wait=2"))
        .await
        .expect(200);
    assert_eq!(text(&still, "status"), "pending");
    let waited = began.elapsed();
    assert!(waited >= Duration::from_secs(2), "{waited:?}");
}

#[tokio::test]
async fn cancelled_pending_upload_can_be_sent_again() {
    let service = Service::with(ServiceOptions::default().without_worker()).await;
    let ana = service.user("ana").await;
    let job = submit(&ana, "a.csv", file_of(["A"]), &[]).await;
    let path = format!("/bulk-uploads/{job}");
    assert_eq!(ana.get(&path).await.expect(200)["status"], "pending");
    let cancelled = ana
        .post_nothing(&format!("{path}/cancel"))
        .await
        .expect(202);
    assert_eq!(cancelled["status"], "cancelled");
    assert!(cancelled["cancel_requested_at"].is_string());
    let events = log(&ana, &job).await;
    assert_eq!(events, [("cancelled".to_owned(), Value::Null)]);
    let again = ana.post_nothing(&format!("{path}/cancel")).await;
    assert_eq!(again.problem(409), "not_cancellable");
    let _ = submit(&ana, "a.csv", file_of(["A"]), &[]).await;
}

#[tokio::test]
async fn cancelled_running_upload_stops_at_the_next_chunk_and_keeps_rows() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    // The first chunk waits for a lock until the cancellation has been requested.
    run(
        &pool,
        "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
           IF NEW.processed_rows > OLD.processed_rows THEN PERFORM pg_advisory_xact_lock(4711); END IF; RETURN NEW; END $$; \
         CREATE TRIGGER zz_hold BEFORE UPDATE ON bulk_upload_jobs FOR EACH ROW EXECUTE FUNCTION hold()",
    )
    .await;
    let mut lock = pool.acquire().await.expect("a connection");
    sqlx::query("SELECT pg_advisory_lock(4711)")
        .execute(&mut *lock)
        .await
        .expect("the lock");
    let symbols: Vec<String> = (0..25_000).map(|n| format!("S{n}")).collect();
    let job = submit(&ana, "large.csv", file_of(&symbols), &[]).await;
    let path = format!("/bulk-uploads/{job}");
    // The chunk after it is stored beside it, and waits for its turn.
    wait_until_blocked(&pool, &mut lock, 2).await;
    // The chunk in progress has locked the row: the cancellation waits for it and then takes
    // effect.
    let wish = {
        let (ana, path) = (ana.clone(), format!("{path}/cancel"));
        tokio::spawn(async move { ana.post_nothing(&path).await })
    };
    wait_until_blocked(&pool, &mut lock, 3).await;
    sqlx::query("SELECT pg_advisory_unlock(4711)")
        .execute(&mut *lock)
        .await
        .expect("unlocked");
    let _ = wish.await.expect("an answer").expect(202);
    let stopped = service.finished(&ana, &job).await;
    assert_eq!(stopped["status"], "cancelled", "{stopped}");
    let events = log(&ana, &job).await;
    let events: Vec<&str> = events.iter().map(|(event, _)| event.as_str()).collect();
    assert_eq!(events, ["taken", "cancel_requested", "cancelled"]);
    let [stored, ..] = counts(&stopped);
    assert!((1..25_000).contains(&stored), "{stopped}");
    let dashboard = ana.get("/dashboard").await.expect(200);
    assert_eq!(dashboard["annual"]["total_predictions"], stored);
}

#[tokio::test]
async fn uploads_are_listed_newest_first_and_filtered() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    for name in ["one.csv", "two.csv", "three.csv"] {
        let job = submit(
            &ana,
            name,
            file_of([name.split('.').next().expect("a name")]),
            &[],
        )
        .await;
        service.finished(&ana, &job).await;
    }
    let list = ana.get("/bulk-uploads?limit=2").await.expect(200);
    assert_eq!(column(&list, "original_filename"), ["three.csv", "two.csv"]);
    for (query, expected) in [
        ("status=completed", 3),
        ("status=failed", 0),
        ("job_type=quarterly", 0),
    ] {
        let list = ana.get(&format!("/bulk-uploads?{query}")).await.expect(200);
        assert_eq!(
            list["data"].as_array().map(Vec::len),
            Some(expected),
            "{query}"
        );
    }
}

#[tokio::test]
async fn worker_with_a_lost_lease_stores_nothing_more() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    // While the counters of the first chunk are written, another worker takes over the job.
    run(
        &pool,
        "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
           IF NEW.processed_rows >= 5000 AND OLD.processed_rows < 5000 THEN \
             NEW.lease_token := gen_random_uuid(); NEW.lease_expires_at := clock_timestamp() + interval '1 hour'; END IF; \
           RETURN NEW; END $$; \
         CREATE TRIGGER zz_lose BEFORE UPDATE ON bulk_upload_jobs FOR EACH ROW EXECUTE FUNCTION lose()",
    )
    .await;
    let symbols: Vec<String> = (0..12_000).map(|n| format!("S{n}")).collect();
    let job = submit(&ana, "large.csv", file_of(&symbols), &[]).await;
    let id = accunode_domain::id::JobId(job.parse().expect("an id"));
    while ana.get(&format!("/bulk-uploads/{job}")).await.expect(200)["processed_rows"] == 0 {
        service
            .wired()
            .application
            .bulk_uploads
            .wait_for_change(id)
            .await;
    }
    // The worker is free after it has given up the job, as the next upload shows.
    let bens = service.user("ben").await;
    let job_type = [("job_type", "quarterly")];
    let header = "symbol,year,quarter,current_ratio,quick_ratio,debt_to_equity,inventory_turnover,receivables_turnover,working_capital_to_total_assets";
    let next = bens
        .upload(
            (
                "q.csv",
                format!("{header}\nA,2024,Q1,1,1,1,1,1,0.1\n").into_bytes(),
            ),
            &job_type,
        )
        .await;
    assert_eq!(
        service.finished(&bens, text(&next.expect(202), "id")).await["status"],
        "completed"
    );
    let left = ana.get(&format!("/bulk-uploads/{job}")).await.expect(200);
    assert_eq!(
        (text(&left, "status"), counts(&left)),
        ("processing", [5_000, 0, 0, 0])
    );
    let stored: i64 = crate::support::ask(&pool, "SELECT count(*) FROM annual_predictions").await;
    assert_eq!(stored, 5_000);
}
