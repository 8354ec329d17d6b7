//! `GET /me/export`, `DELETE /me`

use accunode_tests::{PASSWORD, Service, tenancy::Tenancy};
use serde_json::{Value, json};

use crate::support::{ask, file_of, prediction, quarterly, submit, text, with};

#[tokio::test]
async fn personal_export_contains_all_own_data_and_no_other() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (m1, m2, oa) = (tenancy.user("m1"), tenancy.user("m2"), tenancy.user("oA"));
    for (user, prefix) in [(m1, "MINE"), (m2, "THEIRS")] {
        let personal = json!({ "access_level": "personal" });
        let shared = json!({ "access_level": "organization" });
        for (suffix, level) in [("P", &personal), ("O", &shared)] {
            let symbol = format!("{prefix}{suffix}");
            let body = with(prediction(&symbol, "2024"), level.clone());
            let _ = user.post("/predictions/annual", &body).await.expect(201);
        }
        let body = with(
            quarterly(&format!("{prefix}Q"), "2024", "Q1"),
            personal.clone(),
        );
        let _ = user.post("/predictions/quarterly", &body).await.expect(201);
        let job = submit(
            user,
            "a.csv",
            file_of([format!("{prefix}F")]),
            &[("access_level", "personal")],
        )
        .await;
        let _ = service.finished(user, &job).await;
    }
    let invite = json!({ "email": "new@example.com", "role": "org_member" });
    let _ = oa.post("/users", &invite).await.expect(202);

    let answer = m1.get("/me/export").await;
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"accunode-export.json\""
    );
    let own = answer.expect(200);
    assert_eq!(own["account"]["email"], "m1@example.com");
    assert_eq!(own["organization"]["name"], "A");
    assert_eq!(own["sessions"][0]["current"], true);
    let symbols = |kind: &str, field: &str| {
        let rows = own[kind].as_array().expect("rows");
        let mut all: Vec<String> = rows.iter().map(|row| text(row, field).to_owned()).collect();
        all.sort();
        all
    };
    assert_eq!(
        symbols("companies", "symbol"),
        ["MINEF", "MINEO", "MINEP", "MINEQ"]
    );
    assert_eq!(
        symbols("annual_predictions", "company_symbol"),
        ["MINEF", "MINEO", "MINEP"]
    );
    assert_eq!(
        symbols("quarterly_predictions", "company_symbol"),
        ["MINEQ"]
    );
    assert_eq!(symbols("bulk_uploads", "original_filename"), ["a.csv"]);
    assert!(symbols("audit_events", "event_type").contains(&"prediction.created".to_owned()));
    assert_eq!(own["invitations"], json!([]));
    assert!(!answer.text.contains("THEIRS"), "{}", answer.text);
    for secret in [
        "argon2",
        "token_hash",
        "secret_hash",
        "password",
        "lease_token",
    ] {
        assert!(!answer.text.contains(secret), "{secret}");
    }
    let admins = oa.get("/me/export").await.expect(200);
    assert_eq!(admins["invitations"][0]["email"], "new@example.com");
    assert_eq!(admins["companies"], json!([]));

    let pool = service.database.superuser().await;
    let event_count: i64 = ask(
        &pool,
        &format!("SELECT count(*) FROM audit_logs WHERE action = 'EXPORT' AND event_type = 'user.exported' AND user_id = '{}'", m1.id),
    )
    .await;
    assert_eq!(event_count, 1);
}

#[tokio::test]
async fn personal_export_over_one_page_is_complete() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let symbols: Vec<String> = (0..1_203).map(|n| format!("S{n}")).collect();
    let job = submit(&ana, "many.csv", file_of(&symbols), &[]).await;
    let _ = service.finished(&ana, &job).await;
    let own = ana.get("/me/export").await.expect(200);
    for kind in ["companies", "annual_predictions"] {
        let rows = own[kind].as_array().expect("rows");
        let mut ids: Vec<&str> = rows.iter().map(|row| text(row, "id")).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 1_203, "{kind}");
    }
}

