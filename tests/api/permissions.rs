//! `GET /me/permissions`

use accunode_tests::{Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};

use crate::support::run;

async fn lines(user: &TestUser, resource: &str, action: &str) -> Vec<Value> {
    let all = user.get("/me/permissions").await.expect(200);
    let rows = all["data"].as_array().expect("lines").iter();
    rows.filter(|line| line["resource"] == resource && line["action"] == action)
        .cloned()
        .collect()
}

#[tokio::test]
async fn permissions_follow_changes_of_the_organization_and_role() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (oa, a) = (users.user("oA"), users.organization("A"));
    let organization = |own_only: bool| {
        json!({
            "resource": "company", "action": "update", "access_level": "organization", "roles": [],
            "organizations": [a], "every_organization": false, "own_only": own_only,
        })
    };
    let personal = json!({
        "resource": "company", "action": "update", "access_level": "personal", "roles": [],
        "organizations": [], "every_organization": false, "own_only": false,
    });
    assert_eq!(
        lines(oa, "company", "update").await,
        [personal.clone(), organization(false)]
    );
    assert_eq!(
        lines(oa, "invitation", "create").await[0]["roles"],
        json!(["org_member"])
    );
    let pool = service.database.superuser().await;
    run(
        &pool,
        "UPDATE users SET role = 'org_member' WHERE email = 'oa@example.com'",
    )
    .await;
    assert_eq!(
        lines(oa, "company", "update").await,
        [personal, organization(true)]
    );
    assert!(lines(oa, "invitation", "create").await.is_empty());
}

#[tokio::test]
async fn listed_permissions_match_the_responses() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    for who in ["u0", "m1", "oA", "mB", "tR", "tZ", "sa"] {
        let user = users.user(who);
        for (name, id) in &users.organizations {
            let covers = |lines: &[Value]| {
                lines.iter().any(|line| {
                    line["every_organization"] == true
                        || line["organizations"]
                            .as_array()
                            .is_some_and(|ids| ids.contains(&json!(id)))
                })
            };
            for (resource, action, path) in [
                ("organization", "read", format!("/organizations/{id}")),
                (
                    "organization",
                    "change_allowed_emails",
                    format!("/organizations/{id}/allowed-emails"),
                ),
                (
                    "audit_log",
                    "read",
                    format!("/audit-logs?organization_id={id}"),
                ),
                (
                    "dashboard",
                    "read",
                    format!("/dashboard?scope=organization&organization_id={id}"),
                ),
                (
                    "tenant_dashboard",
                    "read",
                    format!("/dashboard?scope=tenant&organization_id={id}"),
                ),
            ] {
                let listed = covers(&lines(user, resource, action).await);
                let answered = user.get(&path).await.status.is_success();
                assert_eq!(listed, answered, "{who} {resource} {action} of {name}");
            }
        }
    }
}
