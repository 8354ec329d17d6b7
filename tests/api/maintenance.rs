//! `/admin/maintenance` and `/admin/monitoring`, and maintenance over several months.

use std::{io::Read, time::Duration};

use accunode_domain::maintenance::{MaintenanceTask, RunStatus};
use accunode_local::AdvancingClock;
use accunode_postgres::{VerifiedMonth, drop_month};
use accunode_tests::{Service, ServiceOptions, TestUser, tenancy::Tenancy};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgPool;

const DAY: u32 = 24 * 60 * 60;
/// The number of days that pass in the test.
const DAYS: usize = 40;

async fn ended(sa: &TestUser, id: &str) -> Value {
    for _ in 0..200 {
        let run = sa
            .get(&format!("/admin/maintenance/{id}"))
            .await
            .expect(200);
        if run["status"] != "running" {
            return run;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it does not end");
}

#[tokio::test]
async fn super_admin_starts_maintenance_and_reads_its_outcome() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let sa = users.user("sa");
    let analyze = json!({ "task": "analyze" });
    let answer = sa.post("/admin/maintenance", &analyze).await;
    let location = answer.header("location").to_owned();
    let begun = answer.expect(202);
    let id = begun["id"].as_str().expect("an id");
    assert_eq!(location, format!("/api/v1/admin/maintenance/{id}"));
    assert_eq!(begun["requested_by"], sa.id.to_string());
    let run = ended(sa, id).await;
    assert_eq!(run["status"], "completed", "{run}");
    let lines = run["log"].as_array().expect("a log");
    assert!(
        lines
            .iter()
            .any(|line| line["text"] == "analyzed companies"),
        "{run}"
    );
    assert_eq!(run["outcome"]["tables"], lines.len());
    let listed = sa.get("/admin/maintenance").await.expect(200);
    assert_eq!(listed["data"][0]["id"], id);
    let events = sa
        .get("/audit-logs?event_type=maintenance.started")
        .await
        .expect(200);
    assert_eq!(events["data"][0]["entity_id"], id);

    let unknown = sa
        .post("/admin/maintenance", &json!({ "task": "vacuum" }))
        .await;
    assert_eq!(unknown.status, 422, "{}", unknown.text);
    for (user, path) in [
        ("tR", "/admin/maintenance"),
        ("oA", "/admin/monitoring/pool"),
    ] {
        let refused = users.user(user).get(path).await;
        assert_eq!(refused.problem(403), "role_forbidden");
    }
    let refused = users.user("tR").post("/admin/maintenance", &analyze).await;
    assert_eq!(refused.problem(403), "role_forbidden");
}

#[tokio::test]
async fn maintenance_task_runs_once_at_a_time_and_recovers_from_a_dead_run() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let sa = users.user("sa");
    let pool = service.database.superuser().await;
    let held = "INSERT INTO maintenance_runs (id, task, started_at) \
                VALUES (gen_random_uuid(), 'rollup_check', now())";
    sqlx::query(held)
        .execute(&pool)
        .await
        .expect("a run elsewhere");
    let body = json!({ "task": "rollup_check" });
    let refused = sa.post("/admin/maintenance", &body).await;
    assert_eq!(refused.problem(409), "already_running");
    let dead = "UPDATE maintenance_runs SET heartbeat_at = now() - interval '3 minutes'";
    sqlx::query(dead)
        .execute(&pool)
        .await
        .expect("its process died");
    let begun = sa.post("/admin/maintenance", &body).await.expect(202);
    let run = ended(sa, begun["id"].as_str().expect("an id")).await;
    assert_eq!(run["status"], "completed", "{run}");
    let listed = sa.get("/admin/maintenance").await.expect(200);
    assert_eq!(listed["data"][1]["outcome"]["error"], "interrupted");

    // Sums that differ from those of the predictions are reported.
    let user = sa.id;
    let wrong = "INSERT INTO annual_prediction_rollup (owner_key, reporting_year, sector, risk_level, \
                 pd_bucket, access_level, n, sum_probability, sum_confidence) \
                 VALUES ($1, '2024', 'Energy', 'Low', 3, 'personal', 7, 1, 1)";
    sqlx::query(wrong)
        .bind(user)
        .execute(&pool)
        .await
        .expect("a wrong sum");
    let begun = sa.post("/admin/maintenance", &body).await.expect(202);
    let run = ended(sa, begun["id"].as_str().expect("an id")).await;
    assert_eq!(run["status"], "failed", "{run}");
    assert_eq!(run["outcome"]["error"], "sums_differ");
    assert_eq!(run["outcome"]["differences"][0]["summed"], 7);
}

