//! ISIN, LEI, FIGI and national numbers of companies.

use accunode_tests::Service;
use serde_json::json;

use crate::support::{all_rows, submit, text};

const APPLE: [(&str, &str); 4] = [
    ("isin", "US0378331005"),
    ("lei", "HWUPKR0MPOU8FGXBT394"),
    ("figi", "BBG000B9XRY4"),
    ("national_id", "DE136695976"),
];

#[tokio::test]
async fn a_company_is_found_by_each_of_its_identifiers() {
    let service = Service::start().await;
    let (ana, ben) = (service.user("ana").await, service.user("ben").await);
    let body = json!({
        "symbol": "AAPL", "isin": "us0378331005", "lei": "HWUPKR0MPOU8FGXBT394",
        "figi": "BBG000B9XRY4", "national_id": "DE 136.695.976",
    });
    let made = ana.post("/companies", &body).await.expect(201);
    let _ = ana
        .post("/companies", &json!({ "symbol": "OTHER" }))
        .await
        .expect(201);
    for (name, stored) in APPLE {
        assert_eq!(made[name], stored);
        for path in [
            format!("/companies?{name}={stored}"),
            format!("/companies?q={stored}"),
        ] {
            let found = ana.get(&path).await.expect(200);
            assert_eq!(found["data"], json!([made]), "{path}");
            assert_eq!(
                ben.get(&path).await.expect(200)["data"],
                json!([]),
                "{path}"
            );
        }
        let typed = ana
            .get(&format!("/companies?q={}", stored.to_lowercase()))
            .await;
        assert_eq!(typed.expect(200)["data"], json!([made]));
    }
    let csv = ana.get_as("/companies?symbol=AAPL", "text/csv").await;
    assert!(csv.text.contains("HWUPKR0MPOU8FGXBT394"), "{}", csv.text);

    let path = format!("/companies/{}", text(&made, "id"));
    let changed = ana
        .patch(&path, &json!({ "lei": null, "sector": "Technology" }))
        .await;
    let changed = changed.expect(200);
    assert_eq!(
        (&changed["lei"], &changed["isin"]),
        (&json!(null), &made["isin"])
    );
}

#[tokio::test]
async fn wrong_check_digit_is_refused_and_identifiers_are_unique_per_owner() {
    let service = Service::start().await;
    let (ana, ben) = (service.user("ana").await, service.user("ben").await);
    let wrong = json!({
        "symbol": "A", "isin": "US0378331006", "lei": "HWUPKR0MPOU8FGXBT395",
        "figi": "BBG000B9XRY5", "national_id": "DE136695975",
    });
    let answer = ana.post("/companies", &wrong).await;
    let expected: Vec<String> = APPLE
        .iter()
        .map(|(name, _)| format!("/{name} invalid_identifier"))
        .collect();
    assert_eq!(answer.faults(), expected);

    let body = json!({ "symbol": "AAPL", "isin": "US0378331005" });
    let _ = ana.post("/companies", &body).await.expect(201);
    let second = json!({ "symbol": "AAPL.US", "isin": "US0378331005" });
    let taken = ana.post("/companies", &second).await;
    assert_eq!(taken.problem(409), "identifier_taken");
    let other = ana
        .post("/companies", &json!({ "symbol": "MSFT" }))
        .await
        .expect(201);
    let path = format!("/companies/{}", text(&other, "id"));
    let taken = ana.patch(&path, &json!({ "isin": "US0378331005" })).await;
    assert_eq!(taken.problem(409), "identifier_taken");
    let _ = ben.post("/companies", &second).await.expect(201);
}

#[tokio::test]
async fn wrong_or_duplicate_identifiers_in_a_file_are_only_warned_about() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let csv = "Ticker,ISIN Code,Legal Entity Identifier,VAT number,year,long_term_debt_to_total_capital,\
               total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets\n\
               AAPL,US0378331005,HWUPKR0MPOU8FGXBT394,DE136695976,2024,0.25,2,0.08,6.4,0.05\n\
               AAPL,US0378331005,HWUPKR0MPOU8FGXBT394,DE136695976,2023,0.25,2,0.08,6.4,0.05\n\
               COPY,US0378331005,,,2024,0.25,2,0.08,6.4,0.05\n\
               WRONG,US0378331006,,,2024,0.25,2,0.08,6.4,0.05\n";
    let job = submit(&ana, "a.csv", csv.as_bytes().to_vec(), &[]).await;
    let done = service.finished(&ana, &job).await;
    assert_eq!(done["success_count"], 4, "{done}");
    let codes: Vec<&str> = done["warnings"]
        .as_array()
        .expect("warnings")
        .iter()
        .map(|warning| text(warning, "code"))
        .collect();
    assert_eq!(
        codes,
        ["matched_columns", "unread_descriptions", "other_identifier"]
    );
    let detail = text(&done["warnings"][2], "detail");
    assert!(detail.contains("COPY: isin US0378331005"), "{detail}");
    assert!(!detail.contains("AAPL"), "{detail}");
    let companies = all_rows(&ana, "/companies", 10).await;
    let with_isin: Vec<&str> = companies
        .iter()
        .filter(|company| company["isin"] == "US0378331005")
        .map(|company| text(company, "symbol"))
        .collect();
    assert_eq!(with_isin, ["AAPL"]);
}

#[tokio::test]
async fn file_without_symbols_identifies_companies_by_isin() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let csv = "isin,year,long_term_debt_to_total_capital,total_debt_to_ebitda,net_income_margin,\
               ebit_to_interest_expense,return_on_assets\nUS0378331005,2024,0.25,2,0.08,6.4,0.05\n";
    let job = submit(&ana, "a.csv", csv.as_bytes().to_vec(), &[]).await;
    let done = service.finished(&ana, &job).await;
    assert_eq!(
        done["warnings"][0]["code"], "symbol_from_identifier",
        "{done}"
    );
    let found = ana.get("/companies?symbol=US0378331005").await.expect(200);
    assert_eq!(found["data"][0]["isin"], "US0378331005");
}
