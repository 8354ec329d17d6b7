//! `GET /users`, `GET /users/{id}`

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::Value;

use crate::support::{all_rows, column, run, text};

async fn emails(tenancy: &Tenancy, who: &str, query: &str) -> Vec<String> {
    let page = tenancy
        .user(who)
        .get(&format!("/users?limit=100{query}"))
        .await;
    let mut emails: Vec<String> = column(&page.expect(200), "email")
        .iter()
        .map(|email| email.replace("@example.com", ""))
        .collect();
    emails.sort();
    emails
}

#[tokio::test]
async fn users_are_listed_within_the_callers_organizations() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    assert_eq!(emails(&tenancy, "m1", "").await, ["m1", "m2", "oa"]);
    assert_eq!(emails(&tenancy, "oA", "").await, ["m1", "m2", "oa"]);
    assert_eq!(emails(&tenancy, "mB", "").await, ["mb"]);
    assert_eq!(
        emails(&tenancy, "tR", "").await,
        ["m1", "m2", "mb", "oa", "tr"]
    );
    assert_eq!(
        emails(&tenancy, "sa", "").await,
        ["m1", "m2", "mb", "oa", "sa", "tr", "tz", "u0"]
    );
    let b = format!("&organization_id={}", tenancy.organization("B"));
    assert_eq!(emails(&tenancy, "tR", &b).await, ["mb"]);
    assert_eq!(emails(&tenancy, "sa", &b).await, ["mb"]);
    let answer = tenancy.user("u0").get("/users").await;
    assert_eq!(answer.problem(403), "role_forbidden");
    let answer = tenancy.user("oA").get(&format!("/users?{}", &b[1..])).await;
    assert_eq!(answer.problem(403), "outside_scope");
}

#[tokio::test]
async fn members_see_directory_fields_and_administrators_all() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let pool = service.database.superuser().await;
    run(
        &pool,
        "UPDATE users SET is_active = false WHERE email = 'm2@example.com'",
    )
    .await;
    let fields = |row: &Value| {
        let mut names: Vec<String> = row
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect();
        names.sort();
        names
    };
    let brief = all_rows(tenancy.user("m1"), "/users", 100).await;
    assert_eq!(
        fields(&brief[0]),
        [
            "effective_role",
            "email",
            "first_name",
            "id",
            "last_name",
            "role"
        ]
    );
    assert_eq!(brief.len(), 2, "who is not active is not listed: {brief:?}");
    assert!(
        emails(&tenancy, "m1", "&is_active=false").await.is_empty(),
        "nor found by asking for it"
    );
    let full = all_rows(tenancy.user("oA"), "/users", 100).await;
    assert_eq!(full.len(), 3);
    assert!(fields(&full[0]).contains(&"last_login".to_owned()));
    assert_eq!(emails(&tenancy, "oA", "&is_active=false").await, ["m2"]);
    assert_eq!(emails(&tenancy, "oA", "&role=org_admin").await, ["oa"]);

    let csv = tenancy.user("oA").get_as("/users", "text/csv").await;
    assert!(
        csv.text
            .starts_with("id,email,first_name,last_name,effective_role,role,phone,"),
        "{}",
        csv.text
    );
    assert_eq!(csv.text.lines().count(), 4, "{}", csv.text);
    assert!(!csv.text.contains("argon2"), "{}", csv.text);
}

#[tokio::test]
async fn user_pages_neither_lose_nor_repeat_users() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let pool = service.database.superuser().await;
    for name in ["A", "B"] {
        run(
            &pool,
            &format!(
                "INSERT INTO users (email, password_hash, role, organization_id, created_at) \
                 SELECT '{}' || n || '@example.com', 'x', 'org_member', '{}', '2026-01-01' \
                 FROM generate_series(1, 20) n",
                name.to_lowercase(),
                tenancy.organization(name)
            ),
        )
        .await;
    }
    for (who, count) in [("oA", 23), ("tR", 45), ("sa", 48)] {
        let rows = all_rows(tenancy.user(who), "/users", 7).await;
        let mut ids: Vec<&str> = rows.iter().map(|row| text(row, "id")).collect();
        assert_eq!(ids.len(), count, "{who}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{who}");
    }
}

#[tokio::test]
async fn user_search_matches_names_and_addresses_literally() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let pool = service.database.superuser().await;
    run(
        &pool,
        "UPDATE users SET first_name = 'Ada', last_name = 'Lovelace' WHERE email = 'm1@example.com'; \
         UPDATE users SET first_name = 'Charles', last_name = 'Babbage_10%' WHERE email = 'mb@example.com'",
    )
    .await;
    assert_eq!(emails(&tenancy, "tR", "&q=ada%20LOVE").await, ["m1"]);
    assert_eq!(emails(&tenancy, "tR", "&q=m1@").await, ["m1"]);
    assert_eq!(emails(&tenancy, "tR", "&q=_10%25").await, ["mb"]);
    assert!(emails(&tenancy, "tR", "&q=%25").await == ["mb"]);
    assert!(emails(&tenancy, "oA", "&q=charles").await.is_empty());
}

#[tokio::test]
async fn one_user_is_read_in_full_by_themselves_and_their_administrators() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let m2 = tenancy.user("m2");
    let path = format!("/users/{}", m2.id);
    let answer = m2.get(&path).await;
    assert_eq!(answer.header("etag"), "\"1\"");
    let own = answer.expect(200);
    assert_eq!(own["email"], "m2@example.com");
    assert_eq!(
        own["organization_id"],
        tenancy.organization("A").to_string()
    );
    assert_eq!(tenancy.user("oA").get(&path).await.expect(200), own);
    assert_eq!(
        tenancy.user("m1").get(&path).await.problem(403),
        "role_forbidden"
    );
    assert_eq!(
        tenancy.user("tZ").get(&path).await.problem(404),
        "not_found"
    );
    let anonymous = format!("/users/{}", uuid::Uuid::nil());
    assert_eq!(
        tenancy.user("sa").get(&anonymous).await.problem(404),
        "not_found"
    );
}
