//! The matrix's requests for organizations and for invitations to them.

use serde_json::{Value, json};

use super::{Request, Setup, split};

pub(super) fn list(setup: &Setup, detail: &str) -> Request {
    Request::Get(match split(detail) {
        ("children", Some(root)) => {
            format!(
                "/organizations?parent_id={}",
                setup.users.organization(root)
            )
        }
        _ => "/organizations".to_owned(),
    })
}

/// Nothing of it is created for a cell: what a request changes in the fixture is restored.
pub(super) fn organization(setup: &Setup, action: &str, detail: &str) -> Vec<Request> {
    let id = |name: &str| setup.users.organization(name);
    if action == "create" {
        let mut body = json!({ "name": setup.symbol() });
        if let ("child", Some(parent)) = split(detail) {
            body["parent_id"] = id(parent).to_string().into();
        }
        return vec![Request::Post("/organizations".to_owned(), body)];
    }
    let path = format!("/organizations/{}", id(detail));
    let change = |body: Value| vec![Request::Patch(path.clone(), body)];
    match action {
        "read" => vec![Request::Get(path)],
        // What only administrators see is tested with the profile that only they change.
        "change_profile" => vec![
            Request::Patch(path.clone(), json!({ "industry": "Banking" })),
            Request::Get(format!("{path}/stats")),
        ],
        "change_join_token" => vec![
            Request::PutNothing(format!("{path}/join-token")),
            Request::Delete(format!("{path}/join-token")),
            Request::Patch(path.clone(), json!({ "join_policy": "closed" })),
        ],
        "change_allowed_emails" => {
            let (email, path) = (
                format!("{}@example.com", setup.symbol().to_lowercase()),
                format!("{path}/allowed-emails"),
            );
            vec![
                Request::Post(path.clone(), json!({ "email": email })),
                Request::Get(path.clone()),
                Request::Delete(format!("{path}/{email}")),
            ]
        }
        "change_is_active" => change(json!({ "is_active": true })),
        "change_max_users" => change(json!({ "max_users": 50 })),
        "change_hide_system_data" => change(json!({ "hide_system_data": false })),
        "change_second_factor_approval" => change(json!({ "second_factor_approval": false })),
        "change_require_second_factor" => change(json!({ "require_second_factor": false })),
        "set_parent" => change(json!({ "parent_id": id("R") })),
        "delete" => vec![Request::Delete(format!("{path}?force=true"))],
        other => panic!("unknown request {other:?}"),
    }
}

pub(super) async fn invitation(setup: &Setup, action: &str, detail: &str) -> Vec<Request> {
    let address = || format!("{}@example.com", setup.symbol().to_lowercase());
    if action == "create" {
        let (role, organization) = split(detail);
        return vec![Request::Post(
            "/users".to_owned(),
            json!({
                "email": address(),
                "role": role,
                "organization_id": organization.map(|name| setup.users.organization(name)),
            }),
        )];
    }
    let path = format!(
        "/organizations/{}/invitations",
        setup.users.organization(detail)
    );
    match action {
        "list" => vec![Request::Get(path)],
        "withdraw" => {
            let id = setup.invitation(detail, &address()).await;
            vec![Request::Delete(format!("{path}/{id}"))]
        }
        other => panic!("unknown request {other:?}"),
    }
}
