//! `GET /predictions/{kind}`

use accunode_tests::{Service, TestUser};
use serde_json::{Value, json};

use crate::support::{all_rows, column, file, line, number, prediction, run, submit, text, with};

async fn made(
    user: &TestUser,
    symbol: &str,
    year: &str,
    return_on_assets: f64,
    sector: &str,
) -> Value {
    let mut body = with(
        prediction(symbol, year),
        json!({ "company": { "symbol": symbol, "sector": sector } }),
    );
    body["ratios"]["return_on_assets"] = json!(return_on_assets);
    user.post("/predictions/annual", &body).await.expect(201)
}

#[tokio::test]
async fn predictions_are_filtered_by_every_parameter() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let safe = made(&ana, "SAFE", "2024", 0.2, "Energy").await;
    let risky = made(&ana, "RISKY", "2023", -0.6, "Utilities").await;
    let old = made(&ana, "SAFE", "2022", 0.2, "Energy").await;
    let job = submit(
        &ana,
        "one.csv",
        file(&[&line("FILED", "2024", "30.0")]),
        &[],
    )
    .await;
    service.finished(&ana, &job).await;
    let pd = number(&risky, "pd");
    let time = text(&risky, "created_at");
    for (query, expected) in [
        (
            String::new(),
            vec!["FILED 2024", "RISKY 2023", "SAFE 2022", "SAFE 2024"],
        ),
        (
            format!("company_id={}", text(&old, "company_id")),
            vec!["SAFE 2022", "SAFE 2024"],
        ),
        (
            "symbol=safe&reporting_year=2022".to_owned(),
            vec!["SAFE 2022"],
        ),
        ("sector=Utilities".to_owned(), vec!["RISKY 2023"]),
        (
            format!("risk_level={}&symbol=RISKY", text(&risky, "risk_level")),
            vec!["RISKY 2023"],
        ),
        (format!("pd_gte={pd}&pd_lte={pd}"), vec!["RISKY 2023"]),
        (
            format!("pd_lte={}", number(&safe, "pd")),
            vec!["SAFE 2022", "SAFE 2024"],
        ),
        (format!("job_id={job}"), vec!["FILED 2024"]),
        (
            "model_version=2.0.0&reporting_year=2023".to_owned(),
            vec!["RISKY 2023"],
        ),
        ("model_version=0.0.1".to_owned(), vec![]),
        (format!("created_to={time}"), vec!["SAFE 2024"]),
        ("access_level=system".to_owned(), vec![]),
    ] {
        let list = ana
            .get(&format!("/predictions/annual?{query}"))
            .await
            .expect(200);
        let mut listed: Vec<String> = column(&list, "company_symbol")
            .iter()
            .zip(column(&list, "reporting_year"))
            .map(|(symbol, year)| format!("{symbol} {year}"))
            .collect();
        listed.sort();
        // Whether the boundary is included depends on the list; later rows are always excluded.
        if query.starts_with("created_to") {
            listed.retain(|row| row != "RISKY 2023");
        }
        assert_eq!(listed, expected, "{query}");
    }
    let from = ana
        .get(&format!("/predictions/annual?created_from={time}"))
        .await
        .expect(200);
    assert_eq!(column(&from, "company_symbol"), ["FILED", "SAFE", "RISKY"]);
    for (query, fault) in [
        ("risk_level=Huge", "/risk_level unknown_value"),
        ("pd_gte=2", "/pd_gte out_of_range"),
        ("pd_gte=nan", "/pd_gte out_of_range"),
        ("created_from=yesterday", "/created_from invalid_time"),
        (
            "reporting_quarter=Q1",
            "/reporting_quarter unknown_parameter",
        ),
    ] {
        let answer = ana.get(&format!("/predictions/annual?{query}")).await;
        let _ = answer.problem(422);
        assert_eq!(answer.faults(), [fault]);
    }
}

