//! The cells of the matrix as HTTP requests.

mod organizations;

use accunode_tests::{Answer, TestUser};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    setup::{Setup, object},
    table::split,
};
use crate::support::{
    definition_of, file_of, outcome_on, prediction_on, quarterly_ratios, ratios, scale_of,
};

/// One request of a cell, after its rows have been created.
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
    /// An action on a user applies to a twin of that user; users who act on themselves are their
    /// own twins.
    ToUser {
        user: Uuid,
        twin: String,
        request: Box<Request>,
    },
}

impl Request {
    pub(super) async fn send(&self, user: &TestUser) -> Answer {
        if let Self::ToUser {
            user: original,
            twin,
            request,
        } = self
        {
            let themselves = match user.id == *original {
                true => Some(user.login(twin).await),
                false => None,
            };
            return request
                .send_plainly(themselves.as_ref().unwrap_or(user))
                .await;
        }
        self.send_plainly(user).await
    }

    async fn send_plainly(&self, user: &TestUser) -> Answer {
        match self {
            Self::Get(path) => user.get(path).await,
            Self::Post(path, body) => user.post(path, body).await,
            Self::PostNothing(path) => user.post_nothing(path).await,
            Self::Patch(path, body) => user.patch(path, body).await,
            Self::PutNothing(path) => user.put_nothing(path).await,
            Self::Put(path, body) => user.put(path, body).await,
            Self::Delete(path) => user.delete(path).await,
            Self::Upload(fields, bytes) => {
                let fields: Vec<(&str, &str)> = fields
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect();
                user.upload(("a.csv", bytes.clone()), &fields).await
            }
            Self::ToUser { .. } => panic!("a twin has no twin"),
        }
    }
}

impl Request {
    /// The method and path of the request.
    pub(super) fn line(&self) -> (&'static str, &str) {
        match self {
            Self::Get(path) => ("get", path),
            Self::Post(path, _) | Self::PostNothing(path) => ("post", path),
            Self::Patch(path, _) => ("patch", path),
            Self::Put(path, _) | Self::PutNothing(path) => ("put", path),
            Self::Delete(path) => ("delete", path),
            Self::Upload(..) => ("post", "/bulk-uploads"),
            Self::ToUser { request, .. } => request.line(),
        }
    }
}

