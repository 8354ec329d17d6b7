//! The program is killed in the middle of an upload, and continues it.

use std::{fmt::Write as _, time::Duration};

use accunode_tests::TestUser;
use serde_json::{Value, json};

use crate::running::{database_processes, eventually, folder, parser_processes, start};

pub(crate) const ROWS: usize = 60_000;
/// One in this many rows is unusable, and one repeats the previous row.
const BAD: usize = 100;
const REPEATED: usize = 250;

pub(crate) fn file() -> Vec<u8> {
    let mut text = String::with_capacity(ROWS * 64);
    text.push_str(
        "company_symbol,sector,reporting_year,long_term_debt_to_total_capital,total_debt_to_ebitda,\
         net_income_margin,ebit_to_interest_expense,return_on_assets\n",
    );
    for n in 0..ROWS {
        let of = if is_repeated(n) { n - 1 } else { n };
        let year = if is_bad(n) {
            "24"
        } else {
            ["2022", "2023", "2024"][of % 3]
        };
        writeln!(
            text,
            "S{},Energy,{year},0.{:02},{}.5,0.0{},6.{},0.05",
            of / 3,
            of % 90,
            of % 40,
            of % 9,
            of % 10
        )
        .expect("written");
    }
    text.into_bytes()
}

fn is_bad(n: usize) -> bool {
    n % BAD == 7
}

fn is_repeated(n: usize) -> bool {
    n % REPEATED == 50
}

/// The outcomes of the rows of an upload that is not killed.
pub(crate) fn expected() -> [usize; 3] {
    let error = (0..ROWS).filter(|n| is_bad(*n)).count();
    let skipped = (0..ROWS).filter(|n| is_repeated(*n)).count();
    [ROWS - error - skipped, skipped, error]
}

async fn job_status(user: &TestUser, job: &str) -> Value {
    user.get(&format!("/bulk-uploads/{job}")).await.expect(200)
}

