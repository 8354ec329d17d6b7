//! Requests that succeed, for every operation that a key may call.

use std::collections::BTreeSet;

use serde_json::json;

use super::Line;
use crate::access::{
    coverage,
    requests::{Request, requests},
    setup::Setup,
};

/// The name of an operation in the access matrix: resource, action, and target.
fn in_the_matrix(line: &Line) -> Option<(&'static str, &'static str, &'static str)> {
    let row = "organization(A)";
    Some(match line.name().as_str() {
        "GET /companies" => ("company", "list", row),
        "POST /companies" => ("company", "create", row),
        "GET /companies/{id}" | "GET /companies/{id}/predictions" => ("company", "read", row),
        "PATCH /companies/{id}" => ("company", "update", row),
        "DELETE /companies/{id}" => ("company", "delete", row),
        "GET /predictions/{kind}" => ("prediction", "list", row),
        "POST /predictions/{kind}" => {
            ("prediction", "create", "organization(A) on organization(A)")
        }
        "POST /predictions/{kind}/score" => ("scoring", "use", ""),
        "GET /predictions/{kind}/{id}"
        | "GET /predictions/{kind}/{id}/explanation"
        | "GET /predictions/{kind}/{id}/revisions"
        | "POST /predictions/{kind}/{id}/reproduce" => ("prediction", "read", row),
        "PATCH /predictions/{kind}/{id}" => ("prediction", "update", row),
        "DELETE /predictions/{kind}/{id}" => ("prediction", "delete", row),
        "GET /bulk-uploads" => ("bulk_job", "list", row),
        "POST /bulk-uploads" => ("bulk_job", "create", row),
        "GET /bulk-uploads/{id}" => ("bulk_job", "read", row),
        "GET /bulk-uploads/{id}/rows" | "GET /bulk-uploads/{id}/events" => {
            ("bulk_job", "rows", row)
        }
        "DELETE /bulk-uploads/{id}" => ("bulk_job", "delete", row),
        "POST /bulk-uploads/{id}/retry" => ("bulk_job", "retry", row),
        "POST /bulk-uploads/{id}/cancel" => ("bulk_job", "cancel", row),
        "GET /bulk-uploads/templates/{kind}.csv" | "GET /bulk-uploads/templates/{kind}.xlsx" => {
            ("templates", "use", "")
        }
        "POST /rescorings" => ("rescoring", "create", row),
        "GET /rescorings/{id}" => ("rescoring", "read", row),
        "GET /outcomes" => ("outcome", "list", row),
        "POST /outcomes" => ("outcome", "create", "organization(A) on organization(A)"),
        "GET /outcomes/{id}" => ("outcome", "read", row),
        "POST /outcomes/{id}/withdraw" => ("outcome", "withdraw", row),
        "GET /outcome-coverage/{definition}" => ("coverage", "read", row),
        "PUT /outcome-coverage/{definition}" => ("coverage", "set", row),
        "GET /validations" => ("validation", "list", row),
        "POST /validations" => ("validation", "create", row),
        "GET /validations/{id}" => ("validation", "read", row),
        "GET /validations/{id}/sample.csv" => ("validation", "sample", row),
        "GET /validations/{id}/report.json" => ("validation", "report", row),
        "GET /validations/{id}/report.md" => ("validation", "text", row),
        "GET /rating-scales" => ("scale", "list", row),
        "POST /rating-scales" => ("scale", "create", row),
        "GET /rating-scales/{id}" => ("scale", "read", row),
        "GET /analytics/transitions" => ("transitions", "read", row),
        "GET /models/{name}/monitoring" => ("monitoring", "read", row),
        "GET /models/{name}/monitoring/snapshots" => ("monitoring", "snapshots", row),
        "GET /default-definitions" => ("definition", "list", row),
        "POST /default-definitions" => ("definition", "create", row),
        "GET /default-definitions/{id}" => ("definition", "read", row),
        "POST /default-definitions/{id}/retire" => ("definition", "retire", row),
        "GET /dashboard" => ("dashboard", "read", row),
        "GET /analytics/risk-distribution"
        | "GET /analytics/model-agreement"
        | "GET /analytics/trend"
        | "GET /analytics/grades" => ("analytics", "read", row),
        "GET /admin/stats"
        | "GET /admin/maintenance"
        | "GET /admin/monitoring/indexes"
        | "GET /admin/monitoring/tables"
        | "GET /admin/monitoring/pool"
        | "GET /admin/monitoring/jobs" => ("admin", "use", ""),
        "GET /audit-logs" => ("audit", "read", "own"),
        // The caller's own event: an audit key can read no rows of others.
        "GET /audit-logs/{id}" => ("audit", "read_event", "system"),
        "GET /models" | "GET /models/{name}" | "GET /models/{name}/versions/{version}" => {
            ("models", "use", "")
        }
        "GET /users" => ("users", "directory", "A"),
        "GET /users/{id}" => ("user", "read", "m2"),
        "GET /organizations" => ("organizations", "list", "own"),
        "GET /organizations/{id}" => ("organization", "read", "A"),
        "GET /organizations/{id}/stats" => ("organization", "change_profile", "A"),
        "GET /organizations/{id}/allowed-emails" => ("organization", "change_allowed_emails", "A"),
        "GET /organizations/{id}/invitations" => ("invitation", "list", "A"),
        _ => return None,
    })
}

/// A request of this operation that succeeds for its caller, with new rows.
pub(super) async fn good(
    setup: &Setup,
    known: &BTreeSet<coverage::Operation>,
    line: &Line,
) -> Request {
    match line.name().as_str() {
        "GET /me" | "GET /me/permissions" => return Request::Get(line.path.clone()),
        "GET /companies/{id}/predictions" => {
            let company = setup.company("organization(A)").await;
            return Request::Get(format!("/companies/{company}/predictions"));
        }
        "POST /predictions/{kind}/batch" => {
            let body = json!({ "items": [crate::support::prediction(&setup.symbol(), "2024")] });
            return Request::Post("/predictions/annual/batch".to_owned(), body);
        }
        "POST /outcomes/batch" => {
            let company = setup.company("organization(A)").await;
            let body = json!({ "items": [crate::support::outcome_on(&company)] });
            return Request::Post("/outcomes/batch".to_owned(), body);
        }
        _ => {}
    }
    let Some((resource, action, detail)) = in_the_matrix(line) else {
        panic!("a key may call {}: write here how it is asked", line.name());
    };
    let all = requests(setup, (resource, action), detail, "").await;
    all.into_iter()
        .find(|request| {
            let (method, path) = request.line();
            let operation = coverage::operation(known, method, path);
            line.is(&operation.0, &operation.1)
        })
        .unwrap_or_else(|| panic!("the matrix does not ask {}", line.name()))
}