/// The endpoints for a key of the matrix: method and path.
pub(super) fn endpoint(resource: &str, action: &str) -> (&'static str, &'static str) {
    match (resource, action) {
        ("company", "create") => ("post", "/companies"),
        ("company", "list") => ("get", "/companies"),
        ("company", "read") => ("get", "/companies/{id}"),
        ("company", "update" | "raise" | "lower" | "share") => ("patch", "/companies/{id}"),
        ("company", "delete" | "force_delete") => ("delete", "/companies/{id}"),
        ("prediction", "create") => ("post", "/predictions/{kind}"),
        ("prediction", "list") => ("get", "/predictions/{kind}"),
        ("prediction", "read") => ("get", "/predictions/{kind}/{id}"),
        ("prediction", "update" | "raise" | "lower") => ("patch", "/predictions/{kind}/{id}"),
        ("prediction", "delete") => ("delete", "/predictions/{kind}/{id}"),
        ("scoring", "use") => ("post", "/predictions/{kind}/score"),
        ("models", "use") => ("get", "/models"),
        ("templates", "use") => ("get", "/bulk-uploads/templates/{kind}.csv"),
        ("bulk_job", "create") => ("post", "/bulk-uploads"),
        ("bulk_job", "list") => ("get", "/bulk-uploads"),
        ("rescoring", "create") => ("post", "/rescorings"),
        ("rescoring", "read") => ("get", "/rescorings/{id}"),
        ("bulk_job", "read") => ("get", "/bulk-uploads/{id}"),
        ("bulk_job", "rows") => ("get", "/bulk-uploads/{id}/rows"),
        ("bulk_job", "cancel") => ("post", "/bulk-uploads/{id}/cancel"),
        ("bulk_job", "retry") => ("post", "/bulk-uploads/{id}/retry"),
        ("bulk_job", "delete") => ("delete", "/bulk-uploads/{id}"),
        ("outcome", "create") => ("post", "/outcomes"),
        ("outcome", "list") => ("get", "/outcomes"),
        ("outcome", "read") => ("get", "/outcomes/{id}"),
        ("outcome", "withdraw") => ("post", "/outcomes/{id}/withdraw"),
        ("coverage", "read") => ("get", "/outcome-coverage/{definition}"),
        ("coverage", "set") => ("put", "/outcome-coverage/{definition}"),
        ("validation", "create") => ("post", "/validations"),
        ("validation", "list") => ("get", "/validations"),
        ("validation", "read") => ("get", "/validations/{id}"),
        ("validation", "sample") => ("get", "/validations/{id}/sample.csv"),
        ("validation", "report") => ("get", "/validations/{id}/report.json"),
        ("validation", "text") => ("get", "/validations/{id}/report.md"),
        ("validation", "sign_off") => ("post", "/validations/{id}/sign-off"),
        ("scale", "create") => ("post", "/rating-scales"),
        ("scale", "list") => ("get", "/rating-scales"),
        ("scale", "read") => ("get", "/rating-scales/{id}"),
        ("transitions", "read") => ("get", "/analytics/transitions"),
        ("monitoring", "read") => ("get", "/models/{name}/monitoring"),
        ("monitoring", "snapshots") => ("get", "/models/{name}/monitoring/snapshots"),
        ("definition", "create") => ("post", "/default-definitions"),
        ("definition", "list") => ("get", "/default-definitions"),
        ("definition", "read") => ("get", "/default-definitions/{id}"),
        ("definition", "retire") => ("post", "/default-definitions/{id}/retire"),
        ("dashboard", "read") => ("get", "/dashboard"),
        ("analytics", "read") => ("get", "/analytics/risk-distribution"),
        ("admin", "use") => ("get", "/admin/stats"),
        ("audit", "read") => ("get", "/audit-logs"),
        ("audit", "read_event") => ("get", "/audit-logs/{id}"),
        ("users", "directory") => ("get", "/users"),
        ("user", "read") => ("get", "/users/{id}"),
        ("user", "deactivate" | "edit") => ("patch", "/users/{id}"),
        ("user", "remove_from_org" | "anonymize") => ("delete", "/users/{id}"),
        ("user", "reset_password") => ("post", "/users/{id}/password-reset"),
        ("user", "list_sessions") => ("get", "/users/{id}/sessions"),
        ("user", "end_sessions") => ("delete", "/users/{id}/sessions"),
        ("user", "remove_second_factor") => ("delete", "/users/{id}/mfa"),
        ("user", "approve_second_factor" | "refuse_second_factor") => {
            ("post", "/users/{id}/mfa/approval")
        }
        ("second_factors", "list") => ("get", "/organizations/{id}/second-factor-enrolments"),
        ("user", "set_role") => ("put", "/users/{id}/role"),
        ("invitation", "create") => ("post", "/users"),
        ("invitation", "list") => ("get", "/organizations/{id}/invitations"),
        ("invitation", "withdraw") => ("delete", "/organizations/{id}/invitations/{invitation_id}"),
        ("organizations", "list") => ("get", "/organizations"),
        ("organization", "create") => ("post", "/organizations"),
        ("organization", "read") => ("get", "/organizations/{id}"),
        ("organization", "change_join_token") => ("put", "/organizations/{id}/join-token"),
        ("organization", "change_allowed_emails") => ("post", "/organizations/{id}/allowed-emails"),
        ("organization", "delete") => ("delete", "/organizations/{id}"),
        ("organization", _) => ("patch", "/organizations/{id}"),
        other => panic!("the matrix asks {other:?}, and no endpoint is known for it"),
    }
}

