//! The company of a symbol.

use accunode_tests::{Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};

use crate::support::{prediction, run, text, with};

async fn company(user: &TestUser, level: &str) -> String {
    let body = json!({ "symbol": "ACME", "name": level, "access_level": level });
    text(&user.post("/companies", &body).await.expect(201), "id").to_owned()
}

async fn personal(user: &TestUser, year: &str) -> Value {
    let body = with(
        prediction("ACME", year),
        json!({ "access_level": "personal" }),
    );
    user.post("/predictions/annual", &body).await.expect(201)
}

#[tokio::test]
async fn symbol_resolves_to_own_then_organizations_then_system_company() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (m1, m2, sa) = (users.user("m1"), users.user("m2"), users.user("sa"));

    let everyones = company(sa, "system").await;
    assert_eq!(personal(m1, "2020").await["company_id"], everyones);
    let shared = m1
        .post("/predictions/annual", &prediction("ACME", "2020"))
        .await
        .expect(201);
    assert_eq!(
        shared["company_id"], everyones,
        "an organization's prediction takes the system's company"
    );

    let organizations = company(users.user("oA"), "organization").await;
    assert_eq!(personal(m1, "2021").await["company_id"], organizations);
    let shared = m1
        .post("/predictions/annual", &prediction("ACME", "2021"))
        .await
        .expect(201);
    assert_eq!(shared["company_id"], organizations);

    let own = company(m1, "personal").await;
    assert_eq!(personal(m1, "2022").await["company_id"], own);
    assert_eq!(personal(m2, "2022").await["company_id"], organizations);
    let shared = m1
        .post("/predictions/annual", &prediction("ACME", "2022"))
        .await
        .expect(201);
    assert_eq!(
        shared["company_id"], organizations,
        "a personal company is not the organization's"
    );

    let elsewhere = users
        .user("mB")
        .post("/predictions/annual", &prediction("ACME", "2022"))
        .await;
    assert_eq!(elsewhere.expect(201)["company_id"], everyones);
    let published = with(
        prediction("ACME", "2022"),
        json!({ "access_level": "system" }),
    );
    let published = sa.post("/predictions/annual", &published).await.expect(201);
    assert_eq!(published["company_id"], everyones);
}

#[tokio::test]
async fn hidden_system_company_is_not_used_and_a_new_one_created() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let everyones = company(users.user("sa"), "system").await;
    let pool = service.database.superuser().await;
    run(
        &pool,
        "UPDATE organizations SET hide_system_data = true WHERE name = 'A'",
    )
    .await;
    let m1 = users.user("m1");
    let made = m1
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    assert_ne!(made["company_id"], everyones);
    let company = m1
        .get(&format!("/companies/{}", text(&made, "company_id")))
        .await
        .expect(200);
    assert_eq!(company["access_level"], "organization");
    assert_eq!(
        company["organization_id"],
        users.organization("A").to_string()
    );
}

#[tokio::test]
async fn new_symbol_creates_a_company_of_the_predictions_owner() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    for (who, body, level) in [
        ("u0", json!({}), "personal"),
        ("m1", json!({}), "organization"),
        ("m1", json!({ "access_level": "personal" }), "personal"),
        ("sa", json!({ "access_level": "system" }), "system"),
    ] {
        let user = users.user(who);
        let made = user
            .post(
                "/predictions/annual",
                &with(prediction("NEWCO", "2024"), body),
            )
            .await
            .expect(201);
        let company = user
            .get(&format!("/companies/{}", text(&made, "company_id")))
            .await
            .expect(200);
        assert_eq!(
            (&company["access_level"], &made["access_level"]),
            (&json!(level), &json!(level)),
            "{who}"
        );
        assert_eq!(
            (&company["sector"], &company["name"]),
            (&json!("Unknown"), &json!("NEWCO"))
        );
        if level == "system" {
            continue;
        }
        let _ = user
            .delete(&format!("/companies/{}?force=true", text(&company, "id")))
            .await
            .expect(204);
    }
}

#[tokio::test]
async fn existing_company_is_unchanged_and_differences_are_warned_about() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let described = |name: &str, sector: &str| json!({ "company": { "symbol": "ACME", "name": name, "sector": sector } });
    let first = with(prediction("ACME", "2022"), described("Acme", "Energy"));
    let first = ana.post("/predictions/annual", &first).await.expect(201);
    assert_eq!(first["warnings"], json!([]));

    let other = with(prediction("ACME", "2023"), described("Other", "Utilities"));
    let other = ana.post("/predictions/annual", &other).await.expect(201);
    let differences: Vec<(&str, &str)> = other["warnings"]
        .as_array()
        .expect("warnings")
        .iter()
        .map(|warning| (text(warning, "pointer"), text(warning, "code")))
        .collect();
    assert_eq!(
        differences,
        [
            ("/company", "other_company"),
            ("/company/name", "company_differs"),
            ("/company/sector", "company_differs")
        ]
    );
    assert_eq!(
        (&other["company_name"], &other["company_sector"]),
        (&json!("Acme"), &json!("Energy"))
    );

    let silent = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    assert_eq!(
        silent["warnings"],
        json!([]),
        "what is not said cannot differ"
    );
}
