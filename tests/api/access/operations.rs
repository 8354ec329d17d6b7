//! `docs/operations.csv`, tested line by line against the running service: which operations
//! need a recent proof, which are open without a second factor or in an inactive organization,
//! and which keys may call them.

mod calls;
mod exemptions;
mod keys;
mod step_up;

use std::{collections::BTreeSet, path::Path};

use accunode_tests::{Answer, Service, TestUser};
use serde_json::Value;

/// The columns of the keys, in the order of the table.
const SCOPES: [&str; 6] = ["read", "score", "write", "upload", "audit", "admin"];

/// A line of the table.
#[derive(Clone, Debug)]
struct Line {
    /// The method in lower case.
    method: String,
    path: String,
    is_public: bool,
    /// `always`, `sometimes` or `never`.
    step_up: String,
    /// The reason for `never`, or the condition.
    why: String,
    without_second_factor: bool,
    for_inactive: bool,
    /// The expected response to a key of each scope.
    keys: Vec<String>,
}

impl Line {
    fn is(&self, method: &str, path: &str) -> bool {
        (self.method.as_str(), self.path.as_str()) == (method, path)
    }

    fn name(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    /// Returns the path with a value for every parameter.
    fn filled(&self) -> String {
        let id = "00000000-0000-0000-0000-000000000000";
        self.path
            .replace("{id}", id)
            .replace("{invitation_id}", id)
            .replace("{email}", "unknown@example.com")
            .replace("{definition}", "crr_178@1")
            .replace("{kind}", "annual")
            .replace("{name}", "annual")
            .replace("{version}", "1.0.0")
    }
}

/// Returns every line of the table. It has exactly the operations of the service's own
/// document.
async fn lines(service: &Service) -> Vec<Line> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.csv");
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_path(path)
        .expect("the table");
    let header = reader.headers().expect("a header").clone();
    let keys: Vec<String> = SCOPES.iter().map(|scope| format!("key_{scope}")).collect();
    assert_eq!(header.iter().skip(8).collect::<Vec<_>>(), keys);
    let lines: Vec<Line> = reader
        .records()
        .map(|record| {
            let record = record.expect("a line");
            Line {
                method: record[0].to_lowercase(),
                path: record[1].to_owned(),
                is_public: !record[3].is_empty(),
                step_up: record[4].to_owned(),
                why: record[5].to_owned(),
                without_second_factor: !record[6].is_empty(),
                for_inactive: !record[7].is_empty(),
                keys: record.iter().skip(8).map(str::to_owned).collect(),
            }
        })
        .collect();
    let listed: BTreeSet<_> = lines.iter().map(Line::name).collect();
    assert_eq!(listed, documented(service).await);
    lines
}

async fn documented(service: &Service) -> BTreeSet<String> {
    let document = service.anonymous().get("//openapi.json").await.expect(200);
    let paths = document["paths"].as_object().expect("paths");
    let mut all = BTreeSet::new();
    for (path, item) in paths {
        let path = path.strip_prefix("/api/v1").unwrap_or(path);
        for method in item.as_object().expect("operations").keys() {
            all.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    all
}

async fn send(user: &TestUser, method: &str, path: &str, body: Option<&Value>) -> Answer {
    match (method, body) {
        ("get", _) => user.get(path).await,
        ("delete", _) => user.delete(path).await,
        ("post", Some(body)) => user.post(path, body).await,
        ("post", None) => user.post_nothing(path).await,
        ("put", Some(body)) => user.put(path, body).await,
        ("put", None) => user.put_nothing(path).await,
        ("patch", Some(body)) => user.patch(path, body).await,
        ("patch", None) => user.send_raw("PATCH", path, "not JSON").await,
        other => panic!("{other:?} is not sent here"),
    }
}

/// Returns the code of a problem, or the status in words.
fn code(answer: &Answer) -> String {
    match answer.status.as_u16() {
        status @ 400.. => format!("{status} {}", answer.problem(status)),
        status => status.to_string(),
    }
}
