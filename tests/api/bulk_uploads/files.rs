//! Which files are accepted, and the errors for those that are not.

use std::io::Write;

use accunode_tests::{Answer, Service, TestUser};
use flate2::{Compression, write::GzEncoder};
use rust_xlsxwriter::Workbook;
use serde_json::Value;

use crate::support::{HEADER, all_rows, file, file_of, line, number, submit, text};

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("packed")
}

/// Returns the same table as a workbook, with numbers as numbers.
fn workbook(lines: &[String]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let table = [HEADER.to_owned()];
    for (row, line) in (0_u32..).zip(table.iter().chain(lines)) {
        for (column, cell) in (0_u16..).zip(line.split(',')) {
            match cell.parse::<f64>() {
                Ok(value) => sheet.write_number(row, column, value).map(drop),
                Err(_) if cell.is_empty() => Ok(()),
                Err(_) => sheet.write_string(row, column, cell).map(drop),
            }
            .expect("written");
        }
    }
    workbook.save_to_buffer().expect("a workbook")
}

async fn send(user: &TestUser, name: &str, bytes: impl Into<Vec<u8>>) -> Answer {
    user.upload((name, bytes.into()), &[("job_type", "annual")])
        .await
}

#[tokio::test]
async fn csv_compressed_csv_and_workbook_of_a_table_give_equal_rows() {
    let service = Service::start().await;
    let lines: Vec<String> = ["1.0", "7.4", "-3", "", "12.25"]
        .iter()
        .enumerate()
        .map(|(n, debt)| line(&format!("S{n}"), "2024", debt))
        .collect();
    let refs: Vec<&str> = lines.iter().map(String::as_str).collect();
    let csv = file(&refs);
    let mut results: Vec<Vec<(String, u64)>> = Vec::new();
    for (who, name, bytes) in [
        ("ana", "table.csv", csv.clone()),
        ("ben", "TABLE.CSV.GZ", packed(&csv)),
        ("cyd", "table.xlsx", workbook(&lines)),
        (
            "dan",
            "bom; semi.csv",
            [
                b"\xef\xbb\xbf".as_slice(),
                String::from_utf8_lossy(&csv).replace(',', ";").as_bytes(),
            ]
            .concat(),
        ),
    ] {
        let user = service.user(who).await;
        let job = submit(&user, name, bytes, &[]).await;
        let done = service.finished(&user, &job).await;
        assert_eq!(
            (&done["status"], &done["success_count"]),
            (&"completed".into(), &5.into()),
            "{done}"
        );
        assert_eq!(
            (&done["total_rows"], &done["processed_rows"]),
            (&5.into(), &5.into())
        );
        assert_eq!(done["original_filename"], name);
        let mut rows: Vec<(String, u64)> = all_rows(&user, "/predictions/annual", 100)
            .await
            .iter()
            .map(|row| {
                (
                    text(row, "company_symbol").to_owned(),
                    number(row, "pd").to_bits(),
                )
            })
            .collect();
        rows.sort();
        results.push(rows);
    }
    assert!(
        results.iter().all(|rows| *rows == results[0]),
        "{results:?}"
    );
}

#[tokio::test]
async fn quarterly_files_need_a_quarter_and_make_quarterly_predictions() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let header = "Ticker,Year,Quarter,Current Ratio,quick-ratio,debt_to_equity,inventory_turnover,receivables_turnover,working_capital_to_total_assets";
    let bytes = format!(
        "{header}\nACME,2024,Q2,1.6,1.1,0.8,6.2,7.5,0.15\nACME,2024,3,1.5,1.0,0.9,6.0,7.1,0.12\n"
    );
    let job = ana
        .upload(("q.csv", bytes.into_bytes()), &[("job_type", "quarterly")])
        .await
        .expect(202);
    let done = service.finished(&ana, text(&job, "id")).await;
    assert_eq!(done["success_count"], 2, "{done}");
    let list = ana
        .get("/predictions/quarterly?symbol=ACME")
        .await
        .expect(200);
    let mut quarters = crate::support::column(&list, "reporting_quarter");
    quarters.sort();
    assert_eq!(quarters, ["Q2", "Q3"]);
}

