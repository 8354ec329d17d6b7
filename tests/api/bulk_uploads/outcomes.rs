//! The outcomes of rows.

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::{Value, json};

use crate::support::{
    all_rows, ask, count, file, file_of, line, number, prediction, submit, text, with,
};

/// success, updated, skipped, error; their sum is the number of processed rows.
#[track_caller]
pub(super) fn counts(job: &Value) -> [i64; 4] {
    let counts = [
        "success_count",
        "updated_count",
        "skipped_count",
        "error_count",
    ]
    .map(|name| count(job, name));
    assert_eq!(
        counts.iter().sum::<i64>(),
        count(job, "processed_rows"),
        "{job}"
    );
    counts
}

/// Returns `row status code` of every row that is not simply ok.
async fn row_outcomes(user: &accunode_tests::TestUser, job: &str) -> Vec<String> {
    all_rows(user, &format!("/bulk-uploads/{job}/rows"), 100)
        .await
        .iter()
        .filter(|row| row["status"] != "ok")
        .map(|row| {
            let code = row["problem"]["errors"][0]["code"].as_str().unwrap_or("-");
            format!("{} {} {code}", row["row"], text(row, "status"))
        })
        .collect()
}

#[tokio::test]
async fn invalid_rows_are_reported_and_the_others_stored() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let lines = [
        line("GOOD", "2024", "2.0"),
        line("BADYEAR", "24", "x"),
        line("FEW", "2024", "2.0").replace("0.08,6.4,0.05", ",,n.a."),
        line("GOOD", "2023", "-3"),
        line("COMMA", "2024", "\"1,5\""),
        line("", "2024", "2.0"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let job = submit(&ana, "a.csv", file(&lines), &[]).await;
    let done = service.finished(&ana, &job).await;
    assert_eq!(
        (text(&done, "status"), counts(&done)),
        ("completed", [2, 0, 0, 4]),
        "{done}"
    );
    assert_eq!(
        row_outcomes(&ana, &job).await,
        [
            "3 error invalid_year",
            "4 error too_few_ratios",
            "6 error ambiguous_number",
            "7 error required"
        ]
    );
    let rows = ana
        .get(&format!("/bulk-uploads/{job}/rows?status=error"))
        .await
        .expect(200);
    let first = &rows["data"][0]["problem"];
    let faults: Vec<String> = first["errors"]
        .as_array()
        .expect("faults")
        .iter()
        .map(|fault| format!("{} {}", text(fault, "pointer"), text(fault, "code")))
        .collect();
    assert_eq!(
        faults,
        [
            "reporting_year invalid_year",
            "total_debt_to_ebitda not_a_number"
        ]
    );
}

#[tokio::test]
async fn repeated_period_is_resolved_by_on_conflict() {
    let service = Service::start().await;
    let lines = [
        line("ACME", "2024", "2.0"),
        line("OTHER", "2024", "2.0"),
        line("acme", "2024", "2.00"),
        line("ACME", "2024", "9.0"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    for (who, on_conflict, expected, rows, kept) in [
        (
            "ana",
            "skip",
            [2, 0, 2, 0],
            vec![
                "4 skipped repeated_in_file",
                "5 skipped conflicting_duplicate",
            ],
            2.0,
        ),
        (
            "ben",
            "update",
            [2, 0, 2, 0],
            vec![
                "2 skipped superseded_in_file",
                "4 skipped superseded_in_file",
            ],
            9.0,
        ),
        (
            "cyd",
            "error",
            [2, 0, 0, 2],
            vec!["4 error repeated_in_file", "5 error repeated_in_file"],
            2.0,
        ),
    ] {
        let user = service.user(who).await;
        let job = submit(
            &user,
            "a.csv",
            file(&lines),
            &[("on_conflict", on_conflict)],
        )
        .await;
        let done = service.finished(&user, &job).await;
        assert_eq!(counts(&done), expected, "{on_conflict}: {done}");
        assert_eq!(row_outcomes(&user, &job).await, rows, "{on_conflict}");
        let list = user
            .get("/predictions/annual?symbol=ACME")
            .await
            .expect(200);
        assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
        assert_eq!(
            number(&list["data"][0]["ratios"], "total_debt_to_ebitda").to_bits(),
            f64::to_bits(kept)
        );
    }
}

#[tokio::test]
async fn existing_prediction_is_kept_replaced_or_refused_by_on_conflict() {
    let service = Service::start().await;
    for (who, on_conflict, expected, row, riskier) in [
        (
            "ana",
            "skip",
            [1, 0, 1, 0],
            "2 skipped prediction_exists",
            false,
        ),
        ("ben", "update", [1, 1, 0, 0], "2 updated -", true),
        (
            "cyd",
            "error",
            [1, 0, 0, 1],
            "2 error prediction_exists",
            false,
        ),
    ] {
        let user = service.user(who).await;
        let first = user
            .post("/predictions/annual", &prediction("ACME", "2024"))
            .await
            .expect(201);
        let lines = [line("ACME", "2024", "40"), line("OTHER", "2024", "2.0")];
        let job = submit(
            &user,
            "a.csv",
            file(&[&lines[0], &lines[1]]),
            &[("on_conflict", on_conflict)],
        )
        .await;
        let done = service.finished(&user, &job).await;
        assert_eq!(counts(&done), expected, "{on_conflict}: {done}");
        assert_eq!(row_outcomes(&user, &job).await, [row]);
        let rows = user
            .get(&format!("/bulk-uploads/{job}/rows?limit=1"))
            .await
            .expect(200);
        assert_eq!(rows["data"][0]["prediction_id"], first["id"]);
        let now = user
            .get(&format!("/predictions/annual/{}", text(&first, "id")))
            .await
            .expect(200);
        assert_eq!(
            number(&now, "pd") > number(&first, "pd"),
            riskier,
            "{on_conflict}"
        );
    }
}

#[tokio::test]
async fn rows_of_another_user_are_replaced_by_administrators_only() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (m1, m2, admin) = (users.user("m1"), users.user("m2"), users.user("oA"));
    let _ = m1
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    let bytes = file(&[&line("ACME", "2024", "40")]);
    let job = submit(m2, "a.csv", bytes.clone(), &[("on_conflict", "update")]).await;
    assert_eq!(counts(&service.finished(m2, &job).await), [0, 0, 0, 1]);
    assert_eq!(row_outcomes(m2, &job).await, ["2 error not_writable"]);
    let job = submit(
        admin,
        "a.csv",
        bytes,
        &[("on_conflict", "update"), ("force", "true")],
    )
    .await;
    assert_eq!(counts(&service.finished(admin, &job).await), [0, 1, 0, 0]);
}

#[tokio::test]
async fn upload_in_the_wrong_unit_stores_nothing_and_suggests_the_unit() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let lines: Vec<String> = (0..20)
        .map(|n| format!("S{n},S,Energy,2024,{}.5,2.0,8.1,6.4,5.{n}", 20 + n))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let job = submit(&ana, "percent.csv", file(&lines), &[]).await;
    let failed = service.finished(&ana, &job).await;
    assert_eq!(
        (text(&failed, "status"), text(&failed, "error_code")),
        ("failed", "unit_mismatch"),
        "{failed}"
    );
    let words = text(&failed, "error_message");
    assert!(
        words.contains("ratio_unit=percent") && words.contains("confirm_units=true"),
        "{words}"
    );
    assert_eq!(counts(&failed), [0, 0, 0, 0]);
    let pool = service.database.superuser().await;
    let stored: i64 = ask(
        &pool,
        "SELECT (SELECT count(*) FROM companies) + (SELECT count(*) FROM annual_predictions)",
    )
    .await;
    assert_eq!(stored, 0);

    let right = submit(
        &ana,
        "percent.csv",
        file(&lines),
        &[("ratio_unit", "percent")],
    )
    .await;
    assert_eq!(counts(&service.finished(&ana, &right).await), [20, 0, 0, 0]);
    let meant = submit(
        &ana,
        "percent.csv",
        file(&lines),
        &[("confirm_units", "true"), ("on_conflict", "update")],
    )
    .await;
    assert_eq!(counts(&service.finished(&ana, &meant).await), [0, 20, 0, 0]);
}

#[tokio::test]
async fn dry_run_reports_every_outcome_and_stores_nothing() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let bytes = file(&[
        &line("ACME", "2024", "2.0"),
        &line("ACME", "2024", "3.0"),
        &line("X", "24", "1"),
    ]);
    let options = [("dry_run", "true"), ("on_conflict", "skip")];
    let job = submit(&ana, "a.csv", bytes.clone(), &options).await;
    let done = service.finished(&ana, &job).await;
    assert_eq!(
        (text(&done, "status"), counts(&done)),
        ("completed", [1, 0, 1, 1]),
        "{done}"
    );
    assert_eq!(
        ana.get("/predictions/annual").await.expect(200)["data"],
        json!([])
    );
    assert_eq!(ana.get("/companies").await.expect(200)["data"], json!([]));
    // It conflicts neither with the real upload, nor with another dry run.
    let _ = submit(&ana, "a.csv", bytes.clone(), &options).await;
    let real = submit(&ana, "a.csv", bytes, &[("on_conflict", "skip")]).await;
    assert_eq!(counts(&service.finished(&ana, &real).await), [1, 0, 1, 1]);
}

