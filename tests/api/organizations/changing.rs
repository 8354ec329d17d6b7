//! Creating, listing and changing organizations.

use serde_json::{Value, json};
use uuid::Uuid;

use super::tenancy;
use crate::{
    redactions::redacted,
    support::{all_rows, column, text},
};

#[tokio::test]
async fn organization_is_created_with_every_given_field() {
    let (_service, users) = tenancy().await;
    let tr = users.user("tR");
    let body = json!({
        "name": "Child", "parent_id": users.organization("R"), "join_policy": "token",
        "is_active": false, "max_users": 5, "hide_system_data": true,
        "require_second_factor": true, "second_factor_approval": true,
        "settings": { "erp-sync": true, "reports.day": 1 },
    });
    let made = tr.post("/organizations", &body).await.expect(201);
    for (name, value) in body.as_object().expect("an object") {
        assert_eq!(&made[name], value, "{name}");
    }
    let path = format!("/organizations/{}", text(&made, "id"));
    assert_eq!(tr.get(&path).await.expect(200), made);

    // All faults are reported together.
    let wrong = json!({
        "name": "Other", "domain": "no domain", "max_users": 0, "settings": { "a b": "x\u{0}" },
        "parent_id": users.organization("R"),
    });
    let refused = tr.post("/organizations", &wrong).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    let refused = refused.json();
    let mut pointers = Vec::new();
    for fault in refused["errors"].as_array().expect("faults") {
        pointers.push(text(fault, "pointer").to_owned());
    }
    assert!(pointers.contains(&"/settings/a b".to_owned()), "{refused}");
    assert!(pointers.contains(&"/domain".to_owned()), "{refused}");
}

#[tokio::test]
async fn settings_of_an_organization_are_stored_and_validated() {
    let (_service, users) = tenancy().await;
    let (oa, m1) = (users.user("oA"), users.user("m1"));
    let path = format!("/organizations/{}", users.organization("A"));
    let values = json!({ "reports.language": "de", "reports.day": 1.5, "erp-sync": false });
    let set = |values: &Value| json!({ "settings": values });
    let changed = oa.patch(&path, &set(&values)).await.expect(200);
    assert_eq!(changed["settings"], values);
    assert_eq!(m1.get(&path).await.expect(200)["settings"], values);
    let own = m1.patch(&path, &set(&json!({}))).await;
    assert_eq!(own.problem(403), "field_forbidden");
    // Fields that are not named stay, and named ones replace all values.
    let renamed = oa.patch(&path, &json!({ "industry": "Banking" })).await;
    assert_eq!(renamed.expect(200)["settings"], values);
    for (wrong, pointer) in [
        (json!({ "a b": 1 }), "/settings/a b"),
        (json!({ "list": [1] }), "/settings/list"),
        (json!({ "none": null }), "/settings/none"),
        (json!({ "text": "x".repeat(501) }), "/settings/text"),
        (json!([]), "/settings"),
    ] {
        let refused = oa.patch(&path, &set(&wrong)).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        assert!(
            refused.text.contains(pointer),
            "{pointer}: {}",
            refused.text
        );
    }
    let many: Value = (0..65).map(|n| (format!("n{n}"), json!(n))).collect();
    let refused = oa.patch(&path, &set(&many)).await;
    assert_eq!(refused.problem(422), "too_many_fields");
    let emptied = oa.patch(&path, &set(&json!({}))).await.expect(200);
    assert_eq!(emptied["settings"], json!({}));
}

