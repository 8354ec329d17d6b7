//! The policies of all operations together, and `docs/operations.csv`.

use std::{fmt::Write as _, fs, path::Path};

use accunode_domain::access::KeyScope;
use accunode_ports::{limits::LimitClass, workload::Work};

use crate::{
    http::{
        policy::{Keys, Policy, StepUp},
        route::method,
    },
    routes,
};

/// An operation with its policy.
struct Declared {
    method: String,
    /// The path below `/api/v1`; for operations of the service itself, from the root.
    path: String,
    id: String,
    policy: Policy,
}

/// Every operation of the document, in its order.
fn declared() -> Vec<Declared> {
    let mut all = Vec::new();
    for (base, routes) in routes() {
        let routes = routes.into_iter();
        for route in routes.filter(|route| !route.conventions.is_hidden) {
            let declared = Declared {
                method: method(&route.method).to_string(),
                id: route.operation().operation_id.unwrap_or_default(),
                path: route.path.clone(),
                policy: route.policy,
            };
            all.push((format!("{base}{}", route.path), declared));
        }
    }
    all.sort_by(|(one, a), (other, b)| (one, &a.method).cmp(&(other, &b.method)));
    all.into_iter().map(|(_, declared)| declared).collect()
}

#[test]
fn keys_cannot_call_operations_that_need_a_recent_proof() {
    for Declared { policy, path, .. } in declared() {
        if policy.step_up == StepUp::Always {
            assert_eq!(policy.keys, Keys::Never, "{path}: {policy:?}");
        }
    }
}

#[test]
fn exempt_operations_are_exactly_the_listed_ones() {
    let listed = |exempt: fn(&Policy) -> bool| {
        let mut all: Vec<_> = declared()
            .iter()
            .filter(|o| exempt(&o.policy))
            .map(|o| format!("{} {}", o.method, o.path))
            .collect();
        all.sort();
        all
    };
    assert_eq!(
        listed(|o| o.without_second_factor.is_some()),
        [
            "DELETE /me/sessions",
            "DELETE /me/sessions/{id}",
            "GET /me",
            "GET /me/mfa",
            "GET /me/sessions",
            "POST /auth/logout",
            "POST /auth/step-up",
            "POST /me/mfa/totp",
            "POST /me/mfa/totp/confirm",
            "POST /me/password",
        ]
    );
    assert_eq!(
        listed(|o| o.for_inactive.is_some()),
        ["DELETE /me", "GET /me", "PATCH /me", "POST /auth/logout"]
    );
}

/// The table for readers, with one line for each operation.
fn table() -> String {
    let mut text = String::from(
        "# What every operation demands of who calls it. Generated from the routes of crates/web by `make generate`.\n\
         # step_up: whether a proof of the last 15 minutes is needed; why or when.\n\
         # key_…: what an API key with this one scope is answered. Where a recent proof is needed, every key is answered key_forbidden.\n\
         method,path,operation,public,step_up,why,without_second_factor,in_an_inactive_organization",
    );
    for scope in KeyScope::ALL {
        let _ = write!(text, ",key_{scope}");
    }
    text.push('\n');
    for Declared {
        method,
        path,
        id,
        policy,
    } in declared()
    {
        let (step_up, why) = policy.step_up.words();
        let quoted = |text: Option<&str>| match text {
            Some(text) => format!("\"{}\"", text.replace('"', "\"\"")),
            None => String::new(),
        };
        let _ = write!(
            text,
            "{method},{path},{id},{},{step_up},{},{},{}",
            quoted(policy.public),
            quoted(Some(why).filter(|why| !why.is_empty())),
            quoted(policy.without_second_factor),
            quoted(policy.for_inactive),
        );
        for scope in KeyScope::ALL {
            let answer = match policy.public {
                Some(_) => "",
                None => policy.keys.answer(scope),
            };
            let _ = write!(text, ",{answer}");
        }
        text.push('\n');
    }
    text
}

#[test]
fn operations_table_in_the_repository_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.csv");
    let table = table();
    if std::env::var_os("ACCUNODE_UPDATE").is_some() {
        fs::write(&path, &table).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == table,
        "docs/operations.csv is not what the operations demand; run `make generate` and look at the difference"
    );
}

#[test]
fn every_operation_uses_its_rate_limit_class() {
    let class = |method: &str, path: &str| {
        let all = declared();
        let found = all.iter().find(|o| o.method == method && o.path == path);
        found.unwrap().policy.limit
    };
    assert_eq!(class("GET", "/companies"), LimitClass::Read);
    assert_eq!(class("POST", "/companies"), LimitClass::Write);
    assert_eq!(class("POST", "/bulk-uploads"), LimitClass::Upload);
    assert_eq!(
        class("POST", "/bulk-uploads/{id}/cancel"),
        LimitClass::Write
    );
    assert_eq!(
        class("POST", "/predictions/{kind}/score"),
        LimitClass::Score
    );
    assert_eq!(
        class("POST", "/predictions/{kind}/{id}/reproduce"),
        LimitClass::Score
    );
    for Declared {
        method,
        path,
        policy,
        ..
    } in declared()
    {
        let expected = match path.split('/').nth(1) {
            Some("auth") => LimitClass::Auth,
            Some("admin") => LimitClass::Admin,
            Some("health" | "version") => continue,
            _ if method == "GET" => LimitClass::Read,
            _ => continue,
        };
        assert_eq!(policy.limit, expected, "{method} {path}");
    }
}

#[test]
fn operations_beyond_reads_and_changes_have_the_listed_kinds_of_work() {
    let mut expensive: Vec<String> = declared()
        .iter()
        .filter(|o| !matches!(o.policy.work, Work::Unlimited | Work::Read))
        .map(|o| format!("{} {} {}", o.policy.work.as_str(), o.method, o.path))
        .collect();
    expensive.sort();
    assert_eq!(
        expensive,
        [
            "analytics GET /admin/monitoring/indexes",
            "analytics GET /admin/monitoring/jobs",
            "analytics GET /admin/monitoring/tables",
            "analytics GET /admin/stats",
            "analytics GET /analytics/grades",
            "analytics GET /analytics/model-agreement",
            "analytics GET /analytics/risk-distribution",
            "analytics GET /analytics/transitions",
            "analytics GET /analytics/trend",
            "analytics GET /dashboard",
            "analytics GET /models/{name}/monitoring",
            "analytics GET /organizations/{id}/stats",
            "batch POST /outcomes/batch",
            "batch POST /predictions/{kind}/batch",
            "export GET /me/export",
            "export GET /validations/{id}/sample.csv",
            "score POST /predictions/{kind}/score",
            "score POST /predictions/{kind}/{id}/reproduce",
            "upload POST /bulk-uploads",
            "upload POST /rescorings",
            "upload POST /validations",
        ]
    );
}