/// 9.11
#[tokio::test]
async fn predictions_have_grades_of_the_shipped_scale_and_filter_by_them() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let expected = [
        (0.0001, "1"),
        (0.015, "10"),
        (0.0297, "11"),
        (0.045, "12"),
        (0.9, "17"),
        (1.0, "17"),
    ];
    for (n, (pd, grade)) in expected.iter().enumerate() {
        let symbol = format!("G{n}");
        let scored = made(&ana, &symbol, "2024", 0.1, "Energy").await;
        run(
            &pool,
            &format!(
                "UPDATE annual_predictions SET pd = {pd}, probability = round({pd}, 4) WHERE id = '{}'",
                text(&scored, "id")
            ),
        )
        .await;
        let path = format!("/predictions/annual/{}", text(&scored, "id"));
        assert_eq!(ana.get(&path).await.expect(200)["grade"], *grade, "{pd}");
    }
    for (query, symbols) in [
        ("grade=10", vec!["G1"]),
        ("grade=17&grade=1", vec!["G5", "G4", "G0"]),
        ("grade=11&grade=10&grade=12", vec!["G3", "G2", "G1"]),
        ("grade=10&grade=12&pd_lte=0.02", vec!["G1"]),
        ("grade=2", vec![]),
    ] {
        let path = format!("/predictions/annual?sort=pd&{query}");
        let list = ana.get(&path).await.expect(200);
        assert_eq!(column(&list, "company_symbol"), symbols, "{query}");
        let counted = ana.get(&format!("{path}&total=true")).await.expect(200);
        assert_eq!(counted["total"], symbols.len(), "{query}");
    }
    let csv = ana
        .get_as("/predictions/annual?sort=pd&grade=12", "text/csv")
        .await;
    let mut reader = csv::Reader::from_reader(csv.text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let at = header.iter().position(|name| name == "grade");
    let row = reader.records().next().expect("a row").expect("a row");
    assert_eq!(at.map(|at| row[at].to_owned()).as_deref(), Some("12"));
    let answer = ana.get("/predictions/annual?grade=18").await;
    let _ = answer.problem(422);
    assert_eq!(answer.faults(), ["/grade unknown_value"]);
}

#[tokio::test]
async fn predictions_are_sorted_by_pd_on_request() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    for (n, returned) in [0.1, -0.5, 0.02, -0.1, 0.3].into_iter().enumerate() {
        made(&ana, &format!("S{n}"), "2024", returned, "Energy").await;
    }
    let rows = all_rows(&ana, "/predictions/annual?sort=pd", 2).await;
    let pds: Vec<f64> = rows.iter().map(|row| number(row, "pd")).collect();
    assert_eq!(pds.len(), 5);
    assert!(pds.is_sorted_by(|a, b| a >= b), "{pds:?}");
    assert_eq!(text(&rows[0], "company_symbol"), "S1");
}

#[tokio::test]
async fn every_prediction_is_on_exactly_one_page_during_inserts() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    // All rows of one file have the same time of creation, and three different PDs.
    let lines: Vec<String> = (0..60)
        .map(|n| line(&format!("T{n:02}"), "2024", ["0.5", "4.0", "30.0"][n % 3]))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let job = submit(&ana, "ties.csv", file(&lines), &[]).await;
    service.finished(&ana, &job).await;
    for sort in ["created_at", "pd"] {
        let (mut seen, mut cursor) = (Vec::<String>::new(), String::new());
        for step in 0.. {
            let page = ana
                .get(&format!("/predictions/annual?limit=7&sort={sort}{cursor}"))
                .await
                .expect(200);
            seen.extend(column(&page, "company_symbol"));
            for returned in [0.3, -0.6] {
                made(
                    &ana,
                    &format!("X{}{step}", if returned > 0.0 { "L" } else { "H" }),
                    &format!("20{step:02}"),
                    returned,
                    sort,
                )
                .await;
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
            assert!(step < 60, "the list does not end");
        }
        let mut old: Vec<&String> = seen
            .iter()
            .filter(|symbol| symbol.starts_with('T'))
            .collect();
        assert_eq!(old.len(), 60, "{sort}");
        old.sort();
        old.dedup();
        assert_eq!(old.len(), 60, "{sort}");
        for row in all_rows(&ana, "/predictions/annual", 100).await {
            if text(&row, "company_symbol").starts_with('X') {
                let _ = ana
                    .delete(&format!("/predictions/annual/{}", text(&row, "id")))
                    .await
                    .expect(204);
            }
        }
    }
}

#[tokio::test]
async fn rows_of_several_owners_are_merged_in_one_order() {
    let service = Service::start().await;
    let users = accunode_tests::tenancy::Tenancy::of(&service).await;
    let tr = users.user("tR");
    let mut expected = Vec::new();
    for n in 0..24 {
        let (who, level) = [
            ("tR", "personal"),
            ("m1", "organization"),
            ("mB", "organization"),
            ("sa", "system"),
        ][n % 4];
        let body = with(
            prediction(&format!("S{n:02}"), "2024"),
            json!({ "access_level": level }),
        );
        let made = users
            .user(who)
            .post("/predictions/annual", &body)
            .await
            .expect(201);
        expected.insert(0, text(&made, "id").to_owned());
    }
    let rows = all_rows(tr, "/predictions/annual", 5).await;
    let ids: Vec<&str> = rows.iter().map(|row| text(row, "id")).collect();
    assert_eq!(ids, expected);
}
