//! The private PostgreSQL is restored to a moment after its backup, by its archived log.

use std::{fs, path::Path, process::Output};

use accunode_tests::{PASSWORD, TestUser};
use serde_json::json;

use crate::running::{Serving, command, database_processes, eventually, folder, start};

fn archiving(data_dir: &Path, archive: &Path) -> std::process::Command {
    let mut program = command(data_dir);
    program.env("ACCUNODE_POSTGRES_WAL_ARCHIVE", archive);
    program
}

#[track_caller]
fn succeed(output: &Output) -> String {
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{answer}{log}");
    answer
}

#[track_caller]
fn fail(output: &Output) -> String {
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{log}");
    log
}

async fn add(user: &TestUser, symbol: &str) -> String {
    let made = user
        .post("/companies", &json!({ "symbol": symbol }))
        .await
        .expect(201);
    made["created_at"].as_str().expect("a time").to_owned()
}

async fn symbols(user: &TestUser) -> Vec<String> {
    let companies = user.get("/companies").await.expect(200);
    let mut symbols: Vec<String> = companies["data"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["symbol"].as_str().expect("a symbol").to_owned())
        .collect();
    symbols.sort();
    symbols
}

#[tokio::test]
async fn physical_backup_is_restored_to_a_time_and_to_the_end_of_the_log() {
    let (data, archive, backups) = (folder(), folder(), folder());
    let archive = archive.path().join("archive");
    let place = backups.path().join("base");
    let serving = Serving::of(archiving(data.path(), &archive));
    let ana = serving.anonymous().register("ana@example.com").await;
    add(&ana, "BEFORE").await;
    let made = archiving(data.path(), &archive)
        .args(["backup", "--physical"])
        .arg(&place)
        .output()
        .expect("it ends");
    assert!(succeed(&made).contains("the files of PostgreSQL"));

    // After the backup: rows, an upload with its file, and rows after the moment.
    add(&ana, "AFTER").await;
    let file =
        b"company_symbol,reporting_year,long_term_debt_to_total_capital,total_debt_to_ebitda,\
        net_income_margin,ebit_to_interest_expense,return_on_assets\nUP,2024,0.3,2.5,0.05,6,0.05\n";
    let fields = [("job_type", "annual")];
    let job = ana
        .upload(("small.csv", file.to_vec()), &fields)
        .await
        .expect(202);
    let job = job["id"].as_str().expect("an id").to_owned();
    crate::killed::until(&ana, &job, |seen| seen["status"] == "completed").await;
    let uploads = archive.join("files/uploads");
    eventually("the uploaded file is in the archive", || {
        fs::read_dir(&uploads).is_ok_and(|entries| entries.count() == 1)
    })
    .await;
    let moment = add(&ana, "MOMENT").await;
    // The moment's own transaction was committed after its rows' time.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let later = add(&ana, "LATER").await;
    assert!(serving.stop().success());
    drop(data);

    let restore = |home: &Path, more: &[&str]| {
        archiving(home, &archive)
            .arg("restore")
            .arg(&place)
            .args(more)
            .output()
            .expect("it ends")
    };
    let fresh = folder();
    // A moment between the two.
    let until = between(&moment, &later);
    let home = fresh.path().join("moment");
    let answer = succeed(&restore(&home, &["--until", &until]));
    assert!(!answer.contains("attention"), "{answer}");
    let serving = Serving::of(archiving(&home, &archive));
    let ana = serving.anonymous().login("ana@example.com").await;
    assert_eq!(symbols(&ana).await, ["AFTER", "BEFORE", "MOMENT", "UP"]);
    let job = ana.get(&format!("/bulk-uploads/{job}")).await.expect(200);
    assert_eq!(job["status"], "completed");
    assert_eq!(
        fs::read_dir(home.join("files/uploads"))
            .expect("files")
            .count(),
        1
    );
    add(&ana, "NEW").await;
    assert!(serving.stop().success());
    assert_eq!(database_processes(&home), Vec::<u32>::new());

    // A moment that the log does not reach.
    let home = fresh.path().join("never");
    let error = fail(&restore(&home, &["--until", "2999-01-01T00:00:00Z"]));
    assert!(error.contains("recovery ended before"), "{error}");
    assert!(!home.join("postgres").exists());

    // To the end of the log, which by now is that of the restored one.
    let home = fresh.path().join("end");
    succeed(&restore(&home, &[]));
    let serving = Serving::of(archiving(&home, &archive));
    let body = json!({ "email": "ana@example.com", "password": PASSWORD });
    let pair = serving
        .anonymous()
        .post("/auth/login", &body)
        .await
        .expect(200);
    let ana = serving
        .anonymous()
        .with_token(pair["access_token"].as_str().expect("a token"));
    assert_eq!(
        symbols(&ana).await,
        ["AFTER", "BEFORE", "MOMENT", "NEW", "UP"]
    );
    assert!(serving.stop().success());
}

/// Returns half a second after the first of two times of PostgreSQL.
fn between(first: &str, second: &str) -> String {
    use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
    let parse = |text: &str| OffsetDateTime::parse(text, &Rfc3339).expect("a time");
    let until = parse(first) + Duration::milliseconds(500);
    assert!(until < parse(second));
    until.format(&Rfc3339).expect("a text")
}

#[tokio::test]
async fn a_physical_backup_needs_the_archive_of_the_log() {
    let (data, backups) = (folder(), folder());
    let serving = start(data.path());
    let place = backups.path().join("base");
    let made = command(data.path())
        .args(["backup", "--physical"])
        .arg(&place)
        .output()
        .expect("it ends");
    assert!(fail(&made).contains("set postgres.wal_archive"));
    assert!(!place.exists());
    assert!(serving.stop().success());
}
