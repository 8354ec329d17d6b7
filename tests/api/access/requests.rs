//! What the matrix asks, as HTTP requests.

use accunode_tests::{Answer, Person};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    stage::{Stage, object},
    table::split,
};
use crate::support::{file_of, prediction_on, quarterly_ratios, ratios};

/// One thing that is asked, with its rows made.
#[derive(Clone, Debug)]
pub(super) enum Request {
    Get(String),
    Post(String, Value),
    PostNothing(String),
    Patch(String, Value),
    PutNothing(String),
    Put(String, Value),
    Delete(String),
    Upload(Vec<(String, String)>, Vec<u8>),
    /// What is done to a person is done to a twin of his, by whom where he does it himself.
    ToPerson {
        person: Uuid,
        twin: String,
        request: Box<Request>,
    },
}

impl Request {
    pub(super) async fn send(&self, person: &Person) -> Answer {
        if let Self::ToPerson {
            person: original,
            twin,
            request,
        } = self
        {
            let himself = match person.id == *original {
                true => Some(person.login(twin).await),
                false => None,
            };
            return request
                .send_plainly(himself.as_ref().unwrap_or(person))
                .await;
        }
        self.send_plainly(person).await
    }

    async fn send_plainly(&self, person: &Person) -> Answer {
        match self {
            Self::Get(path) => person.get(path).await,
            Self::Post(path, body) => person.post(path, body).await,
            Self::PostNothing(path) => person.post_nothing(path).await,
            Self::Patch(path, body) => person.patch(path, body).await,
            Self::PutNothing(path) => person.put_nothing(path).await,
            Self::Put(path, body) => person.put(path, body).await,
            Self::Delete(path) => person.delete(path).await,
            Self::Upload(fields, bytes) => {
                let fields: Vec<(&str, &str)> = fields
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect();
                person.upload(("a.csv", bytes.clone()), &fields).await
            }
            Self::ToPerson { .. } => panic!("a twin has no twin"),
        }
    }
}

/// The endpoints that a key of the matrix is about: method and path.
pub(super) fn endpoint(resource: &str, action: &str) -> (&'static str, &'static str) {
    match (resource, action) {
        ("company", "create") => ("post", "/companies"),
        ("company", "read") => ("get", "/companies/{id}"),
        ("company", "update" | "raise" | "lower") => ("patch", "/companies/{id}"),
        ("company", "delete") => ("delete", "/companies/{id}"),
        ("prediction", "create") => ("post", "/predictions/{kind}"),
        ("prediction", "read") => ("get", "/predictions/{kind}/{id}"),
        ("prediction", "update" | "raise" | "lower") => ("patch", "/predictions/{kind}/{id}"),
        ("prediction", "delete") => ("delete", "/predictions/{kind}/{id}"),
        ("scoring", "use") => ("post", "/predictions/{kind}/score"),
        ("models", "use") => ("get", "/models"),
        ("templates", "use") => ("get", "/bulk-uploads/templates/{kind}.csv"),
        ("bulk_job", "create") => ("post", "/bulk-uploads"),
        ("bulk_job", "read") => ("get", "/bulk-uploads/{id}"),
        ("bulk_job", "rows") => ("get", "/bulk-uploads/{id}/rows"),
        ("bulk_job", "cancel") => ("post", "/bulk-uploads/{id}/cancel"),
        ("bulk_job", "retry") => ("post", "/bulk-uploads/{id}/retry"),
        ("bulk_job", "delete") => ("delete", "/bulk-uploads/{id}"),
        ("dashboard", "read") => ("get", "/dashboard"),
        ("analytics", "read") => ("get", "/analytics/risk-distribution"),
        ("admin", "use") => ("get", "/admin/stats"),
        ("audit", "read") => ("get", "/audit-logs"),
        ("users", "directory") => ("get", "/users"),
        ("user", "read") => ("get", "/users/{id}"),
        ("user", "deactivate") => ("patch", "/users/{id}"),
        ("user", "reset_password") => ("post", "/users/{id}/password-reset"),
        ("user", "end_sessions") => ("delete", "/users/{id}/sessions"),
        ("user", "set_role") => ("put", "/users/{id}/role"),
        ("invitation", "create") => ("post", "/users"),
        ("organization", "create") => ("post", "/organizations"),
        ("organization", "read") => ("get", "/organizations/{id}"),
        ("organization", "change_join_token") => ("put", "/organizations/{id}/join-token"),
        ("organization", "change_allowed_emails") => ("post", "/organizations/{id}/allowed-emails"),
        ("organization", "delete") => ("delete", "/organizations/{id}"),
        ("organization", _) => ("patch", "/organizations/{id}"),
        other => panic!("the matrix asks {other:?}, and no endpoint is known for it"),
    }
}

