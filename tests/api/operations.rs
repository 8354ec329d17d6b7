//! Paths outside the API's base, and whether the document describes all operations
//! correctly.

use accunode_tests::Service;
use serde_json::{Value, json};

/// Returns every operation of the document: method, path with an example for each
/// parameter, public.
async fn operations(service: &Service) -> Vec<(String, String, bool)> {
    let document = service.anonymous().get("//openapi.json").await.expect(200);
    let paths = document["paths"].as_object().expect("paths");
    let mut operations = Vec::new();
    for (path, item) in paths {
        let example = path
            .replace("{kind}", "annual")
            .replace("{id}", "00000000-0000-4000-8000-000000000000")
            .replace("{invitation_id}", "00000000-0000-4000-8000-000000000000")
            .replace("{email}", "ada@example.com")
            .replace("{name}", "annual")
            .replace("{version}", "1.0.0")
            .replace("{definition}", "crr_178@1");
        assert!(
            !example.contains('{'),
            "an example is missing for {example}"
        );
        let path = match example.strip_prefix("/api/v1") {
            Some(path) => path.to_owned(),
            None => format!("/{example}"),
        };
        for (method, operation) in item.as_object().into_iter().flatten() {
            let is_public = path.starts_with("//") || operation["security"] == json!([]);
            operations.push((method.to_uppercase(), path.clone(), is_public));
        }
    }
    operations
}

#[tokio::test]
async fn every_documented_operation_exists_and_requires_its_authentication() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let operations = operations(&service).await;
    assert!(operations.len() >= 30, "{operations:?}");
    for (method, path, is_public) in operations {
        let ask = async |user: &accunode_tests::TestUser| match method.as_str() {
            "GET" => user.get(&path).await,
            "DELETE" => user.delete(&path).await,
            "PATCH" => user.patch(&path, &json!({})).await,
            "PUT" => user.put(&path, &json!({})).await,
            _ => user.post(&path, &json!({})).await,
        };
        let anonymous = ask(&service.anonymous()).await;
        if is_public {
            assert_ne!(anonymous.status.as_u16(), 401, "{method} {path}");
        } else {
            assert_eq!(anonymous.problem(401), "token_required", "{method} {path}");
        }
        if path == "/auth/logout" {
            continue;
        }
        let answer = ask(&ana).await;
        let status = answer.status.as_u16();
        assert!(
            status < 500 && status != 405,
            "{method} {path}: {status} {}",
            answer.text
        );
        assert!(
            !answer.text.contains("there is nothing at this address"),
            "{method} {path} is in the document and not in the service"
        );
    }
}

#[tokio::test]
async fn served_openapi_document_equals_the_one_in_the_repository() {
    let service = Service::start().await;
    let answer = service.anonymous().get("//openapi.json").await;
    assert!(
        answer
            .header("content-type")
            .starts_with("application/json")
    );
    let served: Value = answer.expect(200);
    assert!(
        served["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3.1"))
    );
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let kept: Value =
        serde_json::from_slice(&std::fs::read(path).expect("the document")).expect("JSON");
    assert!(
        served == kept,
        "docs/openapi.json is not what the service serves"
    );
}

#[tokio::test]
async fn the_documentation_needs_no_other_host() {
    let service = Service::start().await;
    let anonymous = service.anonymous();
    let page = anonymous.get("//docs/").await;
    assert_eq!(page.status.as_u16(), 200, "{}", page.text);
    assert!(page.header("content-type").starts_with("text/html"));
    let mut linked = Vec::new();
    for part in page.text.split(['"', '\'']) {
        assert!(
            !part.starts_with("http:") && !part.starts_with("https:") && !part.starts_with("//"),
            "the page refers to {part}"
        );
        if part.ends_with(".js") || part.ends_with(".css") {
            linked.push(part.trim_start_matches("./").to_owned());
        }
    }
    assert!(linked.len() >= 2, "{}", page.text);
    for name in linked {
        let path = if name.starts_with('/') {
            format!("/{name}")
        } else {
            format!("//docs/{name}")
        };
        assert_eq!(anonymous.get(&path).await.status.as_u16(), 200, "{name}");
    }
    let policy = page.header("content-security-policy");
    assert!(
        !policy.contains("http") && policy.contains("'self'"),
        "{policy}"
    );
}

#[tokio::test]
async fn health_and_version_endpoints_answer() {
    let service = Service::start().await;
    let anonymous = service.anonymous();
    assert_eq!(
        anonymous.get("//health/live").await.expect(200)["status"],
        "ok"
    );
    assert_eq!(
        anonymous.get("//health/ready").await.expect(200)["status"],
        "ok"
    );
    let version = anonymous.get("//version").await.expect(200);
    assert_eq!(version["name"], "accunode");
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn missing_migration_makes_the_service_not_ready_but_live() {
    let service = Service::start().await;
    let pool = service.database.superuser().await;
    crate::support::run(
        &pool,
        "DELETE FROM seaql_migrations WHERE version = (SELECT max(version) FROM seaql_migrations)",
    )
    .await;
    let answer = service.anonymous().get("//health/ready").await;
    assert_eq!(answer.status.as_u16(), 503, "{}", answer.text);
    assert!(answer.text.contains("migration"), "{}", answer.text);
    assert!(!answer.header("retry-after").is_empty());
    let _ = service.anonymous().get("//health/live").await.expect(200);
}

#[tokio::test]
async fn the_example_of_the_readme_works_as_written() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/annual.csv");
    let bytes = std::fs::read(path).expect("the example");
    let fields = [
        ("job_type", "annual"),
        ("ratio_unit", "percent"),
        ("on_conflict", "skip"),
    ];
    let job = ana.upload(("annual.csv", bytes), &fields).await.expect(202);
    let done = service
        .finished(&ana, job["id"].as_str().expect("an id"))
        .await;
    assert_eq!(done["status"], "completed", "{done}");
    assert!(
        done["success_count"].as_i64().is_some_and(|n| n > 0),
        "{done}"
    );
    let riskiest = ana
        .get("/predictions/annual?sort=pd&limit=5")
        .await
        .expect(200);
    assert!(
        !riskiest["data"].as_array().is_none_or(Vec::is_empty),
        "{riskiest}"
    );
}