#[tokio::test]
async fn database_monitoring_reports_tables_indexes_pools_and_jobs() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let sa = users.user("sa");
    let tables = sa.get("/admin/monitoring/tables").await.expect(200);
    let tables = tables["data"].as_array().expect("tables");
    assert!(tables.iter().any(|table| table["table"] == "companies"));
    let indexes = sa.get("/admin/monitoring/indexes").await.expect(200);
    let indexes = indexes["data"].as_array().expect("indexes");
    let key = indexes
        .iter()
        .find(|index| index["index"] == "companies_pkey");
    let key = key.expect("the key of companies");
    assert_eq!(
        (&key["is_unique"], &key["is_unused"]),
        (&json!(true), &json!(false))
    );
    let pool = sa.get("/admin/monitoring/pool").await.expect(200);
    assert!(pool["max_connections"].as_i64() > Some(20), "{pool}");
    assert!(
        pool["pools"]["identity"]["max"].as_u64() >= Some(1),
        "{pool}"
    );
    let jobs = sa.get("/admin/monitoring/jobs").await.expect(200);
    assert_eq!(jobs["by_status"]["pending"], 0);

    let slow = sa.get("/admin/monitoring/slow-queries").await;
    let database = service.database.superuser().await;
    let loaded = "SELECT current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%'";
    let loaded: bool = sqlx::query_scalar(loaded)
        .fetch_one(&database)
        .await
        .expect("a setting");
    if loaded {
        sqlx::query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA public")
            .execute(&database)
            .await
            .expect("the extension");
        let _ = sa.get("/admin/monitoring/slow-queries").await.expect(200);
    } else {
        assert_eq!(slow.problem(503), "extension_missing");
        assert!(
            slow.text.contains("shared_preload_libraries"),
            "{}",
            slow.text
        );
    }
}

/// Creates three events in each of the five months before this one, and expired rows.
async fn history(pool: &PgPool) {
    for sql in [
        "SELECT audit_make_partitions(0, (now() - interval '5 months')::date)",
        "INSERT INTO audit_logs (event_type, entity_type, action, new_values, created_at) \
         SELECT 'test.happened', 'test', 'READ', jsonb_build_object('n', n, 'text', E'a\\nb'), \
                date_trunc('month', now(), 'UTC') - make_interval(months => m) + make_interval(hours => 30 * n) \
           FROM generate_series(1, 5) m, generate_series(1, 3) n",
        "INSERT INTO idempotency_keys (principal, key, fingerprint, created_at) \
         SELECT gen_random_uuid(), 'k', repeat('a', 64), now() FROM generate_series(1, 20)",
    ] {
        sqlx::query(sql).execute(pool).await.expect(sql);
    }
}

async fn number(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.expect(sql)
}

const PARTITIONS: &str =
    "SELECT count(*) FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass";