/// Makes the rows that one cell needs, and the requests that ask for it.
pub(super) async fn requests(
    stage: &Stage,
    (resource, action): (&str, &str),
    detail: &str,
    given: &str,
) -> Vec<Request> {
    let (action, to) = action
        .split_once(':')
        .map_or((action, None), |(action, to)| (action, Some(to)));
    match resource {
        "company" => vec![company(stage, action, to, detail).await],
        "prediction" => {
            let mut requests = Vec::new();
            for kind in ["annual", "quarterly"] {
                requests.extend(prediction(stage, kind, action, to, detail, given).await);
            }
            requests
        }
        "bulk_job" => vec![bulk_job(stage, action, detail).await],
        "scoring" => {
            let body = |ratios: Value| json!({ "items": [{ "ratios": ratios }] });
            vec![
                Request::Post("/predictions/annual/score".to_owned(), body(ratios())),
                Request::Post(
                    "/predictions/quarterly/score".to_owned(),
                    body(quarterly_ratios()),
                ),
            ]
        }
        "models" => vec![
            Request::Get("/models".to_owned()),
            Request::Get("/models/annual".to_owned()),
            Request::Get("/models/quarterly/versions/1.0.0".to_owned()),
        ],
        "templates" => vec![
            Request::Get("/bulk-uploads/templates/annual.csv".to_owned()),
            Request::Get("/bulk-uploads/templates/quarterly.xlsx".to_owned()),
        ],
        "users" => {
            let id = stage.people.organization(detail);
            vec![Request::Get(format!("/users?organization_id={id}"))]
        }
        "user" => vec![user(stage, action, to, detail).await],
        "invitation" => {
            let (role, organization) = split(detail);
            vec![Request::Post(
                "/users".to_owned(),
                json!({
                    "email": format!("{}@example.com", stage.symbol().to_lowercase()),
                    "role": role,
                    "organization_id": organization.map(|name| stage.people.organization(name)),
                }),
            )]
        }
        "audit" => vec![match split(detail) {
            ("organization", Some(name)) => {
                let id = stage.people.organization(name);
                Request::Get(format!("/audit-logs?organization_id={id}"))
            }
            _ => Request::Get("/audit-logs".to_owned()),
        }],
        "dashboard" => vec![Request::Get(format!("/dashboard?{}", scope(stage, detail)))],
        "analytics" => {
            let scope = scope(stage, detail);
            let mut requests = vec![Request::Get(format!("/analytics/model-agreement?{scope}"))];
            for by in ["sector", "industry", "country", "organization"] {
                for figure in ["risk-distribution", "trend"] {
                    requests.push(Request::Get(format!(
                        "/analytics/{figure}?{scope}&group_by={by}"
                    )));
                }
            }
            requests
        }
        "organization" => organization(stage, action, detail),
        other => panic!("{other} {action} has an endpoint now: write here how it is asked"),
    }
}

async fn user(stage: &Stage, action: &str, to: Option<&str>, who: &str) -> Request {
    let (id, email) = stage.twin(who).await;
    let path = format!("/users/{id}");
    let request = match (action, to) {
        ("read", None) => Request::Get(path),
        ("deactivate", None) => Request::Patch(path, json!({ "is_active": false })),
        ("reset_password", None) => Request::PostNothing(format!("{path}/password-reset")),
        ("end_sessions", None) => Request::Delete(format!("{path}/sessions")),
        ("set_role", Some(to)) => {
            let (role, organization) = split(to);
            let organization = organization.map(|name| stage.people.organization(name));
            let body = json!({ "role": role, "organization_id": organization, "reason": "a test" });
            Request::Put(format!("{path}/role"), body)
        }
        other => panic!("unknown request {other:?}"),
    };
    Request::ToPerson {
        person: stage.people.person(who).id,
        twin: email,
        request: Box::new(request),
    }
}

fn scope(stage: &Stage, detail: &str) -> String {
    match split(detail) {
        (scope, None) => format!("scope={scope}"),
        (scope, Some(name)) => format!(
            "scope={scope}&organization_id={}",
            stage.people.organization(name)
        ),
    }
}