#[tokio::test]
async fn user_deletion_removes_personal_rows_and_keeps_shared_ones() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (m1, m2) = (tenancy.user("m1"), tenancy.user("m2"));
    let pool = service.database.superuser().await;
    let shared = json!({ "symbol": "SHARED", "access_level": "organization" });
    let shared = m1.post("/companies", &shared).await.expect(201);
    let body = with(
        prediction("OWN", "2024"),
        json!({ "access_level": "personal" }),
    );
    let _ = m1.post("/predictions/annual", &body).await.expect(201);
    // A personal prediction on a shared company is their own; the company is not.
    let on_shared = with(
        prediction("SHARED", "2024"),
        json!({ "company": null, "company_id": shared["id"], "access_level": "personal" }),
    );
    let _ = m1.post("/predictions/annual", &on_shared).await.expect(201);
    let job = submit(
        m1,
        "a.csv",
        file_of(["FILE"]),
        &[("access_level", "personal")],
    )
    .await;
    let _ = service.finished(m1, &job).await;
    let kept = service.folder().join("files");
    let files = || walk(&kept);
    assert_eq!(files().len(), 1, "{:?}", files());

    let etag = m1.get("/me").await.header("etag").to_owned();
    let stale = m1.with("if-match", "\"99\"");
    assert_eq!(stale.delete("/me").await.problem(412), "stale");
    let elsewhere = service.anonymous().login(&m1.email).await;
    let _ = m1.with("if-match", &etag).delete("/me").await.expect(204);

    for user in [m1, &elsewhere] {
        assert_eq!(user.get("/me").await.problem(401), "invalid_token");
    }
    let left: Value = ask(
        &pool,
        &format!(
            "SELECT jsonb_build_array( \
               (SELECT jsonb_agg(symbol) FROM companies WHERE created_by = '{0}'), \
               (SELECT count(*) FROM annual_predictions WHERE created_by = '{0}'), \
               (SELECT count(*) FROM bulk_upload_jobs WHERE created_by = '{0}'), \
               (SELECT jsonb_build_array(email, role, organization_id, is_active) FROM users WHERE id = '{0}'))",
            m1.id
        ),
    )
    .await;
    let stand_in = format!("{}@anonymized.invalid", m1.id);
    assert_eq!(
        left,
        json!([["SHARED"], 0, 0, [stand_in, "user", null, false]])
    );
    assert!(files().is_empty(), "{:?}", files());
    let path = format!("/companies/{}", text(&shared, "id"));
    assert_eq!(
        m2.get(&path).await.expect(200)["created_by"],
        m1.id.to_string()
    );
    let event: Value = ask(
        &pool,
        "SELECT jsonb_build_array(action, actor_email, host(ip_address), metadata) FROM audit_logs \
         WHERE event_type = 'user.anonymized'",
    )
    .await;
    assert_eq!(
        event,
        json!([
            "DELETE", "m1@example.com", "127.0.0.1",
            { "by": "user", "companies_deleted": 2, "predictions_deleted": 3, "outcomes_deleted": 0,
              "uploads_deleted": 1 },
        ])
    );
    let login = json!({ "email": m1.email, "password": PASSWORD });
    let answer = service.anonymous().post("/auth/login", &login).await;
    assert_eq!(answer.problem(401), "invalid_credentials");
}

/// Returns every file below a folder.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() {
                walk(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[tokio::test]
async fn the_last_super_admin_cannot_end_their_account() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let sa = tenancy.user("sa");
    let _ = sa
        .post("/companies", &json!({ "symbol": "MINE" }))
        .await
        .expect(201);
    assert_eq!(sa.delete("/me").await.problem(409), "last_super_admin");
    let page = sa.get("/companies").await.expect(200);
    assert_eq!(page["data"][0]["symbol"], "MINE", "nothing of it was done");
}

#[tokio::test]
async fn irreversible_operations_need_a_recent_proof() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    service.age_sessions(&ana, 16 * 60).await;
    assert_eq!(ana.delete("/me").await.problem(401), "step_up_required");
    let role = json!({ "role": "user", "reason": "leaves" });
    let path = format!("/users/{}/role", ana.id);
    assert_eq!(ana.put(&path, &role).await.problem(401), "step_up_required");
    let ana = ana.step_up(&json!({ "password": PASSWORD })).await;
    let _ = ana.delete("/me").await.expect(204);
}
