//! `/companies`

mod identifiers;
mod predictions;
mod sharing;

use accunode_tests::{Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};

use crate::{
    redactions::redacted,
    support::{
        all_rows, column, file_of, line, outcome_on, prediction, prediction_on, submit, text,
    },
};

#[tokio::test]
async fn company_is_created_read_and_removed() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let body = json!({
        "symbol": "acme", "name": " Acme Corporation ", "sector": "Industrials",
        "market_cap": 1_250_000_000.4, "country": "deu", "currency": "eur", "exchange": "XETRA",
    });
    let answer = ana.post("/companies", &body).await;
    let made = answer.expect(201);
    redacted(|| {
        insta::assert_json_snapshot!(made, @r#"
        {
          "access_level": "personal",
          "country": "DEU",
          "created_at": "[time]",
          "created_by": "[id]",
          "currency": "EUR",
          "exchange": "XETRA",
          "figi": null,
          "id": "[id]",
          "industry": null,
          "isin": null,
          "lei": null,
          "market_cap": 1250000000,
          "name": "Acme Corporation",
          "national_id": null,
          "organization_id": null,
          "sector": "Industrials",
          "symbol": "ACME",
          "updated_at": "[time]"
        }
        "#);
    });
    let path = format!("/companies/{}", text(&made, "id"));
    assert_eq!(answer.header("location"), format!("/api/v1{path}"));
    assert_eq!(ana.get(&path).await.expect(200), made);
    let _ = ana.delete(&path).await.expect(204);
    assert_eq!(ana.get(&path).await.problem(404), "not_found");
    assert_eq!(ana.delete(&path).await.problem(404), "not_found");
}

#[tokio::test]
async fn symbol_is_unique_per_owner() {
    let service = Service::start().await;
    let (ana, ben) = (service.user("ana").await, service.user("ben").await);
    let _ = ana
        .post("/companies", &json!({ "symbol": "ACME" }))
        .await
        .expect(201);
    assert_eq!(
        ana.post("/companies", &json!({ "symbol": "acme" }))
            .await
            .problem(409),
        "symbol_taken"
    );
    let _ = ben
        .post("/companies", &json!({ "symbol": "ACME" }))
        .await
        .expect(201);
}

#[tokio::test]
async fn a_company_with_predictions_is_removed_only_by_force() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let made = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    let company = format!("/companies/{}", text(&made, "company_id"));
    assert_eq!(ana.delete(&company).await.problem(409), "company_in_use");
    let _ = ana
        .delete(&format!("{company}?force=true"))
        .await
        .expect(204);
    let gone = format!("/predictions/annual/{}", text(&made, "id"));
    assert_eq!(ana.get(&gone).await.problem(404), "not_found");
    let dashboard = ana.get("/dashboard").await.expect(200);
    assert_eq!(dashboard["annual"]["total_predictions"], 0);
}

/// The statuses of a user's reads, by path.
async fn statuses(who: &TestUser, paths: &[String]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for path in paths {
        statuses.push(who.get(path).await.status.as_u16());
    }
    statuses
}

#[tokio::test]
async fn force_removes_no_row_that_the_caller_could_not_delete() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (m1, m2, oa) = (users.user("m1"), users.user("m2"), users.user("oA"));
    let made = m1
        .post("/companies", &json!({ "symbol": "ACME" }))
        .await
        .expect(201);
    let id = text(&made, "id").to_owned();
    let on_it = |year: &str, level: &str| {
        let mut body = prediction_on("annual", &id, year);
        body["access_level"] = level.into();
        if level == "organization" {
            body["organization_id"] = users.organization("A").to_string().into();
        }
        body
    };
    let mut kept = Vec::new();
    for (year, level) in [("2024", "organization"), ("2023", "personal")] {
        let row = m2.post("/predictions/annual", &on_it(year, level)).await;
        kept.push(format!(
            "/predictions/annual/{}",
            text(&row.expect(201), "id")
        ));
    }
    let outcome = m2.post("/outcomes", &outcome_on(&id)).await.expect(201);
    kept.push(format!("/outcomes/{}", text(&outcome, "id")));

    let forced = format!("/companies/{id}?force=true");
    for who in [m1, oa] {
        let refused = who.delete(&forced).await;
        assert_eq!(refused.problem(409), "company_in_use");
        let detail = text(&refused.json(), "detail").to_owned();
        assert!(
            detail.contains("rows of others that you may not see"),
            "{detail}"
        );
        assert!(detail.contains("1 outcomes"), "{detail}");
        assert_eq!(
            detail.contains("may not delete"),
            std::ptr::eq(who, m1),
            "{detail}"
        );
    }
    // A company that a user cannot see still exists.
    assert_eq!(
        m1.delete(&format!("/companies/{id}")).await.problem(409),
        "company_in_use"
    );
    assert_eq!(statuses(m2, &kept).await, [200, 200, 200]);
}