/// Polls an upload of another process.
pub(crate) async fn until(user: &TestUser, job: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let wait = async {
        loop {
            let state = job_status(user, job).await;
            if is_so(&state) {
                return state;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(150), wait)
        .await
        .expect("the upload to move")
}

pub(crate) fn processed(job: &Value) -> usize {
    job["processed_rows"]
        .as_u64()
        .and_then(|n| usize::try_from(n).ok())
        .expect("a count")
}

#[tokio::test]
async fn upload_killed_midway_stores_every_row_once() {
    let data = folder();
    let first = start(data.path());
    let ana = first.anonymous().register("ana@example.com").await;
    let fields = [("job_type", "annual"), ("on_conflict", "skip")];
    let job = ana.upload(("large.csv", file()), &fields).await.expect(202);
    let job = job["id"].as_str().expect("an id").to_owned();
    let at_death = processed(&until(&ana, &job, |state| processed(state) > 0).await);
    assert!(at_death < ROWS, "the upload was too quick to be killed");
    let pid = first.pid();
    assert_eq!(parser_processes(pid).len(), 1, "it reads the upload");
    first.kill();
    eventually("the parser has ended with the program", || {
        parser_processes(pid).is_empty()
    })
    .await;
    eventually("the database server has ended with the program", || {
        database_processes(data.path()).is_empty()
    })
    .await;

    let second = start(data.path());
    let ana = second.anonymous().login("ana@example.com").await;
    let found = job_status(&ana, &job).await;
    assert!(
        processed(&found) >= at_death && processed(&found) < ROWS,
        "{found}"
    );
    let done = until(&ana, &job, |state| {
        !matches!(state["status"].as_str(), Some("pending" | "processing"))
    })
    .await;
    let [success, skipped, error] = expected();
    assert_eq!(done["status"], "completed", "{done}");
    for (count, rows) in [
        ("total_rows", ROWS),
        ("processed_rows", ROWS),
        ("success_count", success),
        ("skipped_count", skipped),
        ("error_count", error),
        ("updated_count", 0),
    ] {
        assert_eq!(done[count], rows, "{count}: {done}");
    }
    let dashboard = ana.get("/dashboard").await.expect(200);
    assert_eq!(dashboard["annual"]["total_predictions"], success);
    for (status, code, rows) in [
        ("skipped", "repeated_in_file", skipped),
        ("error", "invalid_year", error),
    ] {
        let answer = ana
            .get_as(
                &format!("/bulk-uploads/{job}/rows?status={status}"),
                "text/csv",
            )
            .await;
        assert_eq!(answer.text.lines().count(), rows + 1, "{status}");
        let one = ana
            .get(&format!("/bulk-uploads/{job}/rows?status={status}&limit=1"))
            .await
            .expect(200);
        assert_eq!(one["data"][0]["problem"]["errors"][0]["code"], code);
    }
    assert_eq!(rows_in_the_file(&ana, &job).await, success);

    // A run that is not killed ends with the same counts.
    let ben = second.anonymous().register("ben@example.com").await;
    let whole = ben.upload(("large.csv", file()), &fields).await.expect(202);
    let whole = whole["id"].as_str().expect("an id").to_owned();
    let whole = until(&ben, &whole, |state| state["status"] == "completed").await;
    for count in [
        "total_rows",
        "processed_rows",
        "success_count",
        "skipped_count",
        "error_count",
    ] {
        assert_eq!(whole[count], done[count], "{count}");
    }
    let figures = |mut dashboard: Value| {
        dashboard["annual"]["last_prediction"] = Value::Null;
        dashboard
    };
    assert_eq!(
        figures(ben.get("/dashboard").await.expect(200)),
        figures(dashboard)
    );
    assert!(second.stop().success());
    assert_eq!(database_processes(data.path()), Vec::<u32>::new());
}

/// The number of different rows of the file that have their prediction.
pub(crate) async fn rows_in_the_file(user: &TestUser, job: &str) -> usize {
    let answer = user
        .get_as(&format!("/predictions/annual?job_id={job}"), "text/csv")
        .await;
    assert_eq!(answer.status.as_u16(), 200);
    let mut reader = csv::Reader::from_reader(answer.text.as_bytes());
    let at = reader
        .headers()
        .expect("a header")
        .iter()
        .position(|name| name == "bulk_row")
        .expect("the column");
    let rows: std::collections::BTreeSet<String> = reader
        .records()
        .map(|row| row.expect("a row")[at].to_owned())
        .collect();
    rows.len()
}

#[tokio::test]
async fn program_restart_ends_sessions_and_keeps_stored_rows() {
    let data = folder();
    let first = start(data.path());
    let ana = first.anonymous().register("ana@example.com").await;
    let _ = ana
        .post("/companies", &json!({ "symbol": "ACME" }))
        .await
        .expect(201);
    let token_of_before = ana.clone();
    first.kill();
    let second = start(data.path());
    let ana = second.anonymous().login("ana@example.com").await;
    assert_eq!(ana.id, token_of_before.id);
    assert_eq!(
        ana.get("/companies").await.expect(200)["data"][0]["symbol"],
        "ACME"
    );
}

/// The companies of a back-test: so many that it takes some time.
const COMPANIES: usize = 60_000;

/// Creates companies with one prediction each, of which a tenth default, with direct access to the
/// database.
async fn portfolio(pool: &sqlx::PgPool, user: uuid::Uuid) {
    let whose = format!("'personal', '{user}'::uuid");
    let sql = format!(
        "INSERT INTO companies (symbol, name, sector, access_level, created_by) \
           SELECT 'C' || n, 'C' || n, 'Energy', {whose} FROM generate_series(1, {COMPANIES}) n; \
         INSERT INTO annual_predictions (company_id, company_symbol, company_name, company_sector, reporting_year, \
           probability, pd, risk_level, confidence, predicted_at, model_name, model_version, model_sha256, access_level, created_by) \
           SELECT id, symbol, name, sector, '2021', round(pd, 4), pd, 'Low', 0.9, '2022-06-01T10:00:00Z', 'm', '1', repeat('a', 64), {whose} \
             FROM (SELECT *, (substr(symbol, 2)::int % 997 + 1) / 2000.0 AS pd FROM companies) c; \
         INSERT INTO outcomes (company_id, company_symbol, company_name, company_sector, definition, event, occurred_on, access_level, created_by) \
           SELECT id, symbol, name, sector, 'crr_178@1', 'default', '2023-05-01', {whose} FROM companies WHERE substr(symbol, 2)::int % 10 = 3"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(pool)
        .await
        .expect("a portfolio");
}

async fn status_of(pool: &sqlx::PgPool, id: &str) -> String {
    sqlx::query_scalar("SELECT status FROM validation_reports WHERE id = $1::uuid")
        .bind(id)
        .fetch_one(pool)
        .await
        .expect("the report")
}

async fn validated(user: &TestUser, body: &Value) -> Value {
    let asked = user.post("/validations", body).await.expect(202);
    let id = asked["id"].as_str().expect("an id").to_owned();
    until(user, &id, |state| state["status"] == "completed").await;
    user.get(&format!("/validations/{id}")).await.expect(200)
}

#[tokio::test]
async fn back_test_killed_midway_has_the_same_hashes() {
    let database = accunode_tests::Database::create().await;
    let (data, pool) = (folder(), database.superuser().await);
    let begin = || {
        let mut program = crate::running::command(data.path());
        program.env("DATABASE_URL", database.url());
        accunode_tests::Serving::of(program)
    };
    let first = begin();
    let ana = first.anonymous().register("ana@example.com").await;
    portfolio(&pool, ana.id).await;
    let days = json!({ "complete_from": "2015-01-01", "complete_through": "2024-12-31" });
    let _ = ana
        .put("/outcome-coverage/crr_178@1", &days)
        .await
        .expect(200);
    let body = json!({ "kind": "annual", "d0": "2022-12-31", "definition": "crr_178@1" });
    let whole = validated(&ana, &body).await;
    assert_eq!(whole["sample_rows"], COMPANIES, "{whole}");
    let mut again = body.clone();
    again["as_of"] = whole["data_as_of"].clone();

    let asked = ana.post("/validations", &again).await.expect(202);
    let id = asked["id"].as_str().expect("an id").to_owned();
    let begun = async {
        while status_of(&pool, &id).await != "processing" {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // In the middle, while its histories are read.
        tokio::time::sleep(Duration::from_millis(30)).await;
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), begun).await;
    waited.expect("the work to begin");
    first.kill();
    assert_eq!(
        status_of(&pool, &id).await,
        "processing",
        "too quick to be killed"
    );
    let files: i64 =
        sqlx::query_scalar("SELECT count(*) FROM validation_files WHERE report_id = $1::uuid")
            .bind(&id)
            .fetch_one(&pool)
            .await
            .expect("a count");
    assert_eq!(files, 0, "nothing is left behind");

    let second = begin();
    let ana = second.anonymous().login("ana@example.com").await;
    until(&ana, &id, |state| state["status"] == "completed").await;
    let report = ana.get(&format!("/validations/{id}")).await.expect(200);
    for same in [
        "sample_sha256",
        "sample_rows",
        "report_sha256",
        "verdict",
        "report",
    ] {
        assert_eq!(report[same], whole[same], "{same}");
    }
    let completed_count: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM audit_logs WHERE entity_id = $1::uuid AND event_type = 'validation.completed'",
    )
    .bind(&id)
    .fetch_one(&pool)
    .await
    .expect("a count");
    assert_eq!(completed_count, 1, "it is completed once");
    assert!(second.stop().success());
}