#[tokio::test]
async fn file_without_a_table_is_refused_with_a_reason_and_removed() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let before = files(&service);
    for (name, bytes, status, code, words) in [
        (
            "report.xlsx",
            b"%PDF-1.7 and so on".to_vec(),
            415,
            "unsupported_format",
            "PDF",
        ),
        (
            "table.csv",
            packed(&file_of(["A"])),
            415,
            "unsupported_format",
            "gzip",
        ),
        (
            "table.xlsx",
            file_of(["A"]),
            415,
            "unsupported_format",
            "text",
        ),
        (
            "table.xlsb",
            file_of(["A"]),
            415,
            "unsupported_format",
            ".xlsx",
        ),
        ("empty.csv", Vec::new(), 422, "empty_file", "empty"),
        ("empty.xlsx", Vec::new(), 422, "empty_file", "empty"),
        ("header.csv", file(&[]), 422, "empty_file", "no rows"),
        (
            "broken.xlsx",
            b"PK\x03\x04 no workbook at all".to_vec(),
            422,
            "malformed_file",
            "",
        ),
        (
            "broken.csv.gz",
            packed(&file_of(["A"]))[..20].to_vec(),
            422,
            "malformed_file",
            "",
        ),
    ] {
        let answer = send(&ana, name, bytes).await;
        assert_eq!(answer.problem(status), code, "{name}: {}", answer.text);
        assert_eq!(answer.faults(), [format!("/file {code}")], "{name}");
        let detail = text(&answer.json()["errors"][0], "detail").to_lowercase();
        assert!(detail.contains(&words.to_lowercase()), "{name}: {detail}");
    }
    assert_eq!(files(&service), before, "a refused file is removed");
    assert_eq!(
        ana.get("/bulk-uploads").await.expect(200)["data"],
        serde_json::json!([])
    );
}

/// Returns the number of uploads in the store.
fn files(service: &Service) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .map(|entry| match entry.file_type() {
                Ok(kind) if kind.is_dir() => count(&entry.path()),
                _ => 1,
            })
            .sum()
    }
    count(service.folder())
}

#[tokio::test]
async fn every_missing_column_is_named_together() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let answer = send(&ana, "a.csv", "symbol,total_debt_to_ebitda\nACME,2\n").await;
    assert_eq!(answer.problem(422), "missing_columns");
    let detail = answer.json()["detail"].to_string();
    for column in HEADER
        .split(',')
        .skip(3)
        .filter(|name| *name != "total_debt_to_ebitda")
    {
        assert!(detail.contains(column), "{column}: {detail}");
    }
    assert!(
        !detail.contains("lacks company_symbol"),
        "symbol is another name of it: {detail}"
    );
    let twice = format!("{HEADER},reporting_year\n{},2023\n", line("A", "2024", "2"));
    assert_eq!(
        send(&ana, "b.csv", twice).await.problem(422),
        "repeated_column"
    );
}

#[tokio::test]
async fn unused_columns_are_warned_about() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let bytes = format!(
        "{HEADER},reporting_quarter,Notes\n{},Q4,x\n",
        line("A", "2024", "2")
    );
    let job = submit(&ana, "a.csv", bytes.into_bytes(), &[]).await;
    let done = service.finished(&ana, &job).await;
    assert_eq!(done["success_count"], 1, "{done}");
    assert_eq!(done["warnings"][0]["code"], "ignored_columns");
    assert_eq!(
        done["warnings"][0]["columns"],
        serde_json::json!(["reporting_quarter", "Notes"])
    );
}

#[tokio::test]
async fn invalid_form_reports_every_field() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let answer = ana
        .upload(
            ("a.csv", file_of(["A"])),
            &[
                ("job_type", "monthly"),
                ("on_conflict", "maybe"),
                ("force", "perhaps"),
                ("colour", "red"),
            ],
        )
        .await;
    let _ = answer.problem(422);
    let mut faults = answer.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/colour unknown_field",
            "/force unknown_value",
            "/job_type unknown_value",
            "/on_conflict unknown_value"
        ]
    );
    let nothing = ana.upload(("a.csv", file_of(["A"])), &[]).await;
    assert_eq!(nothing.faults(), ["/job_type required"]);
}

#[tokio::test]
async fn a_file_beyond_the_limit_is_refused() {
    let options = accunode_tests::ServiceOptions::default().with("max_upload_bytes", "64KiB");
    let service = Service::with(options).await;
    let ana = service.user("ana").await;
    let large = file_of((0..2_000).map(|n| format!("S{n}")));
    let answer = send(&ana, "large.csv", large).await;
    assert_eq!(answer.problem(413), "payload_too_large");
    let _ = send(&ana, "small.csv", file_of(["A"])).await.expect(202);
}

#[tokio::test]
async fn filled_in_templates_are_accepted() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    for kind in ["annual", "quarterly"] {
        for end in ["csv", "xlsx"] {
            let answer = ana
                .get(&format!("/bulk-uploads/templates/{kind}.{end}"))
                .await;
            assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
            let sent = ana
                .upload(
                    (&format!("t.{end}"), answer.bytes.clone()),
                    &[("job_type", kind), ("on_conflict", "skip")],
                )
                .await;
            let job: Value = sent.expect(202);
            let done = service.finished(&ana, text(&job, "id")).await;
            assert_eq!(
                (
                    &done["status"],
                    &done["skipped_count"],
                    &done["error_count"]
                ),
                (&"completed".into(), &1.into(), &0.into()),
                "{kind}.{end}: {done}"
            );
            // The template contains only its example, which is never stored.
            let codes: Vec<&str> = done["warnings"]
                .as_array()
                .expect("warnings")
                .iter()
                .map(|warning| text(warning, "code"))
                .collect();
            assert_eq!(codes, ["template_example"], "{kind}.{end}");
        }
    }
}