#[tokio::test]
async fn data_is_archived_verified_and_dropped_over_several_months() {
    let clock = AdvancingClock::default();
    let service = Service::with(ServiceOptions {
        clock: Some(clock.clone()),
        ..ServiceOptions::default()
    })
    .await;
    let pool = service.database.superuser().await;
    history(&pool).await;
    let before = number(&pool, PARTITIONS).await;
    let runs = &service.wired().application.maintenance;
    let ports = service.wired().application.ports();
    for _ in 0..DAYS {
        runs.run_due().await;
        // No task is due twice.
        runs.run_due().await;
        clock.advance(DAY).expect("not too far");
    }

    // Each run is recorded, with its outcome.
    let count = "SELECT count(*) FROM maintenance_runs WHERE task = $1 AND status = 'completed' \
                 AND outcome IS NOT NULL";
    for task in MaintenanceTask::ALL {
        let every = usize::try_from(task.interval().whole_days().max(1)).expect("days");
        let found: i64 = sqlx::query_scalar(count)
            .bind(task.as_str())
            .fetch_one(&pool)
            .await
            .expect("runs");
        let due = DAYS.div_ceil(every);
        assert_eq!(usize::try_from(found).ok(), Some(due), "{task}");
    }
    assert_eq!(
        number(
            &pool,
            "SELECT count(*) FROM maintenance_runs WHERE status <> 'completed'"
        )
        .await,
        0
    );

    // Partitions were created ahead of the clock, and expired rows are gone.
    assert!(number(&pool, PARTITIONS).await > before);
    assert_eq!(
        number(&pool, "SELECT count(*) FROM idempotency_keys").await,
        0
    );
    assert_eq!(
        number(&pool, "SELECT count(*) FROM audit_logs_default").await,
        0
    );

    // Five months are unchanged in the file store.
    let archives = ports.maintenance.archives().await.expect("archives");
    let old: Vec<_> = archives.iter().filter(|one| one.rows == 3).collect();
    assert_eq!(old.len(), 5, "{archives:?}");
    for archive in &old {
        let file = service.folder().join("files").join(&archive.file_key);
        let packed = std::fs::read(&file).expect("the archive");
        assert_eq!(hex::encode(Sha256::digest(&packed)), archive.sha256);
        let mut text = String::new();
        GzDecoder::new(packed.as_slice())
            .read_to_string(&mut text)
            .expect("gzip");
        let events: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("an event"))
            .collect();
        assert_eq!(events.len(), 3);
        assert_eq!(events[0]["event_type"], "test.happened");
        assert_eq!(events[0]["new_values"]["text"], "a\nb");
    }

    // A month that has changed since is not dropped, but archived again.
    let keep = time::Duration::days(100);
    let oldest = old[0];
    let late = "INSERT INTO audit_logs (event_type, entity_type, action, created_at) \
                VALUES ('test.late', 'test', 'READ', $1::date + interval '3 days')";
    sqlx::query(late)
        .bind(oldest.month)
        .execute(&pool)
        .await
        .expect("a late row");
    let verified = runs.verified_archives(keep).await.expect("as written");
    assert_eq!(verified[0].month, oldest.month);
    let month = |archive: &accunode_ports::maintenance::AuditArchive| VerifiedMonth {
        month: archive.month,
        lines_sha256: archive.lines_sha256.clone(),
    };
    let mut owner = pool.acquire().await.expect("a connection");
    let refused = drop_month(&mut owner, &month(&verified[0])).await;
    assert!(refused.is_err(), "{refused:?}");
    let run = runs
        .run(MaintenanceTask::AuditArchive)
        .await
        .expect("a run");
    assert_eq!(
        (run.status, run.outcome),
        (
            RunStatus::Completed,
            Some(json!({ "months": 1, "rows": 4 }))
        )
    );

    // Then it is dropped; its archive and an audit event stay.
    let verified = runs.verified_archives(keep).await.expect("as written");
    let partitions = number(&pool, PARTITIONS).await;
    for archive in &verified {
        drop_month(&mut owner, &month(archive))
            .await
            .expect("dropped");
    }
    let gone = i64::try_from(verified.len()).expect("few");
    assert!((1..5).contains(&gone), "{gone}");
    assert_eq!(number(&pool, PARTITIONS).await, partitions - gone);
    let traces = "SELECT count(*) FROM audit_logs WHERE event_type = 'audit_log.month_dropped'";
    assert_eq!(number(&pool, traces).await, gone);
    assert_eq!(
        number(
            &pool,
            "SELECT count(*) FROM audit_archives WHERE dropped_at IS NOT NULL"
        )
        .await,
        gone
    );
    assert!(
        runs.verified_archives(keep)
            .await
            .expect("none left")
            .is_empty()
    );

    // A modified archive prevents months from being dropped.
    let archives = ports.maintenance.archives().await.expect("archives");
    let next = archives
        .iter()
        .find(|one| one.dropped_at.is_none())
        .expect("one more");
    let file = service.folder().join("files").join(&next.file_key);
    let mut packed = std::fs::read(&file).expect("the archive");
    let middle = packed.len() / 2;
    packed[middle] ^= 1;
    std::fs::write(&file, packed).expect("damaged");
    let refused = runs.verified_archives(time::Duration::days(31)).await;
    assert!(refused.is_err(), "{refused:?}");
}
