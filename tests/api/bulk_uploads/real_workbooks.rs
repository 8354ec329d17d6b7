//! Real workbooks of analysts: shares in percent, empty cells, sentinels, repeated
//! company-years, an unnecessary column.

use std::collections::BTreeMap;

use accunode_tests::{Service, real_data};

use super::outcomes::counts;
use crate::support::{all_rows, count, submit, text};

/// Counts the rows of an upload by status and code.
async fn by_code(user: &accunode_tests::TestUser, job: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in all_rows(user, &format!("/bulk-uploads/{job}/rows"), 100).await {
        let code = row["problem"]["errors"][0]["code"].as_str().unwrap_or("-");
        *counts
            .entry(format!("{} {code}", text(&row, "status")))
            .or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn every_row_of_a_real_workbook_is_accounted_for() {
    for (name, most_repeated, times) in [
        ("sp500_annual_1.xlsx", ("KSS", "2005"), 3),
        ("sp500_annual_2.xlsx", ("ANSS", "2024"), 31),
    ] {
        let Some(path) = real_data(name) else {
            println!("skipped: {name} is not on this machine");
            continue;
        };
        let bytes = std::fs::read(path).expect("readable");
        let service = Service::start().await;
        let ana = service.user("ana").await;

        let wrong = submit(&ana, name, bytes.clone(), &[("on_conflict", "skip")]).await;
        let wrong = service.finished(&ana, &wrong).await;
        assert_eq!(
            (text(&wrong, "status"), text(&wrong, "error_code")),
            ("failed", "unit_mismatch"),
            "{wrong}"
        );

        let options = [("on_conflict", "skip"), ("ratio_unit", "percent")];
        let job = submit(&ana, name, bytes, &options).await;
        let done = service.finished(&ana, &job).await;
        assert_eq!(text(&done, "status"), "completed", "{done}");
        assert_eq!(
            (count(&done, "total_rows"), count(&done, "processed_rows")),
            (2_475, 2_475)
        );
        let [success, updated, skipped, error] = counts(&done);
        assert_eq!(updated, 0);
        assert!(success > 2_000 && skipped >= 5 && error > 100, "{done}");
        assert!(
            done["warnings"].to_string().contains("reporting_quarter"),
            "{done}"
        );

        let counts = by_code(&ana, &job).await;
        println!("{name}: {counts:?}");
        assert_eq!(counts.values().sum::<usize>(), 2_475);
        assert_eq!(counts.get("ok -").copied(), usize::try_from(success).ok());
        assert_eq!(
            counts.get("error too_few_ratios").copied(),
            usize::try_from(error).ok()
        );
        let dashboard = ana.get("/dashboard").await.expect(200);
        assert_eq!(count(&dashboard["annual"], "total_predictions"), success);

        // The most frequent company-year: its first usable row was stored, and every other
        // one has the reason why it was not, in a file that can be inspected.
        let mut rows = 0;
        for status in ["skipped", "error"] {
            let path = format!("/bulk-uploads/{job}/rows?status={status}");
            let annotated = ana.get_as(&path, "text/csv").await.text;
            let mut reader = csv::Reader::from_reader(annotated.as_bytes());
            for row in reader.records() {
                let row = row.expect("a row");
                if (&row[0], &row[4]) == most_repeated {
                    assert!(!row[row.len() - 1].is_empty(), "{row:?}");
                    rows += 1;
                }
            }
        }
        assert_eq!(rows + 1, times, "{most_repeated:?}");
    }
}