#[tokio::test]
async fn forced_removal_audits_every_deleted_row() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (m1, oa) = (users.user("m1"), users.user("oA"));
    let made = m1
        .post("/companies", &json!({ "symbol": "ACME" }))
        .await
        .expect(201);
    let id = text(&made, "id").to_owned();
    let mut rows = Vec::new();
    for (kind, year) in [
        ("annual", "2023"),
        ("annual", "2024"),
        ("quarterly", "2024"),
    ] {
        let row = m1
            .post(
                &format!("/predictions/{kind}"),
                &prediction_on(kind, &id, year),
            )
            .await
            .expect(201);
        rows.push(text(&row, "id").to_owned());
    }
    let _ = oa
        .delete(&format!("/companies/{id}?force=true"))
        .await
        .expect(204);
    for row in rows {
        let events = oa
            .get(&format!("/audit-logs?entity_id={row}"))
            .await
            .expect(200);
        let newest = &events["data"][0];
        assert_eq!(newest["event_type"], "prediction.deleted", "{events}");
        assert_eq!(newest["metadata"]["with_company"], id.as_str());
        assert!(newest["old_values"]["raw_ratios"].is_array(), "{newest}");
    }
    let events = oa
        .get(&format!("/audit-logs?entity_id={id}"))
        .await
        .expect(200);
    assert_eq!(
        events["data"][0]["metadata"],
        json!({ "force": true, "predictions": 3 })
    );
}

#[tokio::test]
async fn system_company_with_personal_predictions_is_not_removed() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (sa, u0, m1) = (users.user("sa"), users.user("u0"), users.user("m1"));
    let body = json!({ "symbol": "EVERY", "access_level": "system" });
    let made = sa.post("/companies", &body).await.expect(201);
    let id = text(&made, "id").to_owned();
    let of_a = m1
        .post("/predictions/annual", &prediction_on("annual", &id, "2024"))
        .await
        .expect(201);
    let own = u0
        .post("/predictions/annual", &prediction_on("annual", &id, "2024"))
        .await
        .expect(201);
    let forced = format!("/companies/{id}?force=true");
    assert_eq!(sa.delete(&forced).await.problem(409), "company_in_use");
    let path = |row: &Value| format!("/predictions/annual/{}", text(row, "id"));
    assert_eq!(statuses(m1, &[path(&of_a)]).await, [200]);
    let _ = u0.delete(&path(&own)).await.expect(204);
    let _ = sa.delete(&forced).await.expect(204);
    assert_eq!(statuses(m1, &[path(&of_a)]).await, [404]);
}

#[tokio::test]
async fn company_change_leaves_its_predictions_unchanged() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let made = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    let path = format!("/companies/{}", text(&made, "company_id"));
    let read = ana.get(&path).await;
    let change = json!({ "name": "Acme Corporation", "sector": "Energy", "industry": "Oil" });
    let changed = ana
        .with("if-match", read.header("etag"))
        .patch(&path, &change)
        .await;
    let company = changed.expect(200);
    assert_eq!(
        (&company["name"], &company["sector"], &company["industry"]),
        (&json!("Acme Corporation"), &json!("Energy"), &json!("Oil"))
    );
    assert_eq!(company["symbol"], "ACME");
    let stale = ana
        .with("if-match", read.header("etag"))
        .patch(&path, &change)
        .await;
    assert_eq!(stale.problem(412), "stale");
    let emptied = ana
        .patch(&path, &json!({ "industry": null }))
        .await
        .expect(200);
    assert!(
        emptied["industry"].is_null() && emptied["sector"] == "Energy",
        "{emptied}"
    );
    let forged = ana.patch(&path, &json!({ "created_by": ana.id })).await;
    assert_eq!(forged.problem(422), "unknown_field");

    let prediction = format!("/predictions/annual/{}", text(&made, "id"));
    let prediction = ana.get(&prediction).await.expect(200);
    assert_eq!(
        (&prediction["company_name"], &prediction["company_sector"]),
        (&json!("ACME"), &json!("Unknown")),
        "the company as of scoring"
    );
    let _ = ana
        .post("/companies", &json!({ "symbol": "TAKEN" }))
        .await
        .expect(201);
    let taken = ana.patch(&path, &json!({ "symbol": "taken" })).await;
    assert_eq!(taken.problem(409), "symbol_taken");
}