/// Creates the rows that one cell needs, and the requests for it.
pub(super) async fn requests(
    setup: &Setup,
    (resource, action): (&str, &str),
    detail: &str,
    given: &str,
) -> Vec<Request> {
    let (action, to) = action
        .split_once(':')
        .map_or((action, None), |(action, to)| (action, Some(to)));
    match resource {
        "company" | "prediction" | "bulk_job" | "outcome" | "validation" | "scale"
        | "definition"
            if action == "list" =>
        {
            list(setup, resource, detail)
        }
        "company" => company(setup, action, to, detail).await,
        "prediction" => {
            let mut requests = Vec::new();
            for kind in ["annual", "quarterly"] {
                requests.extend(prediction(setup, kind, action, to, detail, given).await);
            }
            requests
        }
        "bulk_job" => bulk_job(setup, action, detail).await,
        "rescoring" => vec![rescoring(setup, action, detail).await],
        "outcome" => vec![outcome(setup, action, detail).await],
        "coverage" => vec![coverage(setup, action, detail)],
        "validation" => vec![validation(setup, action, detail).await],
        "scale" => vec![scale(setup, action, detail).await],
        "transitions" => vec![transitions(setup, detail).await],
        "monitoring" => vec![monitoring(setup, action, detail).await],
        "definition" => vec![definition(setup, action, detail).await],
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
            let id = setup.users.organization(detail);
            vec![Request::Get(format!("/users?organization_id={id}"))]
        }
        "user" => vec![user(setup, action, to, detail).await],
        "invitation" => organizations::invitation(setup, action, detail).await,
        "audit" if action == "read_event" => {
            let company = setup.company(detail).await;
            vec![Request::Get(format!(
                "/audit-logs/{}",
                setup.event_of(&company).await
            ))]
        }
        "audit" => vec![match split(detail) {
            ("organization", Some(name)) => {
                let id = setup.users.organization(name);
                Request::Get(format!("/audit-logs?organization_id={id}"))
            }
            _ => Request::Get("/audit-logs".to_owned()),
        }],
        "dashboard" => vec![Request::Get(format!("/dashboard?{}", scope(setup, detail)))],
        "analytics" => {
            let scope = scope(setup, detail);
            let mut requests = vec![Request::Get(format!("/analytics/model-agreement?{scope}"))];
            for by in ["sector", "industry", "country", "organization"] {
                for figure in ["risk-distribution", "trend", "grades"] {
                    requests.push(Request::Get(format!(
                        "/analytics/{figure}?{scope}&group_by={by}"
                    )));
                }
            }
            requests
        }
        "admin" => [
            "/admin/stats",
            "/admin/maintenance",
            "/admin/monitoring/indexes",
            "/admin/monitoring/tables",
            "/admin/monitoring/pool",
            "/admin/monitoring/jobs",
        ]
        .map(|path| Request::Get(path.to_owned()))
        .into(),
        "second_factors" => {
            let id = setup.users.organization(detail);
            vec![Request::Get(format!(
                "/organizations/{id}/second-factor-enrolments"
            ))]
        }
        "organizations" => vec![organizations::list(setup, detail)],
        "organization" => organizations::organization(setup, action, detail),
        other => panic!("{other} {action} has an endpoint now: write here how it is asked"),
    }
}

async fn user(setup: &Setup, action: &str, to: Option<&str>, who: &str) -> Request {
    let (id, email) = setup.twin(who).await;
    let path = format!("/users/{id}");
    let request = match (action, to) {
        ("read", None) => Request::Get(path),
        ("edit", None) => Request::Patch(path, json!({ "first_name": "Ana" })),
        ("remove_from_org" | "anonymize", None) => Request::Delete(format!("{path}?mode={action}")),
        ("deactivate", None) => Request::Patch(path, json!({ "is_active": false })),
        ("reset_password", None) => Request::PostNothing(format!("{path}/password-reset")),
        ("list_sessions", None) => Request::Get(format!("{path}/sessions")),
        ("end_sessions", None) => Request::Delete(format!("{path}/sessions")),
        ("remove_second_factor", None) => Request::Delete(format!("{path}/mfa")),
        ("approve_second_factor" | "refuse_second_factor", None) => {
            let (decision, _) = action.split_once('_').expect("a decision");
            let enrolment = setup.waiting_factor(id).await;
            let body = json!({ "enrolment_id": enrolment, "decision": decision });
            Request::Post(format!("{path}/mfa/approval"), body)
        }
        ("set_role", Some(to)) => {
            let (role, organization) = split(to);
            let organization = organization.map(|name| setup.users.organization(name));
            let body = json!({ "role": role, "organization_id": organization, "reason": "a test" });
            Request::Put(format!("{path}/role"), body)
        }
        other => panic!("unknown request {other:?}"),
    };
    Request::ToUser {
        user: setup.users.user(who).id,
        twin: email,
        request: Box::new(request),
    }
}

fn scope(setup: &Setup, detail: &str) -> String {
    match split(detail) {
        (scope, None) => format!("scope={scope}"),
        (scope, Some(name)) => format!(
            "scope={scope}&organization_id={}",
            setup.users.organization(name)
        ),
    }
}

/// The list of a table, filtered by owner.
fn list(setup: &Setup, resource: &str, detail: &str) -> Vec<Request> {
    let (level, organization) = split(detail);
    let filter: Vec<String> = setup
        .fields(level, organization)
        .iter()
        .filter(|(name, _)| *name == "organization_id")
        .map(|(name, value)| format!("{name}={}", value.as_str().expect("a text")))
        .collect();
    let lists: &[&str] = match resource {
        "company" => &["/companies"],
        "prediction" => &["/predictions/annual", "/predictions/quarterly"],
        "outcome" => &["/outcomes"],
        "validation" => &["/validations"],
        "scale" => &["/rating-scales"],
        "definition" => &["/default-definitions"],
        _ => &["/bulk-uploads"],
    };
    lists
        .iter()
        .map(|list| Request::Get(format!("{list}?{}", filter.join("&"))))
        .collect()
}