#[tokio::test]
async fn organization_is_created_read_and_changed() {
    let (_service, users) = tenancy().await;
    let sa = users.user("sa");
    let body = json!({
        "name": " Example Bank ", "domain": "Bank.Example", "description": "Lends.\nSaves.",
        "industry": "Banking", "size_category": "large",
    });
    let answer = sa.post("/organizations", &body).await;
    let made = answer.expect(201);
    redacted(|| {
        insta::assert_json_snapshot!(made, @r#"
        {
          "created_at": "[time]",
          "description": "Lends.\nSaves.",
          "domain": "bank.example",
          "hide_system_data": false,
          "id": "[id]",
          "industry": "Banking",
          "is_active": true,
          "join_policy": "closed",
          "max_users": null,
          "name": "Example Bank",
          "parent_id": null,
          "require_second_factor": false,
          "second_factor_approval": false,
          "settings": {},
          "size_category": "large",
          "updated_at": "[time]"
        }
        "#);
    });
    let path = format!("/organizations/{}", text(&made, "id"));
    assert_eq!(answer.header("location"), format!("/api/v1{path}"));
    let read = sa.get(&path).await;
    assert_eq!(read.header("etag"), answer.header("etag"));
    assert_eq!(read.expect(200), made);

    let changes = json!({ "name": "Other Bank", "domain": null, "max_users": 5 });
    let tagged = sa.with("If-Match", answer.header("etag"));
    let changed = tagged.patch(&path, &changes).await;
    let now = changed.expect(200);
    assert_eq!(
        (&now["name"], &now["domain"], &now["max_users"]),
        (&json!("Other Bank"), &Value::Null, &json!(5))
    );
    assert_eq!(now["industry"], "Banking", "what is not named stays");
    assert_eq!(tagged.patch(&path, &changes).await.problem(412), "stale");

    let id = text(&made, "id");
    let log = sa
        .get(&format!("/audit-logs?entity_id={id}"))
        .await
        .expect(200);
    assert_eq!(
        column(&log, "event_type"),
        ["organization.updated", "organization.created"]
    );
    let update = &log["data"][0];
    assert_eq!(update["old_values"]["name"], "Example Bank");
    assert_eq!(update["new_values"]["name"], "Other Bank");
    assert_eq!(update["organization_id"], id);
}

#[tokio::test]
async fn invalid_organization_reports_every_field() {
    let (_service, users) = tenancy().await;
    let sa = users.user("sa");
    let answer = sa
        .post("/organizations", &json!({ "name": "", "domain": "none" }))
        .await;
    let _ = answer.problem(422);
    assert_eq!(
        answer.faults(),
        ["/name required", "/domain invalid_domain"]
    );
    let answer = sa
        .post(
            "/organizations",
            &json!({ "name": "", "size_category": "huge", "role": "x" }),
        )
        .await;
    let mut faults = answer.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/name required",
            "/role unknown_field",
            "/size_category unknown_value"
        ]
    );
    let path = format!("/organizations/{}", users.organization("A"));
    let answer = sa
        .patch(&path, &json!({ "name": " ", "max_users": 0 }))
        .await;
    let _ = answer.problem(422);
    assert_eq!(
        answer.faults(),
        ["/name required", "/max_users out_of_range"]
    );
}

#[tokio::test]
async fn tenant_admin_creates_children_of_their_own_root_only() {
    let (_service, users) = tenancy().await;
    let of = |parent: &str| json!({ "name": "C", "parent_id": users.organization(parent) });
    let (tr, sa) = (users.user("tR"), users.user("sa"));
    let made = tr.post("/organizations", &of("R")).await.expect(201);
    assert_eq!(
        text(&made, "parent_id"),
        users.organization("R").to_string()
    );
    for (body, status, code) in [
        (json!({ "name": "C" }), 403, "role_forbidden"),
        (of("Z"), 403, "outside_scope"),
        (
            json!({ "name": "C", "parent_id": Uuid::from_u128(7) }),
            403,
            "outside_scope",
        ),
        (of("A"), 422, "not_a_root"),
    ] {
        assert_eq!(
            tr.post("/organizations", &body).await.problem(status),
            code,
            "{body}"
        );
    }
    assert_eq!(
        sa.post("/organizations", &of("A")).await.problem(422),
        "not_a_root"
    );
    let nowhere = json!({ "name": "C", "parent_id": Uuid::from_u128(7) });
    assert_eq!(
        sa.post("/organizations", &nowhere).await.problem(404),
        "not_found"
    );
}

#[tokio::test]
async fn repeated_request_creates_one_organization() {
    let (_service, users) = tenancy().await;
    let sa = users.user("sa").with("Idempotency-Key", "bank-1");
    let body = json!({ "name": "Bank" });
    let first = sa.post("/organizations", &body).await;
    let second = sa.post("/organizations", &body).await;
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(first.expect(201), second.expect(201));
    assert_eq!(
        sa.post("/organizations", &json!({ "name": "Other" }))
            .await
            .problem(422),
        "idempotency_mismatch"
    );
}

#[tokio::test]
async fn each_field_is_changed_only_by_permitted_roles() {
    let (_service, users) = tenancy().await;
    let path = format!("/organizations/{}", users.organization("A"));
    let root = users.organization("R");
    let fields = [
        (json!({ "name": "A" }), ["oA", "tR", "sa"].as_slice()),
        (json!({ "domain": "a.example" }), &["oA", "tR", "sa"]),
        (json!({ "join_policy": "token" }), &["oA", "tR", "sa"]),
        (json!({ "is_active": true }), &["tR", "sa"]),
        (json!({ "max_users": null }), &["tR", "sa"]),
        (json!({ "hide_system_data": false }), &["tR", "sa"]),
        (json!({ "parent_id": root }), &["sa"]),
    ];
    for (body, may) in fields {
        let field = body.as_object().expect("an object").keys().next().cloned();
        let field = field.expect("a field");
        for who in ["m1", "oA", "tR", "sa"] {
            let answer = users.user(who).patch(&path, &body).await;
            if may.contains(&who) {
                let _ = answer.expect(200);
            } else {
                let problem = answer.expect(403);
                assert_eq!(problem["code"], "field_forbidden");
                assert_eq!(
                    problem["detail"],
                    format!("your role cannot change {field}"),
                    "{who}"
                );
            }
        }
    }
    let several = json!({ "name": "A", "is_active": false, "max_users": 3 });
    let problem = users.user("oA").patch(&path, &several).await.expect(403);
    assert_eq!(
        problem["detail"],
        "your role cannot change is_active, max_users"
    );
    let now = users.user("oA").get(&path).await.expect(200);
    assert_eq!(now["is_active"], true, "nothing of it was changed");
}

