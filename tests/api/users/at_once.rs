//! Concurrent changes of users' rights by each other.

use accunode_tests::{PASSWORD, Service, TestUser, tenancy::Tenancy};
use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{ask, run};

/// The number of super_admins in addition to the tenancy's, and of members of A.
const MANY: usize = 7;
const REQUESTS: usize = 200;

/// Creates another user with the common password.
async fn more(service: &Service, pool: &PgPool, name: &str, like: &str) -> TestUser {
    run(
        pool,
        &format!(
            "INSERT INTO users (email, password_hash, role, organization_id, is_verified) \
             SELECT '{name}@example.com', password_hash, role, organization_id, true \
             FROM users WHERE email = '{like}@example.com'"
        ),
    )
    .await;
    service
        .anonymous()
        .login(&format!("{name}@example.com"))
        .await
}

/// Sends one of the requests that remove rights, or change the role of members.
async fn ask_for(by: &TestUser, of: &TestUser, n: usize) -> (u16, String, String) {
    let path = format!("/users/{}", of.id);
    let role = |role: &str| json!({ "role": role, "reason": "all at once" });
    let answer = match n % 4 {
        0 => by.patch(&path, &json!({ "is_active": false })).await,
        1 => by.put(&format!("{path}/role"), &role("user")).await,
        2 if of.email.starts_with("member") => {
            by.put(&format!("{path}/role"), &role("org_admin")).await
        }
        2 => by.delete(&format!("{path}?mode=anonymize")).await,
        _ => by.put(&format!("{path}/role"), &role("user")).await,
    };
    let status = answer.status.as_u16();
    let code = if status >= 400 {
        answer.problem(status)
    } else {
        String::new()
    };
    (status, code, answer.text)
}

/// Returns whether the response is an expected one; above all none is a failure.
fn is_expected(status: u16, code: &str) -> bool {
    match status {
        200 | 204 => true,
        // The caller has lost their account, or their session with a role, meanwhile.
        401 => ["invalid_token", "inactive"].contains(&code),
        // They have lost the role that permitted the request, or may not see other users any
        // more.
        403 => ["rank_too_low", "role_not_assignable", "role_forbidden"].contains(&code),
        404 => code == "not_found",
        409 => code == "last_super_admin",
        // A user who is not a member any more has no organization to be an org_admin of.
        422 => code == "organization_required",
        _ => false,
    }
}

#[tokio::test]
async fn two_hundred_concurrent_role_changes_are_consistent() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let pool = service.database.superuser().await;
    let mut chiefs = vec![tenancy.user("sa").clone()];
    let mut members = Vec::new();
    for n in 0..MANY {
        chiefs.push(more(&service, &pool, &format!("chief{n}"), "sa").await);
        members.push(more(&service, &pool, &format!("member{n}"), "m1").await);
    }
    let everyone: Vec<&TestUser> = chiefs.iter().chain(&members).collect();

    let requests = (0..REQUESTS).map(|n| {
        let by = &chiefs[n % chiefs.len()];
        // Every user sends a request about every other, never about themselves.
        let others: Vec<&&TestUser> = everyone.iter().filter(|p| p.id != by.id).collect();
        let of = others[(n / chiefs.len()) % others.len()];
        async move { ask_for(by, of, n / 3).await }
    });
    let answers = join_all(requests).await;
    let wrong: Vec<_> = answers
        .iter()
        .filter(|(status, code, _)| !is_expected(*status, code))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let done = answers.iter().filter(|(status, ..)| *status < 300).count();
    assert!(done >= 10, "only {done} were carried out");

    let remaining: i64 = ask(
        &pool,
        "SELECT count(*) FROM users WHERE role = 'super_admin' AND is_active",
    )
    .await;
    assert!(remaining >= 1);
    for user in &everyone {
        check(&service, &pool, user).await;
    }
    // There are as many events as changes: no change without an event, and no event without a
    // change.
    let changes: i64 = ask(&pool, "SELECT sum(row_version - 1)::bigint FROM users").await;
    let events: i64 = ask(
        &pool,
        "SELECT count(*) FROM audit_logs WHERE event_type IN \
         ('user.role_changed', 'user.deactivated', 'user.anonymized')",
    )
    .await;
    assert_eq!(changes, events);
}

/// Checks what is left of a user's session.
async fn check(service: &Service, pool: &PgPool, user: &TestUser) {
    let is: Value = ask(
        pool,
        &format!(
            "SELECT jsonb_build_object('version', row_version, 'active', is_active, 'role', role) \
             FROM users WHERE id = '{}'",
            user.id
        ),
    )
    .await;
    let me = user.get("/me").await;
    if is["version"] == 1 {
        assert_eq!(me.expect(200)["role"], is["role"], "{}", user.email);
        return;
    }
    // Whatever was changed, the previous session is invalid.
    assert_eq!(me.status.as_u16(), 401, "{}: {is}: {}", user.email, me.text);
    let login = json!({ "email": user.email, "password": PASSWORD });
    let again = service.anonymous().post("/auth/login", &login).await;
    if is["active"] == false {
        assert_eq!(again.problem(401), "invalid_credentials", "{}", user.email);
        return;
    }
    let now = service.anonymous().login(&user.email).await;
    let own = now.get("/me").await.expect(200);
    assert_eq!(own["role"], is["role"]);
    let status = now.get("/users").await.status.as_u16();
    let expected = if is["role"] == "user" { 403 } else { 200 };
    assert_eq!(status, expected, "{}: {is}", user.email);
}

#[tokio::test]
async fn two_super_admins_who_demote_each_other_leave_one() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let pool = service.database.superuser().await;
    let one = tenancy.user("sa").clone();
    for round in 0..5 {
        let two = more(&service, &pool, &format!("rival{round}"), "sa").await;
        run(
            &pool,
            "UPDATE users SET role = 'super_admin', organization_id = NULL, is_active = true \
             WHERE email = 'sa@example.com'; \
             UPDATE users SET is_active = false WHERE role = 'super_admin' \
             AND email NOT IN ('sa@example.com')",
        )
        .await;
        run(
            &pool,
            &format!("UPDATE users SET is_active = true WHERE id = '{}'", two.id),
        )
        .await;
        let one = service.anonymous().login(&one.email).await;
        let two = service.anonymous().login(&two.email).await;
        let leave = json!({ "role": "user", "reason": "a duel" });
        let (first, second) = (
            format!("/users/{}/role", two.id),
            format!("/users/{}/role", one.id),
        );
        let (a, b) = tokio::join!(one.put(&first, &leave), two.put(&second, &leave));
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200, "{} {}", a.text, b.text);
        // The loser had lost their role, or their session, before their request was carried out.
        assert!(
            [401, 403, 404].contains(&statuses[1]),
            "{} {}",
            a.text,
            b.text
        );
        let left: i64 = ask(
            &pool,
            "SELECT count(*) FROM users WHERE role = 'super_admin' AND is_active",
        )
        .await;
        assert_eq!(left, 1);
    }
}