/// Nothing of it is made for a cell: what a request does to the fixture is put back.
fn organization(stage: &Stage, action: &str, detail: &str) -> Vec<Request> {
    let id = |name: &str| stage.people.organization(name);
    if action == "create" {
        let mut body = json!({ "name": stage.symbol() });
        if let ("child", Some(parent)) = split(detail) {
            body["parent_id"] = id(parent).to_string().into();
        }
        return vec![Request::Post("/organizations".to_owned(), body)];
    }
    let path = format!("/organizations/{}", id(detail));
    let change = |body: Value| vec![Request::Patch(path.clone(), body)];
    match action {
        "read" => vec![Request::Get(path)],
        // What only its administrators see goes with the profile that only they change.
        "change_profile" => vec![
            Request::Patch(path.clone(), json!({ "industry": "Banking" })),
            Request::Get(format!("{path}/stats")),
        ],
        "change_join_token" => vec![
            Request::PutNothing(format!("{path}/join-token")),
            Request::Patch(path.clone(), json!({ "join_policy": "closed" })),
        ],
        "change_allowed_emails" => vec![Request::Post(
            format!("{path}/allowed-emails"),
            json!({ "email": format!("{}@example.com", stage.symbol()) }),
        )],
        "change_is_active" => change(json!({ "is_active": true })),
        "change_max_users" => change(json!({ "max_users": 50 })),
        "change_hide_system_data" => change(json!({ "hide_system_data": false })),
        "set_parent" => change(json!({ "parent_id": id("R") })),
        "delete" => vec![Request::Delete(format!("{path}?force=true"))],
        other => panic!("unknown request {other:?}"),
    }
}

fn target(stage: &Stage, to: &str) -> Value {
    let (level, organization) = split(to);
    object(stage.fields(level, organization))
}

async fn company(stage: &Stage, action: &str, to: Option<&str>, detail: &str) -> Request {
    if action == "create" {
        let mut body = target(stage, detail);
        body["symbol"] = stage.symbol().into();
        return Request::Post("/companies".to_owned(), body);
    }
    let path = format!("/companies/{}", stage.company(detail).await);
    match (action, to) {
        ("read", None) => Request::Get(path),
        ("update", None) => Request::Patch(path, json!({ "industry": "Machinery" })),
        ("delete", None) => Request::Delete(path),
        ("raise" | "lower", Some(to)) => Request::Patch(path, target(stage, to)),
        other => panic!("unknown request {other:?}"),
    }
}

async fn prediction(
    stage: &Stage,
    kind: &str,
    action: &str,
    to: Option<&str>,
    detail: &str,
    given: &str,
) -> Vec<Request> {
    let (owner, company) = match detail.split_once(" on ") {
        Some((owner, company)) => (owner, company.to_owned()),
        None => (detail, Stage::company_under(detail, given)),
    };
    if action == "create" {
        let mut body = prediction_on(kind, &stage.company(&company).await, "2024");
        let (level, organization) = split(owner);
        body.as_object_mut()
            .expect("an object")
            .extend(stage.fields(level, organization));
        return vec![Request::Post(format!("/predictions/{kind}"), body)];
    }
    let path = format!(
        "/predictions/{kind}/{}",
        stage.prediction(kind, owner, &company).await
    );
    let new = if kind == "annual" {
        ratios()
    } else {
        quarterly_ratios()
    };
    match (action, to) {
        ("read", None) => vec![
            Request::Get(path.clone()),
            Request::Get(format!("{path}/explanation")),
            Request::Post(format!("{path}/reproduce"), json!({})),
        ],
        ("update", None) => vec![Request::Patch(path, json!({ "ratios": new }))],
        ("delete", None) => vec![Request::Delete(path)],
        ("raise" | "lower", Some(to)) => vec![Request::Patch(path, target(stage, to))],
        other => panic!("unknown request {other:?}"),
    }
}

async fn bulk_job(stage: &Stage, action: &str, detail: &str) -> Request {
    if action == "create" {
        let (level, organization) = split(detail);
        let fields = stage.fields(level, organization);
        let mut fields: Vec<(String, String)> = fields
            .into_iter()
            .map(|(name, value)| (name, value.as_str().expect("a text").to_owned()))
            .collect();
        fields.push(("job_type".to_owned(), "annual".to_owned()));
        return Request::Upload(fields, file_of([stage.symbol()]));
    }
    let job = stage.upload(detail).await;
    if matches!(action, "retry" | "delete") {
        stage.end(&job).await;
    }
    let path = format!("/bulk-uploads/{job}");
    match action {
        "read" => Request::Get(path),
        "rows" => Request::Get(format!("{path}/rows")),
        "cancel" | "retry" => Request::PostNothing(format!("{path}/{action}")),
        "delete" => Request::Delete(path),
        other => panic!("unknown request {other:?}"),
    }
}
