//! The complete table of scopes and operations: every operation with a key of each scope.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{SCOPES, calls, code, lines, send};
use crate::{
    access::{coverage, setup::Setup},
    support::{ask, file_of, prediction, quarterly, text},
};

async fn key(setup: &Setup, owner: &str, scopes: &[&str]) -> accunode_tests::TestUser {
    let user = setup.users.user(owner);
    let wanted = json!({ "name": "nightly", "scopes": scopes });
    let made = user.post("/api-keys", &wanted).await.expect(201);
    user.with_token(made["secret"].as_str().expect("a secret"))
}

#[tokio::test]
async fn operations_answer_keys_of_each_scope_as_in_the_table() {
    let setup = Setup::start().await;
    let lines = lines(&setup.service).await;
    let known: BTreeSet<coverage::Operation> = lines
        .iter()
        .map(|line| (line.method.clone(), line.path.clone()))
        .collect();
    let mut keys = Vec::new();
    for scope in SCOPES {
        keys.push(key(&setup, "sa", &[scope]).await);
    }
    let every = key(&setup, "sa", &SCOPES).await;
    let (mut wrong, mut cells) = (Vec::new(), 0);
    for line in lines.iter().filter(|line| !line.is_public) {
        let mut columns: Vec<_> = keys.iter().zip(&line.keys).zip(SCOPES).collect();
        // No single scope may be sufficient, but all of them together.
        let forbidden = line.keys.iter().find(|cell| *cell == "key_forbidden");
        let whole = forbidden.map_or("allowed", String::as_str).to_owned();
        columns.push(((&every, &whole), "every scope"));
        for ((holder, expected), scope) in columns {
            cells += 1;
            let answer = match expected.as_str() {
                "key_forbidden" | "key_scope" => {
                    send(holder, &line.method, &line.filled(), None).await
                }
                _ => calls::good(&setup, &known, line).await.send(holder).await,
            };
            let got = code(&answer);
            let right = match expected.as_str() {
                "allowed" => answer.status.is_success(),
                refused => got == format!("403 {refused}"),
            };
            if !right {
                wrong.push(format!(
                    "{} with {scope}: expected {expected}, got {got}",
                    line.name()
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {cells} cells: {wrong:#?}",
        wrong.len()
    );
    assert!(cells > 7 * 70, "only {cells} cells");
}

#[tokio::test]
async fn keys_cannot_change_membership_or_sign_in_requirements() {
    let setup = Setup::start().await;
    let a = setup.users.organization("A");
    let organization = format!("/organizations/{a}");
    let m2 = setup.users.user("m2").id;
    let (nothing, nothing_there) = (Value::Null, uuid::Uuid::nil());
    for owner in ["oA", "tR", "sa"] {
        let holder = key(&setup, owner, &SCOPES).await;
        let invitation =
            json!({ "email": "new@example.com", "role": "org_member", "organization_id": a });
        let role = json!({ "role": "org_admin", "organization_id": a, "reason": "a test" });
        let everyone = |mut body: Value| {
            body["access_level"] = "system".into();
            body
        };
        let rows = [
            (
                "/companies",
                json!({ "symbol": "EVERY", "name": "E", "sector": "Energy" }),
            ),
            ("/predictions/annual", prediction("EVERY", "2024")),
            ("/predictions/quarterly", quarterly("EVERY", "2024", "Q1")),
            ("/rescorings", json!({ "kind": "annual" })),
        ];
        for (path, body) in rows {
            let answer = holder.post(path, &everyone(body)).await;
            assert_eq!(code(&answer), "403 key_forbidden", "{owner}: {path}");
        }
        // A batch is refused completely, not stored in part.
        let items = json!({ "items": [
            prediction("OWN", "2024"), everyone(prediction("EVERY", "2024")),
        ] });
        let batch = holder.post("/predictions/annual/batch", &items).await;
        assert_eq!(code(&batch), "403 key_forbidden", "{owner}: a batch");
        let fields = [("job_type", "annual"), ("access_level", "system")];
        let upload = holder.upload(("a.csv", file_of(["EVERY"])), &fields).await;
        assert_eq!(code(&upload), "403 key_forbidden", "{owner}: an upload");
        let requests = [
            ("patch", organization.clone(), json!({ "name": "B" })),
            (
                "patch",
                organization.clone(),
                json!({ "domain": "b.example" }),
            ),
            (
                "patch",
                organization.clone(),
                json!({ "industry": "Banking" }),
            ),
            (
                "patch",
                format!("/users/{m2}"),
                json!({ "first_name": "Bea" }),
            ),
            ("patch", format!("/users/{m2}"), json!({ "phone": "+49 1" })),
            ("patch", "/me".to_owned(), json!({ "first_name": "Bea" })),
            (
                "patch",
                organization.clone(),
                json!({ "join_policy": "token" }),
            ),
            (
                "patch",
                organization.clone(),
                json!({ "name": "A", "is_active": false }),
            ),
            (
                "patch",
                organization.clone(),
                json!({ "require_second_factor": false }),
            ),
            (
                "patch",
                organization.clone(),
                json!({ "second_factor_approval": false }),
            ),
            (
                "patch",
                organization.clone(),
                json!({ "hide_system_data": false }),
            ),
            ("patch", organization.clone(), json!({ "max_users": null })),
            ("patch", organization.clone(), json!({ "parent_id": null })),
            ("put", format!("{organization}/join-token"), nothing.clone()),
            (
                "delete",
                format!("{organization}/join-token"),
                nothing.clone(),
            ),
            (
                "post",
                format!("{organization}/allowed-emails"),
                json!({ "email": "a@example.com" }),
            ),
            (
                "delete",
                format!("{organization}/allowed-emails/a@example.com"),
                nothing.clone(),
            ),
            (
                "delete",
                format!("{organization}?force=true"),
                nothing.clone(),
            ),
            (
                "post",
                "/organizations".to_owned(),
                json!({ "name": "N", "admin_email": "a@example.com" }),
            ),
            ("post", "/users".to_owned(), invitation),
            ("put", format!("/users/{m2}/role"), role),
            (
                "patch",
                format!("/users/{m2}"),
                json!({ "is_active": false }),
            ),
            ("delete", format!("/users/{m2}"), nothing.clone()),
            ("delete", format!("/users/{m2}/mfa"), nothing.clone()),
            ("delete", format!("/users/{m2}/sessions"), nothing.clone()),
            (
                "post",
                format!("/users/{m2}/password-reset"),
                nothing.clone(),
            ),
            (
                "patch",
                format!("/companies/{nothing_there}"),
                json!({ "access_level": "system" }),
            ),
            (
                "patch",
                format!("/predictions/annual/{nothing_there}"),
                json!({ "access_level": "system" }),
            ),
            ("get", "/me/export".to_owned(), nothing.clone()),
        ];
        for (method, path, body) in requests {
            let body = Some(&body).filter(|body| !body.is_null());
            let answer = send(&holder, method, &path, body).await;
            assert_eq!(
                code(&answer),
                "403 key_forbidden",
                "{owner}: {method} {path} {body:?}"
            );
        }
        // Only reading is left.
        let _ = holder
            .get(&format!("{organization}/stats"))
            .await
            .expect(200);
    }
    let _ = setup.users.user("m2").get("/companies").await.expect(200);
    // An upload that a user made for the system can only be continued by a user.
    let sa = setup.users.user("sa");
    let fields = [("job_type", "annual"), ("access_level", "system")];
    let job = sa
        .upload(("a.csv", file_of(["EVERY"])), &fields)
        .await
        .expect(202);
    let retry = format!("/bulk-uploads/{}/retry", text(&job, "id"));
    let holder = key(&setup, "sa", &SCOPES).await;
    let answer = send(&holder, "post", &retry, None).await;
    assert_eq!(code(&answer), "403 key_forbidden");
    let rows: i64 = ask(
        &setup.pool,
        "SELECT (SELECT count(*) FROM companies WHERE symbol IN ('EVERY', 'OWN')) \
           + (SELECT count(*) FROM annual_predictions)",
    )
    .await;
    assert_eq!(rows, 0, "a key made rows of everyone's");
}
