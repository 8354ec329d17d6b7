//! Pages, cursors and parameters.

use accunode_tests::Service;

use crate::support::{all_rows, column, file_of, submit};

#[tokio::test]
async fn unknown_invalid_or_repeated_parameters_are_reported_together() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    for (query, faults) in [
        ("colour=red", vec!["/colour unknown_parameter"]),
        ("limit=0", vec!["/limit out_of_range"]),
        ("limit=1001", vec!["/limit out_of_range"]),
        (
            "limit=-1&sort=size",
            vec!["/limit out_of_range", "/sort unknown_value"],
        ),
        ("limit=5&limit=6", vec!["/limit repeated"]),
        ("cursor=garbage", vec!["/cursor invalid_cursor"]),
        ("cursor=e30", vec!["/cursor invalid_cursor"]),
        ("symbol=a%00b", vec!["/symbol control_character"]),
        ("q=a%E2%80%8Bb", vec!["/q forbidden_character"]),
        ("symbol=%D0%90B", vec!["/symbol invalid_symbol"]),
        ("sector=a%00b", vec!["/sector control_character"]),
        ("organization_id=7", vec!["/organization_id invalid_id"]),
        ("organization_id=", vec!["/organization_id empty"]),
        ("changed_by_job=7", vec!["/changed_by_job invalid_id"]),
        (
            "changed_by_job=00000000-0000-7000-8000-000000000000",
            vec!["/changed_by_job contradiction"],
        ),
        ("q=acme&total=true", vec!["/total contradiction"]),
    ] {
        let answer = ana.get(&format!("/companies?{query}")).await;
        let _ = answer.problem(422);
        let mut reported = answer.faults();
        reported.sort();
        assert_eq!(reported, faults, "{query}");
    }
    for query in [
        "limit=1",
        "limit=1000",
        "cursor=",
        "q=acme",
        "sort=name",
        "total=true",
    ] {
        let _ = ana.get(&format!("/companies?{query}")).await.expect(200);
    }
    assert_eq!(
        ana.get("/me?verbose=true").await.problem(422),
        "unknown_parameter"
    );
}

#[tokio::test]
async fn page_has_the_next_cursor_in_body_and_link() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let job = submit(
        &ana,
        "five.csv",
        file_of(["A1", "A2", "A3", "A4", "A5"]),
        &[],
    )
    .await;
    service.finished(&ana, &job).await;

    let first = ana.get("/companies?limit=2&sort=symbol").await;
    let page = first.expect(200);
    assert_eq!(column(&page, "symbol"), ["A1", "A2"]);
    assert_eq!(page["has_more"], true);
    let link = first.header("link");
    let target = link
        .strip_prefix('<')
        .and_then(|l| l.strip_suffix(">; rel=\"next\""))
        .expect("a link");
    assert!(target.contains("sort=symbol"), "{target}");
    let second = ana
        .get(target.strip_prefix("/api/v1").expect("its path"))
        .await;
    assert_eq!(column(&second.expect(200), "symbol"), ["A3", "A4"]);

    let rest = all_rows(&ana, "/companies?sort=symbol", 2).await;
    assert_eq!(rest.len(), 5);
    let last = ana.get("/companies?limit=5").await;
    assert_eq!(last.header("link"), "");
    assert_eq!(last.expect(200)["has_more"], false);
}

#[tokio::test]
async fn a_cursor_belongs_to_its_order() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let job = submit(&ana, "three.csv", file_of(["A1", "A2", "A3"]), &[]).await;
    service.finished(&ana, &job).await;
    let page = ana.get("/companies?limit=1&sort=name").await.expect(200);
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    let other = ana
        .get(&format!("/companies?limit=1&sort=symbol&cursor={cursor}"))
        .await;
    assert_eq!(other.problem(422), "invalid_cursor");
    let search = ana
        .get(&format!("/companies?q=a&sort=name&cursor={cursor}"))
        .await;
    assert_eq!(search.problem(422), "invalid_cursor");
}

#[tokio::test]
async fn csv_list_has_all_pages_and_guards_formulas() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let mut symbols: Vec<String> = (0..130).map(|n| format!("S{n:03}")).collect();
    symbols.push("=1".to_owned());
    let job = submit(&ana, "many.csv", file_of(&symbols), &[]).await;
    service.finished(&ana, &job).await;

    let answer = ana.get_as("/predictions/annual?limit=7", "text/csv").await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    assert!(answer.header("content-type").starts_with("text/csv"));
    assert!(answer.header("content-disposition").contains("attachment"));
    let mut reader = csv::Reader::from_reader(answer.text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let at = |name: &str| {
        header
            .iter()
            .position(|column| column == name)
            .expect("the column")
    };
    let (symbol, pd) = (at("company_symbol"), at("pd"));
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    let mut exported: Vec<&str> = rows.iter().map(|row| &row[symbol]).collect();
    exported.sort_unstable();
    let mut expected: Vec<&str> = symbols
        .iter()
        .map(|s| if s == "=1" { "'=1" } else { s })
        .collect();
    expected.sort_unstable();
    assert_eq!(exported, expected);
    assert!(rows.iter().all(|row| {
        row[pd]
            .parse::<f64>()
            .is_ok_and(|pd| (0.0..=1.0).contains(&pd))
    }));
}

#[tokio::test]
async fn export_is_audited_before_it_is_answered() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let answer = ana.get_as("/companies?sector=Energy", "text/csv").await;
    let id = answer.header("x-request-id").to_owned();
    let metadata: serde_json::Value = crate::support::ask(
        &pool,
        &format!("SELECT metadata FROM audit_logs WHERE action = 'EXPORT' AND request_id = '{id}'"),
    )
    .await;
    assert!(metadata.to_string().contains("Energy"), "{metadata}");
}