#[tokio::test]
async fn domain_is_unique_among_organizations() {
    let (_service, users) = tenancy().await;
    let sa = users.user("sa");
    let body = json!({ "name": "One", "domain": "one.example" });
    let _ = sa.post("/organizations", &body).await.expect(201);
    let again = json!({ "name": "Two", "domain": "ONE.example" });
    assert_eq!(
        sa.post("/organizations", &again).await.problem(409),
        "domain_taken"
    );
    let path = format!("/organizations/{}", users.organization("A"));
    let taken = json!({ "domain": "one.example" });
    assert_eq!(
        users.user("oA").patch(&path, &taken).await.problem(409),
        "domain_taken"
    );
}

#[tokio::test]
async fn tenant_cannot_become_deeper_than_one_level() {
    let (_service, users) = tenancy().await;
    let sa = users.user("sa");
    let path = |name: &str| format!("/organizations/{}", users.organization(name));
    let under = |name: &str| json!({ "parent_id": users.organization(name) });
    for (child, parent, code) in [
        ("Z", "A", "not_a_root"),
        ("Z", "Z", "not_a_root"),
        ("R", "Z", "has_children"),
    ] {
        let answer = sa.patch(&path(child), &under(parent)).await;
        assert_eq!(answer.problem(422), code, "{child} under {parent}");
    }
    let _ = sa.patch(&path("Z"), &under("R")).await.expect(200);
    let tz = users.user("tZ").get("/me").await.expect(200);
    assert_eq!(
        (&tz["role"], &tz["effective_role"]),
        (&json!("tenant_admin"), &json!("org_admin")),
        "whose organization is no root administers it alone"
    );
    let tr = users.user("tR");
    let _ = tr.get(&path("Z")).await.expect(200);
    let _ = sa
        .patch(&path("Z"), &json!({ "parent_id": null }))
        .await
        .expect(200);
    assert_eq!(tr.get(&path("Z")).await.problem(404), "not_found");
}

#[tokio::test]
async fn list_contains_the_organizations_in_scope() {
    let (_service, users) = tenancy().await;
    let names = async |who: &str, query: &str| {
        let mut names: Vec<String> =
            all_rows(users.user(who), &format!("/organizations{query}"), 2)
                .await
                .iter()
                .map(|row| text(row, "name").to_owned())
                .collect();
        if !query.contains("sort") {
            names.sort();
        }
        names
    };
    assert_eq!(names("m1", "").await, ["A"]);
    assert_eq!(names("oA", "").await, ["A"]);
    assert_eq!(names("tR", "").await, ["A", "B", "R"]);
    assert_eq!(names("tZ", "").await, ["Z"]);
    assert_eq!(names("sa", "").await, ["A", "B", "R", "Z"]);
    assert_eq!(names("sa", "?sort=name").await, ["A", "B", "R", "Z"]);
    assert_eq!(names("tR", "?sort=created_at").await, ["B", "A", "R"]);
    let root = users.organization("R");
    assert_eq!(names("sa", &format!("?parent_id={root}")).await, ["A", "B"]);
    assert_eq!(names("sa", "?is_active=false").await, Vec::<String>::new());
    let u0 = users.user("u0").get("/organizations").await;
    assert_eq!(u0.problem(403), "role_forbidden");
    let oa = users
        .user("oA")
        .get(&format!("/organizations?parent_id={root}"))
        .await;
    assert_eq!(oa.problem(403), "outside_scope");
    let csv = users.user("tR").get_as("/organizations", "text/csv").await;
    assert_eq!(csv.text.lines().count(), 4, "{}", csv.text);
}

#[tokio::test]
async fn search_ranks_prefix_matches_first_within_the_scope() {
    let (_service, users) = tenancy().await;
    let sa = users.user("sa");
    for name in ["Nordic 100% Bank", "Bank of the North", "Insurance"] {
        let body = json!({ "name": name, "parent_id": users.organization("R") });
        let _ = sa.post("/organizations", &body).await.expect(201);
    }
    let found = sa.get("/organizations?q=bank").await.expect(200);
    assert_eq!(
        column(&found, "name"),
        ["Bank of the North", "Nordic 100% Bank"]
    );
    let found = sa.get("/organizations?q=100%25").await.expect(200);
    assert_eq!(column(&found, "name"), ["Nordic 100% Bank"]);
    let tz = users.user("tZ").get("/organizations?q=bank").await;
    assert!(column(&tz.expect(200), "name").is_empty());
}