/// A rescoring that has not ended blocks the same one, so each uses another model version.
async fn rescoring(setup: &Setup, action: &str, detail: &str) -> Request {
    match action {
        "create" => {
            let (level, organization) = split(detail);
            let mut body = object(setup.fields(level, organization));
            body["kind"] = "annual".into();
            body["only_from_model_version"] = setup.symbol().into();
            Request::Post("/rescorings".to_owned(), body)
        }
        "read" => Request::Get(format!("/rescorings/{}", setup.rescoring(detail).await)),
        other => panic!("unknown request {other:?}"),
    }
}

async fn outcome(setup: &Setup, action: &str, detail: &str) -> Request {
    match action {
        "create" => {
            let (owner, company) = detail.split_once(" on ").expect("a company");
            let (level, organization) = split(owner);
            let mut body = object(setup.fields(level, organization));
            let company = setup.company(company).await;
            for (name, value) in outcome_on(&company).as_object().expect("an object") {
                body[name] = value.clone();
            }
            Request::Post("/outcomes".to_owned(), body)
        }
        "read" => Request::Get(format!("/outcomes/{}", setup.outcome(detail).await)),
        "withdraw" => Request::Post(
            format!("/outcomes/{}/withdraw", setup.outcome(detail).await),
            json!({ "reason": "a test" }),
        ),
        other => panic!("unknown request {other:?}"),
    }
}

async fn validation(setup: &Setup, action: &str, detail: &str) -> Request {
    if action == "create" {
        setup.cover().await;
        let (level, organization) = split(detail);
        let mut body = object(setup.fields(level, organization));
        body["kind"] = "annual".into();
        body["d0"] = "2020-12-31".into();
        return Request::Post("/validations".to_owned(), body);
    }
    let path = format!("/validations/{}", setup.validation(detail).await);
    match action {
        "read" => Request::Get(path),
        "sample" => Request::Get(format!("{path}/sample.csv")),
        "report" => Request::Get(format!("{path}/report.json")),
        "text" => Request::Get(format!("{path}/report.md")),
        "sign_off" => Request::Post(
            format!("{path}/sign-off"),
            json!({ "assessment": 2, "comment": "a test" }),
        ),
        other => panic!("unknown request {other:?}"),
    }
}

async fn scale(setup: &Setup, action: &str, detail: &str) -> Request {
    match action {
        "create" => {
            let (level, organization) = split(detail);
            let mut body = object(setup.fields(level, organization));
            for (name, value) in scale_of(&setup.symbol().to_lowercase()) {
                body[name] = value;
            }
            Request::Post("/rating-scales".to_owned(), body)
        }
        "read" => Request::Get(format!("/rating-scales/{}", setup.scale(detail).await)),
        other => panic!("unknown request {other:?}"),
    }
}

async fn definition(setup: &Setup, action: &str, detail: &str) -> Request {
    match action {
        "create" => {
            let (level, organization) = split(detail);
            let mut body = setup.fields(level, organization);
            body.extend(definition_of(level, &setup.symbol()));
            Request::Post("/default-definitions".to_owned(), object(body))
        }
        "read" => Request::Get(format!(
            "/default-definitions/{}",
            setup.definition(detail).await
        )),
        "retire" => {
            let id = setup.definition(detail).await;
            Request::PostNothing(format!("/default-definitions/{id}/retire"))
        }
        other => panic!("unknown request {other:?}"),
    }
}

async fn transitions(setup: &Setup, detail: &str) -> Request {
    setup.cover().await;
    setup.predict_for_all().await;
    let (level, organization) = split(detail);
    let owner: Vec<String> = setup
        .fields(level, organization)
        .iter()
        .map(|(name, value)| format!("&{name}={}", value.as_str().expect("a text")))
        .collect();
    Request::Get(format!(
        "/analytics/transitions?from=2020-12-31&basis=period{}",
        owner.concat()
    ))
}

async fn monitoring(setup: &Setup, action: &str, detail: &str) -> Request {
    setup.predict_for_all_by_the_served_model().await;
    let (level, organization) = split(detail);
    let owner: Vec<String> = setup
        .fields(level, organization)
        .iter()
        .map(|(name, value)| format!("{name}={}", value.as_str().expect("a text")))
        .collect();
    let path = match action {
        "read" => "/models/annual/monitoring",
        "snapshots" => "/models/annual/monitoring/snapshots",
        other => panic!("unknown request {other:?}"),
    };
    Request::Get(format!("{path}?{}", owner.join("&")))
}

