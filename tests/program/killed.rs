//! The program is killed in the middle of an upload, and goes on where it was.

use std::{fmt::Write as _, time::Duration};

use accunode_tests::TestUser;
use serde_json::{Value, json};

use crate::running::{database_processes, eventually, folder, parser_processes, start};

pub(crate) const ROWS: usize = 60_000;
/// Every so many rows one cannot be used, and one repeats the row before.
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

/// What becomes of the rows of an upload that no one kills.
pub(crate) fn expected() -> [usize; 3] {
    let error = (0..ROWS).filter(|n| is_bad(*n)).count();
    let skipped = (0..ROWS).filter(|n| is_repeated(*n)).count();
    [ROWS - error - skipped, skipped, error]
}

async fn look(user: &TestUser, job: &str) -> Value {
    user.get(&format!("/bulk-uploads/{job}")).await.expect(200)
}

/// Looks again and again at another process's upload.
pub(crate) async fn until(user: &TestUser, job: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let wait = async {
        loop {
            let told = look(user, job).await;
            if is_so(&told) {
                return told;
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
async fn an_upload_that_is_killed_in_the_middle_ends_with_every_row_once() {
    let data = folder();
    let first = start(data.path());
    let ana = first.anonymous().register("ana@example.com").await;
    let fields = [("job_type", "annual"), ("on_conflict", "skip")];
    let job = ana.upload(("large.csv", file()), &fields).await.expect(202);
    let job = job["id"].as_str().expect("an id").to_owned();
    let at_death = processed(&until(&ana, &job, |told| processed(told) > 0).await);
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
    let found = look(&ana, &job).await;
    assert!(
        processed(&found) >= at_death && processed(&found) < ROWS,
        "{found}"
    );
    let done = until(&ana, &job, |told| {
        !matches!(told["status"].as_str(), Some("pending" | "processing"))
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

    // A run that no one kills ends with the same figures.
    let ben = second.anonymous().register("ben@example.com").await;
    let whole = ben.upload(("large.csv", file()), &fields).await.expect(202);
    let whole = whole["id"].as_str().expect("an id").to_owned();
    let whole = until(&ben, &whole, |told| told["status"] == "completed").await;
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

/// How many different rows of the file have their prediction.
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
async fn sessions_end_with_the_program_and_what_was_stored_stays() {
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
