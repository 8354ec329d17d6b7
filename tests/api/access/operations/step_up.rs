//! A session whose proof is old must renew it exactly where the table requires it.

use std::collections::BTreeSet;

use accunode_tests::{PASSWORD, Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};

use super::{Line, code, lines, send};
use crate::support::{
    ask, definition_of, file_of, outcome_on, prediction, quarterly, scale_of, submit, text,
};

const ASKED: &str = "401 step_up_required";

/// The conditions of the table, as requests: with the condition, and without it.
fn conditions(
    tenancy: &Tenancy,
    session: &str,
    uploads: [&str; 2],
) -> Vec<(&'static str, String, Value, bool)> {
    let user = format!("/users/{}", tenancy.user("m2").id);
    let organization = format!("/organizations/{}", tenancy.organization("A"));
    let mut all = vec![
        ("patch", user.clone(), json!({ "is_active": false }), true),
        (
            "patch",
            user.clone(),
            json!({ "is_active": true, "first_name": "Ana" }),
            true,
        ),
        (
            "patch",
            user,
            json!({ "first_name": "Ana", "last_name": "B", "phone": "+49 1" }),
            false,
        ),
        (
            "delete",
            format!("/me/sessions/{session}"),
            Value::Null,
            true,
        ),
        (
            "post",
            "/auth/accept-invitation".to_owned(),
            json!({ "token": "inv_none" }),
            true,
        ),
    ];
    let nil = uuid::Uuid::nil();
    for row in [
        "/companies",
        "/predictions/annual",
        "/predictions/quarterly",
    ] {
        let body = |level: &str| json!({ "access_level": level });
        all.push(("patch", format!("{row}/{nil}"), body("system"), true));
        all.push(("patch", format!("{row}/{nil}"), body("organization"), false));
        all.push(("patch", format!("{row}/{nil}"), json!({}), false));
    }
    for (level, needed) in [("system", true), ("personal", false)] {
        let with = |mut body: Value| {
            body["access_level"] = level.into();
            body
        };
        let symbol = if needed { "EVERY" } else { "OWN" };
        let company = json!({ "symbol": symbol, "name": "A", "sector": "Energy" });
        let annual = prediction(symbol, "2024");
        let rows = [
            ("/companies", with(company)),
            ("/predictions/annual", with(annual.clone())),
            (
                "/predictions/quarterly",
                with(quarterly(symbol, "2024", "Q1")),
            ),
            (
                "/predictions/annual/batch",
                json!({ "items": [prediction("FIRST", "2024"), with(annual)] }),
            ),
            ("/rescorings", with(json!({ "kind": "annual" }))),
            ("/outcomes", with(outcome_on(&nil.to_string()))),
            (
                "/validations",
                with(json!({ "kind": "annual", "d0": "2020-12-31" })),
            ),
            (
                "/rating-scales",
                with(Value::Object(scale_of("every").into_iter().collect())),
            ),
            (
                "/default-definitions",
                with(Value::Object(
                    definition_of(level, "every").into_iter().collect(),
                )),
            ),
            (
                "/outcomes/batch",
                json!({ "items": [with(outcome_on(&nil.to_string()))] }),
            ),
            // Sent as a form.
            ("/bulk-uploads", with(json!({ "job_type": "annual" }))),
        ];
        all.extend(rows.map(|(path, body)| ("post", path.to_owned(), body, needed)));
        let days = json!({ "complete_from": "2020-01-01", "complete_through": "2024-12-31" });
        let coverage = "/outcome-coverage/crr_178@1".to_owned();
        all.push(("put", coverage, with(days), needed));
        let [everyones, own] = uploads;
        let job = if needed { everyones } else { own };
        let retry = format!("/bulk-uploads/{job}/retry");
        all.push(("post", retry, Value::Null, needed));
    }
    for (field, value) in [
        ("join_policy", json!("token")),
        ("is_active", json!(true)),
        ("max_users", json!(7)),
        ("hide_system_data", json!(true)),
        ("require_second_factor", json!(false)),
        ("second_factor_approval", json!(false)),
        ("parent_id", Value::Null),
    ] {
        let body = json!({ "name": "A", field: value });
        all.push(("patch", organization.clone(), body, true));
    }
    let profile = json!({
        "name": "A", "domain": "a.example", "description": "x", "industry": "Banking",
        "size_category": "small", "settings": { "a": 1 },
    });
    all.push(("patch", organization, profile, false));
    all
}

fn fits(line: &Line, method: &str, path: &str) -> bool {
    let segments = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (wanted, given) = (segments(&line.path), segments(path));
    line.method == method
        && wanted.len() == given.len()
        && wanted
            .iter()
            .zip(&given)
            .all(|(w, g)| w == g || w.starts_with('{'))
}

