//! `DELETE /users/{id}?mode=anonymize`

use accunode_tests::{PASSWORD, Service, tenancy::Tenancy};
use serde_json::{Value, json};

use crate::support::ask;

#[tokio::test]
async fn anonymized_user_remains_only_in_the_audit_log_and_rows_stay() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (oa, tr) = (tenancy.user("oA"), tenancy.user("tR"));
    let pool = service.database.superuser().await;
    // The user accepts an invitation, is described, works, mistypes their password, and is invited
    // elsewhere.
    let invite = json!({ "email": "ada.lovelace@example.com", "role": "org_member" });
    let _ = oa.post("/users", &invite).await.expect(202);
    let _ = tenancy.user("tZ").post("/users", &invite).await.expect(202);
    let a = tenancy.organization("A");
    let listed = json!({ "email": "ada.lovelace@example.com" });
    let allowed = format!("/organizations/{a}/allowed-emails");
    let _ = oa.post(&allowed, &listed).await.expect(201);
    let ada = service
        .anonymous()
        .with("user-agent", "AdasBrowser/1")
        .register("ada.lovelace@example.com")
        .await;
    let role = json!({
        "role": "org_member", "organization_id": tenancy.organization("A"), "reason": "joins",
    });
    let path = format!("/users/{}", ada.id);
    let sa = tenancy.user("sa");
    let _ = sa.put(&format!("{path}/role"), &role).await.expect(200);
    let ada = service
        .anonymous()
        .with("user-agent", "AdasBrowser/1")
        .login(&ada.email)
        .await;
    let names = json!({ "first_name": "Augusta", "last_name": "Lovelace", "phone": "+44 1815" });
    let _ = oa.patch(&path, &names).await.expect(200);
    let wrong = json!({ "email": ada.email, "password": "not this one" });
    let _ = service
        .anonymous()
        .post("/auth/login", &wrong)
        .await
        .expect(401);
    let body = json!({ "symbol": "ACME", "access_level": "organization" });
    let made = ada.post("/companies", &body).await.expect(201);

    let personal = "SELECT string_agg(t::text, E'\\n') FROM ( \
         SELECT u::text AS t FROM users u \
         UNION ALL SELECT i::text FROM invitations i UNION ALL SELECT k::text FROM api_keys k \
         UNION ALL SELECT a::text FROM allowed_emails a UNION ALL SELECT d::text FROM idempotency_keys d) x";
    let before: String = ask(&pool, personal).await;
    for trace in ["ada.lovelace", "Augusta", "Lovelace", "+44 1815"] {
        assert!(before.contains(trace), "{trace}");
    }
    let count = "SELECT count(*) FROM audit_logs";
    let events: i64 = ask(&pool, count).await;

    assert_eq!(
        oa.delete(&format!("{path}?mode=anonymize"))
            .await
            .problem(403),
        "role_forbidden"
    );
    let _ = tr
        .delete(&format!("{path}?mode=anonymize&reason=asked%20for%20it"))
        .await
        .expect(204);

    let after: String = ask(&pool, personal).await;
    for trace in ["ada.lovelace", "Augusta", "Lovelace", "+44 1815"] {
        let found: Vec<&str> = after.lines().filter(|line| line.contains(trace)).collect();
        assert!(found.is_empty(), "{trace} is left in {found:#?}");
    }
    // The log still contains who did what, and from where: the refusal and the removal were
    // recorded, too.
    assert_eq!(ask::<i64>(&pool, count).await, events + 2);
    let hers: i64 = ask(
        &pool,
        "SELECT count(*) FROM audit_logs \
         WHERE actor_email = 'ada.lovelace@example.com' AND user_agent = 'AdasBrowser/1'",
    )
    .await;
    assert!(hers >= 3, "{hers}");

    assert_eq!(ada.get("/me").await.problem(401), "invalid_token");
    for email in [
        "ada.lovelace@example.com",
        &format!("{}@anonymized.invalid", ada.id),
    ] {
        let login = json!({ "email": email, "password": PASSWORD });
        let answer = service.anonymous().post("/auth/login", &login).await;
        assert_eq!(answer.problem(401), "invalid_credentials");
    }
    let company = format!("/companies/{}", made["id"].as_str().expect("an id"));
    let kept = oa.get(&company).await.expect(200);
    assert_eq!(kept["created_by"], ada.id.to_string());
    let event: Value = ask(
        &pool,
        "SELECT jsonb_build_array(action, old_values, new_values, metadata->'reason', actor_email) \
         FROM audit_logs WHERE event_type = 'user.anonymized'",
    )
    .await;
    assert_eq!(
        event,
        json!([
            "DELETE", { "role": "org_member", "organization_id": tenancy.organization("A") }, null,
            "asked for it", "tr@example.com",
        ])
    );
    // The address can be used by another user.
    let other = service
        .anonymous()
        .register("ada.lovelace@example.com")
        .await;
    assert_ne!(other.id, ada.id);
}

#[tokio::test]
async fn audit_log_cannot_be_rewritten_even_by_its_owner() {
    let service = Service::start().await;
    let _ = service.user("ana").await;
    let mut server = service.database.server_role().await;
    let rewrite = "UPDATE audit_logs SET actor_email = NULL";
    let refused = sqlx::raw_sql(rewrite).execute(&mut server).await;
    let error = refused.expect_err("refused").into_database_error();
    assert_eq!(error.expect("a refusal").code().as_deref(), Some("42501"));
    let pool = service.database.superuser().await;
    for change in ["action = 'READ'", "actor_email = NULL", "ip_address = NULL"] {
        let sql = format!("UPDATE audit_logs SET {change}");
        let error = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&pool).await;
        assert!(error.is_err(), "{change}");
    }
}