#[tokio::test]
async fn duplicate_file_is_refused_unless_forced() {
    let service = Service::start().await;
    let (ana, ben) = (service.user("ana").await, service.user("ben").await);
    let job = submit(&ana, "a.csv", file_of(["A"]), &[]).await;
    for name in ["a.csv", "another-name.csv"] {
        let answer = ana
            .upload((name, file_of(["A"])), &[("job_type", "annual")])
            .await;
        assert_eq!(answer.problem(409), "duplicate_file");
        assert_eq!(answer.json()["existing_id"], job);
    }
    let _ = submit(&ana, "a.csv", file_of(["A"]), &[("on_conflict", "skip")]).await;
    let _ = submit(&ana, "a.csv", file_of(["A"]), &[("force", "true")]).await;
    let _ = submit(&ben, "a.csv", file_of(["A"]), &[]).await;
    let _ = submit(&ana, "b.csv", file_of(["B"]), &[]).await;
}

#[tokio::test]
async fn file_of_a_failed_upload_can_be_sent_again() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let lines: Vec<String> = (0..9)
        .map(|n| format!("S{n},S,Energy,2024,25,2.0,8,6.4,5"))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let job = submit(&ana, "a.csv", file(&lines), &[]).await;
    assert_eq!(service.finished(&ana, &job).await["status"], "failed");
    let again = submit(&ana, "a.csv", file(&lines), &[]).await;
    assert_eq!(service.finished(&ana, &again).await["status"], "failed");
}

#[tokio::test]
async fn row_that_differs_from_the_stored_company_is_warned_about() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let first = with(
        prediction("ACME", "2023"),
        json!({ "company": { "symbol": "ACME", "name": "Acme", "sector": "Energy" } }),
    );
    let _ = ana.post("/predictions/annual", &first).await.expect(201);
    let job = submit(&ana, "a.csv", file_of(["ACME"]), &[]).await;
    let done = service.finished(&ana, &job).await;
    assert_eq!(counts(&done), [1, 0, 0, 0]);
    let warnings = done["warnings"].as_array().expect("warnings");
    assert!(
        warnings
            .iter()
            .any(|warning| warning["code"] == "company_differs"),
        "{done}"
    );
}