#[tokio::test]
async fn old_session_needs_a_proof_exactly_for_the_listed_operations() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let lines = lines(&service).await;
    // No earlier check can refuse a super_admin.
    let sa = tenancy.user("sa");
    let elsewhere = service.anonymous().login(&sa.email).await;
    let session = current_session(&elsewhere).await;
    let upload = async |level: &str| {
        let fields = [("access_level", level)];
        submit(sa, "a.csv", file_of([level.to_uppercase()]), &fields).await
    };
    let uploads = [upload("system").await, upload("personal").await];
    for job in &uploads {
        let _ = service.finished(sa, job).await;
    }
    service.age_sessions(sa, 16 * 60).await;
    let pool = service.database.superuser().await;
    let before: i64 = ask(&pool, "SELECT count(*) FROM audit_logs").await;

    let (mut wrong, mut asked) = (Vec::new(), 0);
    for line in &lines {
        // It ends the session of the caller.
        if line.is("post", "/auth/logout") {
            continue;
        }
        // Rows that do not exist and no body at all: the missing proof is reported first.
        let answer = send(sa, &line.method, &line.filled(), None).await;
        let got = code(&answer);
        let (expected, right) = match line.step_up.as_str() {
            "always" => (ASKED, got == ASKED),
            "never" => ("anything else", got != ASKED),
            // The body or the path decides; see below.
            "sometimes" => ("", true),
            other => panic!("{other:?} in the table"),
        };
        asked += usize::from(line.step_up == "always");
        if !right {
            wrong.push(format!("{}: expected {expected}, got {got}", line.name()));
        }
        if line.step_up != "always" {
            assert!(!line.why.is_empty(), "{} gives no reason", line.name());
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(asked > 20, "only {asked} operations need a proof");
    // None of the refused requests has changed anything: the new entries in the log are those
    // of allowed requests, and the refusals themselves.
    let changes = format!(
        "SELECT count(*) - {before} FROM audit_logs WHERE action NOT IN ('DENIED', 'FAILED_LOGIN', 'READ', 'EXPORT')"
    );
    let changes: i64 = ask(&pool, &changes).await;
    assert!(changes <= 0, "{changes}");

    let sometimes: Vec<&Line> = lines.iter().filter(|l| l.step_up == "sometimes").collect();
    let conditions = conditions(&tenancy, &session, [&uploads[0], &uploads[1]]);
    all_exempt_fields_are_sent(&sometimes, &conditions);
    for line in &sometimes {
        let with = conditions
            .iter()
            .any(|(m, p, _, needed)| *needed && fits(line, m, p));
        assert!(with, "{} is never asked with its condition", line.name());
    }
    for (method, path, body, needed) in conditions {
        assert!(
            sometimes.iter().any(|line| fits(line, method, &path)),
            "{method} {path}"
        );
        let body = Some(&body).filter(|body| !body.is_null());
        let answer = match (path.as_str(), body) {
            ("/bulk-uploads", Some(form)) => {
                let fields: Vec<(&str, &str)> = ["job_type", "access_level"]
                    .map(|name| (name, text(form, name)))
                    .to_vec();
                sa.upload(("b.csv", file_of(["B"])), &fields).await
            }
            _ => send(sa, method, &path, body).await,
        };
        let got = code(&answer);
        assert_eq!(got == ASKED, needed, "{method} {path} {body:?}: {got}");
    }
    // The session of the caller is ended without a proof.
    let own = current_session(sa).await;
    let _ = sa.delete(&format!("/me/sessions/{own}")).await.expect(204);
    assert_eq!(sa.get("/me").await.problem(401), "invalid_token");
}

/// The condition of an organization lists the fields that need no proof: all of them, and no
/// other, are sent without one.
fn all_exempt_fields_are_sent(lines: &[&Line], conditions: &[(&str, String, Value, bool)]) {
    let path = "/organizations/{id}";
    let line = lines.iter().find(|line| line.is("patch", path));
    let named: BTreeSet<&str> = line
        .expect("a condition")
        .why
        .split('`')
        .skip(1)
        .step_by(2)
        .collect();
    let (_, _, sent, _) = conditions
        .iter()
        .find(|(_, path, _, needed)| path.starts_with("/organizations/") && !needed)
        .expect("a request without a proof");
    let sent = sent.as_object().expect("fields").keys().map(String::as_str);
    assert_eq!(sent.collect::<BTreeSet<_>>(), named);
}

async fn current_session(user: &TestUser) -> String {
    let sessions = user.get("/me/sessions").await.expect(200);
    let all = sessions["data"].as_array().expect("sessions");
    let own = all.iter().find(|s| s["current"] == true).expect("its own");
    own["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn recent_proof_allows_what_an_old_session_was_refused() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let admin = tenancy.user("oA");
    service.age_sessions(admin, 16 * 60).await;
    let invitation = json!({ "email": "new@example.com", "role": "org_member" });
    let token = format!("/organizations/{}/join-token", tenancy.organization("A"));
    let invited = admin.post("/users", &invitation).await;
    assert_eq!(invited.problem(401), "step_up_required");
    assert!(
        invited
            .header("www-authenticate")
            .contains("insufficient_user_authentication")
    );
    assert_eq!(
        admin.put_nothing(&token).await.problem(401),
        "step_up_required"
    );
    assert_eq!(
        admin.get("/me/export").await.problem(401),
        "step_up_required"
    );
    let pool = service.database.superuser().await;
    let made: i64 = ask(&pool, "SELECT count(*) FROM invitations").await;
    assert_eq!(made, 0);

    let admin = admin.step_up(&json!({ "password": PASSWORD })).await;
    let _ = admin.post("/users", &invitation).await.expect(202);
    let _ = admin.put_nothing(&token).await.expect(200);
    let _ = admin.get("/me/export").await.expect(200);
}