fn coverage(setup: &Setup, action: &str, detail: &str) -> Request {
    let path = "/outcome-coverage/crr_178@1";
    let (level, organization) = split(detail);
    let fields = setup.fields(level, organization);
    if action == "set" {
        let mut body = object(fields);
        body["complete_from"] = "2020-01-01".into();
        body["complete_through"] = "2024-12-31".into();
        return Request::Put(path.to_owned(), body);
    }
    let text = |(name, value): (&String, &Value)| {
        let value = value.as_str().expect("a text");
        format!("{name}={value}")
    };
    let query: Vec<String> = fields.iter().map(text).collect();
    Request::Get(format!("{path}?{}", query.join("&")))
}

fn target(setup: &Setup, to: &str) -> Value {
    let (level, organization) = split(to);
    object(setup.fields(level, organization))
}

async fn company(setup: &Setup, action: &str, to: Option<&str>, detail: &str) -> Vec<Request> {
    if action == "create" {
        let mut body = target(setup, detail);
        body["symbol"] = setup.symbol().into();
        return vec![Request::Post("/companies".to_owned(), body)];
    }
    if action == "force_delete" {
        let company = setup.company_with(detail).await;
        let path = format!("/companies/{company}?force=true");
        return vec![Request::Delete(path)];
    }
    if let ("share", Some(to)) = (action, to) {
        let mut body = target(setup, to);
        body["with_predictions"] = true.into();
        let company = setup.company_with(detail).await;
        return vec![Request::Patch(format!("/companies/{company}"), body)];
    }
    let path = format!("/companies/{}", setup.company(detail).await);
    vec![match (action, to) {
        ("read", None) => {
            return vec![
                Request::Get(path.clone()),
                Request::Get(format!("{path}/predictions")),
            ];
        }
        ("update", None) => Request::Patch(path, json!({ "industry": "Machinery" })),
        ("delete", None) => Request::Delete(path),
        ("raise" | "lower", Some(to)) => Request::Patch(path, target(setup, to)),
        other => panic!("unknown request {other:?}"),
    }]
}

async fn prediction(
    setup: &Setup,
    kind: &str,
    action: &str,
    to: Option<&str>,
    detail: &str,
    given: &str,
) -> Vec<Request> {
    let (owner, company) = match detail.split_once(" on ") {
        Some((owner, company)) => (owner, company.to_owned()),
        None => (detail, Setup::company_under(detail, given)),
    };
    if action == "create" {
        let mut body = prediction_on(kind, &setup.company(&company).await, "2024");
        let (level, organization) = split(owner);
        body.as_object_mut()
            .expect("an object")
            .extend(setup.fields(level, organization));
        return vec![Request::Post(format!("/predictions/{kind}"), body)];
    }
    let path = format!(
        "/predictions/{kind}/{}",
        setup.prediction(kind, owner, &company).await
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
            Request::Get(format!("{path}/revisions")),
            Request::Post(format!("{path}/reproduce"), json!({})),
        ],
        ("update", None) => vec![Request::Patch(path, json!({ "ratios": new }))],
        ("delete", None) => vec![Request::Delete(path)],
        ("raise" | "lower", Some(to)) => vec![Request::Patch(path, target(setup, to))],
        other => panic!("unknown request {other:?}"),
    }
}

async fn bulk_job(setup: &Setup, action: &str, detail: &str) -> Vec<Request> {
    if action == "create" {
        let (level, organization) = split(detail);
        let fields = setup.fields(level, organization);
        let mut fields: Vec<(String, String)> = fields
            .into_iter()
            .map(|(name, value)| (name, value.as_str().expect("a text").to_owned()))
            .collect();
        fields.push(("job_type".to_owned(), "annual".to_owned()));
        return vec![Request::Upload(fields, file_of([setup.symbol()]))];
    }
    let job = setup.upload(detail).await;
    if matches!(action, "rows" | "retry" | "delete") {
        setup.end(&job).await;
    }
    let path = format!("/bulk-uploads/{job}");
    vec![match action {
        "read" => Request::Get(path),
        // The job has ended, and so have its events.
        "rows" => {
            return vec![
                Request::Get(format!("{path}/rows")),
                Request::Get(format!("{path}/events")),
            ];
        }
        "cancel" | "retry" => Request::PostNothing(format!("{path}/{action}")),
        "delete" => Request::Delete(path),
        other => panic!("unknown request {other:?}"),
    }]
}
