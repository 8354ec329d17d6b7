//! `GET /bulk-uploads/{id}/rows`: as JSON, and as a file that can be corrected.

use accunode_tests::Service;

use super::outcomes::counts;
use crate::support::{HEADER, all_rows, file, line, submit, text};

#[tokio::test]
async fn failed_rows_are_returned_as_a_correctable_file() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let lines = [
        line("GOOD", "2024", "2.0"),
        "=BAD,\"Bad, Inc\",Energy,2024,0.25,\"two point oh\",0.08,6.4,0.05".to_owned(),
        line("WORSE", "", "1.0"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let job = submit(&ana, "a.csv", file(&lines), &[]).await;
    assert_eq!(counts(&service.finished(&ana, &job).await), [1, 0, 0, 2]);

    let path = format!("/bulk-uploads/{job}/rows?status=error");
    let answer = ana.get_as(&path, "text/csv").await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    assert!(
        answer.text.starts_with('\u{feff}'),
        "spreadsheets know UTF-8 by its mark"
    );
    let mut reader = csv::Reader::from_reader(answer.text.as_bytes());
    let header: Vec<String> = reader
        .headers()
        .expect("a header")
        .iter()
        .map(str::to_owned)
        .collect();
    let expected: Vec<&str> = HEADER.split(',').chain(["error"]).collect();
    assert_eq!(header, expected, "the file's own columns and one more");
    let rows: Vec<Vec<String>> = reader
        .records()
        .map(|row| row.expect("a row").iter().map(str::to_owned).collect())
        .collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows[0][..3],
        ["'=BAD", "Bad, Inc", "Energy"],
        "no formula comes back"
    );
    assert!(
        rows[0][9].contains("total_debt_to_ebitda") && rows[0][9].contains("two point oh"),
        "{:?}",
        rows[0]
    );
    assert!(rows[1][9].contains("reporting_year"), "{:?}", rows[1]);

    // Corrected with the error column left in, as users do.
    let corrected = answer
        .text
        .replace("two point oh", "2.0")
        .replace("WORSE Inc,Industrials,,", "WORSE Inc,Industrials,2024,");
    let again = submit(&ana, "a-corrected.csv", corrected.into_bytes(), &[]).await;
    let done = service.finished(&ana, &again).await;
    assert_eq!(counts(&done), [2, 0, 0, 0], "{done}");
    assert_eq!(done["warnings"], serde_json::json!([]));
    let list = ana
        .get("/predictions/annual?symbol=%3DBAD")
        .await
        .expect(200);
    assert_eq!(list["data"][0]["company_name"], "Bad, Inc");
}

#[tokio::test]
async fn failed_rows_are_returned_as_a_workbook_that_reads_back() {
    const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let lines = [
        line("GOOD", "2024", "2.0"),
        "000973,Żabka 名古屋,Energy,2024,25.4%,abc,0.08,6.4,0.05".to_owned(),
        "=BAD,=1+1,Energy,2024,25.4%,abc,0.08,6.4,0.05".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let job = submit(&ana, "a.csv", file(&lines), &[]).await;
    assert_eq!(counts(&service.finished(&ana, &job).await), [1, 0, 0, 2]);
    let csv = ana
        .get_as(&format!("/bulk-uploads/{job}/rows"), "text/csv")
        .await;
    let book = ana.get_as(&format!("/bulk-uploads/{job}/rows"), XLSX).await;
    assert_eq!(book.status.as_u16(), 200, "{}", book.text);
    assert!(book.header("content-disposition").contains(".xlsx"));

    // Sent again unchanged, they fail for the same reason and are returned unchanged.
    let again = submit(&ana, "rows.xlsx", book.bytes, &[]).await;
    assert_eq!(counts(&service.finished(&ana, &again).await), [0, 0, 0, 2]);
    let same = ana
        .get_as(&format!("/bulk-uploads/{again}/rows"), "text/csv")
        .await;
    assert_eq!(same.text, csv.text);
}

#[tokio::test]
async fn rows_are_listed_in_the_order_of_the_file() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let lines: Vec<String> = (0..57)
        .map(|n| match n % 3 {
            0 => line(&format!("S{n}"), "2024", "2.0"),
            1 => line(&format!("S{n}"), "24", "2.0"),
            _ => line(&format!("S{}", n - 2), "2024", "2.0"),
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let job = submit(&ana, "a.csv", file(&lines), &[("on_conflict", "skip")]).await;
    assert_eq!(counts(&service.finished(&ana, &job).await), [19, 0, 19, 19]);
    let path = format!("/bulk-uploads/{job}/rows");
    let rows = all_rows(&ana, &path, 10).await;
    let numbers: Vec<u64> = rows
        .iter()
        .map(|row| row["row"].as_u64().expect("a number"))
        .collect();
    let expected: Vec<u64> = (2..59).collect();
    assert_eq!(numbers, expected);
    for (n, row) in rows.iter().enumerate() {
        assert_eq!(
            text(row, "status"),
            ["ok", "error", "skipped"][n % 3],
            "{row}"
        );
        assert_eq!(row["prediction_id"].is_string(), n % 3 != 1, "{row}");
        assert_eq!(row["problem"].is_object(), n % 3 != 0, "{row}");
    }
    assert_eq!(
        rows[0]["prediction_id"], rows[2]["prediction_id"],
        "the repeated row names the one it met"
    );
    for status in ["ok", "error", "skipped"] {
        let part = all_rows(&ana, &format!("{path}?status={status}"), 7).await;
        assert_eq!(part.len(), 19, "{status}");
    }
    assert!(
        all_rows(&ana, &format!("{path}?status=updated"), 7)
            .await
            .is_empty()
    );
    assert_eq!(
        ana.get(&format!("{path}?status=lost")).await.problem(422),
        "unknown_value"
    );
}
