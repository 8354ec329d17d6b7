//! The effect of a change of an organization on users who are signed in: it applies to
//! their next request.

use serde_json::json;

use super::tenancy;
use crate::support::{column, prediction_on, text};

#[tokio::test]
async fn members_of_an_inactive_organization_read_only_their_own_profile() {
    let (_service, users) = tenancy().await;
    let (tr, oa, m1) = (users.user("tR"), users.user("oA"), users.user("m1"));
    let a = users.organization("A");
    let path = format!("/organizations/{a}");
    let company = m1
        .post("/companies", &json!({ "symbol": "ACME" }))
        .await
        .expect(201);
    let _ = tr
        .patch(&path, &json!({ "is_active": false }))
        .await
        .expect(200);
    let document = tr.get("//openapi.json").await.expect(200);
    let reads: Vec<String> = document["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .filter(|(path, item)| {
            path.starts_with("/api/v1/") && item.get("get").is_some() && !path.contains('{')
        })
        .map(|(path, _)| path["/api/v1".len()..].to_owned())
        .collect();
    assert!(reads.len() >= 10, "{reads:?}");
    for user in [m1, oa] {
        for read in &reads {
            let answer = user.get(read).await;
            if read == "/me" {
                let _ = answer.expect(200);
            } else {
                assert_eq!(answer.problem(403), "organization_inactive", "{read}");
            }
        }
        let changed = user.patch(&path, &json!({ "is_active": true })).await;
        assert_eq!(changed.problem(403), "organization_inactive");
    }
    let _ = tr
        .get(&format!("/companies/{}", text(&company, "id")))
        .await
        .expect(200);
    assert_eq!(
        m1.get("/me").await.expect(200)["organization"]["is_active"],
        false
    );
    let _ = oa.post_nothing("/auth/logout").await.expect(204);
    // And back again.
    let _ = tr
        .patch(&path, &json!({ "is_active": true }))
        .await
        .expect(200);
    let _ = m1.get("/companies").await.expect(200);
}

#[tokio::test]
async fn system_rows_are_hidden_from_members_where_the_organization_hides_them() {
    let (_service, users) = tenancy().await;
    let (tr, m1, sa) = (users.user("tR"), users.user("m1"), users.user("sa"));
    let company = sa
        .post(
            "/companies",
            &json!({ "symbol": "EVERY", "access_level": "system" }),
        )
        .await
        .expect(201);
    let company = text(&company, "id");
    let kept = m1
        .post(
            "/predictions/annual",
            &prediction_on("annual", company, "2024"),
        )
        .await
        .expect(201);
    let path = format!("/organizations/{}", users.organization("A"));
    let hide = async |hidden: bool| {
        let _ = tr
            .patch(&path, &json!({ "hide_system_data": hidden }))
            .await
            .expect(200);
    };
    hide(true).await;
    let seen = async || {
        let one = m1.get(&format!("/companies/{company}")).await.status;
        let list = m1.get("/companies?limit=100").await.expect(200);
        let found = m1.get("/companies?q=EVERY").await.expect(200);
        (
            one.as_u16(),
            column(&list, "symbol").len(),
            column(&found, "symbol").len(),
        )
    };
    assert_eq!(seen().await, (404, 0, 0));
    let still = m1
        .get(&format!("/predictions/annual/{}", text(&kept, "id")))
        .await
        .expect(200);
    assert_eq!(
        still["company_symbol"], "EVERY",
        "what is readable stays readable whole"
    );
    let _ = tr.get(&format!("/companies/{company}")).await.expect(200);
    hide(false).await;
    assert_eq!(seen().await, (200, 1, 1));
}

#[tokio::test]
async fn new_child_is_immediately_in_scope_of_its_tenant_admin_only() {
    let (_service, users) = tenancy().await;
    let (tr, sa) = (users.user("tR"), users.user("sa"));
    let body = json!({ "name": "C", "parent_id": users.organization("R") });
    let made = sa.post("/organizations", &body).await.expect(201);
    let c = text(&made, "id");
    let company = tr
        .post(
            "/companies",
            &json!({ "symbol": "CHILD", "organization_id": c }),
        )
        .await
        .expect(201);
    let path = format!("/companies/{}", text(&company, "id"));
    assert_eq!(
        tr.get("/organizations?sort=name").await.expect(200)["data"][2]["name"],
        "C"
    );
    for who in ["m1", "oA", "mB", "tZ"] {
        assert_eq!(users.user(who).get(&path).await.problem(404), "not_found");
    }
}

#[tokio::test]
async fn organization_statistics_count_only_its_own_rows() {
    let (_service, users) = tenancy().await;
    let (m1, oa) = (users.user("m1"), users.user("oA"));
    let path = format!("/organizations/{}/stats", users.organization("A"));
    for (symbol, level) in [("A1", "organization"), ("A2", "personal")] {
        let company = m1
            .post(
                "/companies",
                &json!({ "symbol": symbol, "access_level": level }),
            )
            .await
            .expect(201);
        for kind in ["annual", "quarterly"] {
            let mut body = prediction_on(kind, text(&company, "id"), "2024");
            body["access_level"] = level.into();
            let _ = m1
                .post(&format!("/predictions/{kind}"), &body)
                .await
                .expect(201);
        }
    }
    let expected = json!({
        "users": 3, "active_users": 3, "companies": 1,
        "predictions": { "annual": 1, "quarterly": 1 },
        "jobs": 0, "open_jobs": 0, "children": 0,
    });
    for user in [oa, users.user("tR"), users.user("sa")] {
        assert_eq!(user.get(&path).await.expect(200), expected);
    }
    assert_eq!(m1.get(&path).await.problem(403), "field_forbidden");
    assert_eq!(users.user("mB").get(&path).await.problem(404), "not_found");
}