#[tokio::test]
async fn company_with_predictions_cannot_change_its_level() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let m1 = users.user("m1");
    let own = crate::support::with(
        prediction("ACME", "2024"),
        json!({ "access_level": "personal" }),
    );
    let made = m1.post("/predictions/annual", &own).await.expect(201);
    let path = format!("/companies/{}", text(&made, "company_id"));
    let raise = json!({ "access_level": "organization" });
    assert_eq!(m1.patch(&path, &raise).await.problem(409), "company_in_use");
    let gone = format!("/predictions/annual/{}", text(&made, "id"));
    let _ = m1.delete(&gone).await.expect(204);
    assert_eq!(
        m1.patch(&path, &raise).await.expect(200)["access_level"],
        "organization"
    );
    let _ = users.user("m2").get(&path).await.expect(200);
}

#[tokio::test]
async fn companies_are_filtered_sorted_and_searched() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    for (symbol, name, sector, cap, country) in [
        ("CCC", "Zeta Energy", "Energy", 300, "USA"),
        ("AAA", "Alpha Metals", "Materials", 100, "DEU"),
        ("BBB", "Beta Energy", "Energy", 200, "DEU"),
    ] {
        let body = json!({
            "symbol": symbol, "name": name, "sector": sector, "market_cap": cap, "country": country,
        });
        let _ = ana.post("/companies", &body).await.expect(201);
    }
    for (query, expected) in [
        ("sort=symbol", vec!["AAA", "BBB", "CCC"]),
        ("sort=name", vec!["AAA", "BBB", "CCC"]),
        ("", vec!["BBB", "AAA", "CCC"]),
        ("sector=Energy&sort=symbol", vec!["BBB", "CCC"]),
        ("country=DEU&sort=symbol", vec!["AAA", "BBB"]),
        ("market_cap_gte=200&sort=symbol", vec!["BBB", "CCC"]),
        (
            "market_cap_gte=100&market_cap_lte=200&sort=symbol",
            vec!["AAA", "BBB"],
        ),
        ("symbol=ccc", vec!["CCC"]),
        (
            "access_level=personal&sort=symbol",
            vec!["AAA", "BBB", "CCC"],
        ),
        ("access_level=system", vec![]),
        ("q=alpha%20metals", vec!["AAA"]),
        ("q=ccc", vec!["CCC"]),
    ] {
        let list = ana.get(&format!("/companies?{query}")).await.expect(200);
        assert_eq!(column(&list, "symbol"), expected, "{query}");
    }
}

#[tokio::test]
async fn every_company_is_on_exactly_one_page_during_inserts() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let symbols: Vec<String> = (0..40).map(|n| format!("T{n:02}")).collect();
    // One transaction: all rows have the same time of creation, and half of them the same name.
    let lines: Vec<String> = symbols
        .iter()
        .enumerate()
        .map(|(n, symbol)| {
            line(symbol, "2024", "2.0").replace(
                &format!("{symbol} Inc"),
                if n % 2 == 0 { "Same" } else { symbol },
            )
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let job = submit(&ana, "ties.csv", crate::support::file(&lines), &[]).await;
    service.finished(&ana, &job).await;

    for sort in ["created_at", "name", "symbol"] {
        let (mut seen, mut cursor) = (Vec::<String>::new(), String::new());
        for step in 0.. {
            let page = ana
                .get(&format!("/companies?limit=7&sort={sort}{cursor}"))
                .await
                .expect(200);
            seen.extend(column(&page, "symbol"));
            // Another user changes rows in the meantime, before and after the cursor.
            for (symbol, name) in [
                (format!("A{sort:.3}{step}"), "AA"),
                (format!("Z{sort:.3}{step}"), "ZZ"),
            ] {
                let _ = ana
                    .post("/companies", &json!({ "symbol": symbol, "name": name }))
                    .await
                    .expect(201);
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
            assert!(step < 60, "the list does not end");
        }
        let mut old: Vec<&String> = seen.iter().filter(|s| s.starts_with('T')).collect();
        assert_eq!(old.len(), 40, "{sort}: {seen:?}");
        old.sort();
        old.dedup();
        assert_eq!(old.len(), 40, "{sort}: {seen:?}");
    }
}

#[tokio::test]
async fn uploads_create_companies_and_reuse_them_unchanged() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let job = submit(&ana, "a.csv", file_of(["ACME"]), &[]).await;
    service.finished(&ana, &job).await;
    let before: Vec<Value> = all_rows(&ana, "/companies", 10).await;
    let other = crate::support::file(&["ACME,Another Name,Energy,2023,0.25,2.0,0.08,6.4,0.05"]);
    let job = submit(&ana, "b.csv", other, &[]).await;
    let done = service.finished(&ana, &job).await;
    assert_eq!(done["success_count"], 1, "{done}");
    assert_eq!(all_rows(&ana, "/companies", 10).await, before);
    let list = ana
        .get("/predictions/annual?reporting_year=2023")
        .await
        .expect(200);
    assert_eq!(list["data"][0]["company_name"], "ACME Inc");
}
