//! `/validations`

mod bitemporal;
mod deletions;
mod examples;
mod portfolio;
mod raising;
mod real_data;
mod signing;
mod tenants;
mod transitions;

use accunode_tests::{Service, TestUser};
use serde_json::{Value, json};

use crate::support::text;

/// A body that makes outcomes complete for a long time.
pub(super) fn complete(more: &Value) -> Value {
    let mut body = json!({ "complete_from": "2015-01-01", "complete_through": "2024-12-31" });
    let fields = more.as_object().into_iter().flatten();
    for (name, value) in fields {
        body[name] = value.clone();
    }
    body
}

/// Requests a back-test and waits until its job has ended.
pub(super) async fn validated(service: &Service, user: &TestUser, body: &Value) -> Value {
    let asked = user.post("/validations", body).await.expect(202);
    let id = text(&asked, "id");
    service.finished(user, id).await;
    user.get(&format!("/validations/{id}")).await.expect(200)
}

/// The figures of the report's only window.
pub(super) fn window(report: &Value) -> &Value {
    assert_eq!(report["status"], "completed", "{report}");
    &report["report"]["windows"][0]
}
