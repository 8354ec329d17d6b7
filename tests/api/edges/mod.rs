//! Edge values for every parameter and property in the OpenAPI document: each request is
//! answered, none with a 5xx, and every refusal is a problem document.

mod document;
mod rows;
mod values;

use std::{sync::Mutex, time::Duration};

use accunode_tests::{Service, ServiceOptions, TestUser, tenancy::Tenancy};
use futures::stream::{self, StreamExt};
use reqwest::{Method, header, multipart};
use serde_json::{Map, Value};

use document::{Body, Operation, Parameter, ParameterLocation, operations, pointers};
use rows::{Filled, Setup, path_with};
use values::{HEADERS, NO_TEXTS, TEXTS, WRITTEN, cursors, deep, encoded, long, many};

/// The number of operations that are tested at once.
const AT_ONCE: usize = 6;
/// The time limit of a response. The machine may be busy.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest refusal.
const LONGEST_REFUSAL: usize = 256 << 10;

/// The state of testing one operation.
struct OperationCheck<'a> {
    client: &'a reqwest::Client,
    caller: TestUser,
    operation: &'a Operation,
    /// The index of the operation.
    at: usize,
    /// The faulty responses.
    wrong: Vec<String>,
    requests: usize,
    /// Whether the operation itself answered, and not a check before it.
    reached: bool,
    last: String,
}

/// A request, and its description.
struct Sent {
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Content,
    what: String,
}

enum Content {
    None,
    Json(Vec<u8>),
    Form(Vec<(String, Vec<u8>)>),
}

impl OperationCheck<'_> {
    async fn send(&mut self, sent: Sent) {
        self.requests += 1;
        let (at, n) = (self.at % 250, self.requests);
        let address = format!("10.{at}.{}.{}", n / 250 % 250, n % 250);
        let method: Method = self.operation.method.parse().expect("a method");
        let token = self.caller.token().expect("a session");
        let mut request = self
            .client
            .request(method, self.caller.url(&sent.path))
            .header("x-forwarded-for", address)
            .bearer_auth(token);
        for (name, value) in sent.headers {
            request = request.header(name, value);
        }
        request = match sent.body {
            Content::None => request,
            Content::Json(text) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(text),
            Content::Form(fields) => {
                let parts = fields.into_iter();
                request.multipart(parts.fold(multipart::Form::new(), |form, (name, bytes)| {
                    let part = multipart::Part::bytes(bytes);
                    let part = match name.as_str() {
                        "file" => part.file_name("a.csv"),
                        _ => part,
                    };
                    form.part(name, part)
                }))
            }
        };
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return self.note(&sent.what, &format!("no answer: {error:?}")),
        };
        let status = answer.status().as_u16();
        let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
        let text = match answer.bytes().await {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => return self.note(&sent.what, &format!("half an answer: {error:?}")),
        };
        self.last = format!("{}: {status} {:.200}", sent.what, text);
        match status {
            // This is reported for what the installation lacks, whatever was sent.
            503 if text.contains("\"code\":\"extension_missing\"") => self.reached = true,
            500.. => self.note(&sent.what, &format!("{status} {text}")),
            400..500 => {
                let problem: Value = serde_json::from_str(&text).unwrap_or_default();
                let is_problem = kind.is_some_and(|kind| kind == "application/problem+json")
                    && problem["code"].is_string()
                    && problem["status"] == status
                    && text.len() <= LONGEST_REFUSAL;
                if !is_problem {
                    let found = format!("{status} that is no problem: {text:.500}");
                    self.note(&sent.what, &found);
                }
                // Refused by the operation because of the input, not by a check before it.
                self.reached |= matches!(status, 409 | 410 | 412 | 413 | 415 | 422)
                    || problem["errors"].as_array().is_some_and(|e| !e.is_empty());
            }
            _ => self.reached = true,
        }
    }

    fn note(&mut self, what: &str, found: &str) {
        self.wrong
            .push(format!("{} with {what}: {found}", self.operation.name()));
    }
}

/// Returns every request that an operation is sent, each with one replaced value.
fn requests(operation: &Operation, filled: &Filled) -> Vec<Sent> {
    let path = path_with(operation, filled);
    let body = || match &operation.body {
        Some(body) => content(body, &body.required),
        None => Content::None,
    };
    let plain = |path: String, what: String| Sent {
        path,
        headers: Vec::new(),
        body: body(),
        what,
    };
    let mut all = Vec::new();
    for parameter in &operation.parameters {
        let name = &parameter.name;
        match parameter.place {
            ParameterLocation::Path => {
                for (text, what) in texts(parameter) {
                    let mut other = filled.clone();
                    for (filled, value) in &mut other {
                        if filled == name {
                            *value = text.clone();
                        }
                    }
                    all.push(plain(
                        path_with(operation, &other),
                        format!("{name} {what}"),
                    ));
                }
            }
            ParameterLocation::Query => {
                for (text, what) in texts(parameter) {
                    let path = format!("{path}?{name}={text}");
                    all.push(plain(path, format!("?{name}={what}")));
                }
                all.push(plain(format!("{path}?{name}"), format!("?{name}")));
                let twice = format!("{path}?{name}=1&{name}=1");
                all.push(plain(twice, format!("?{name} twice")));
            }
            ParameterLocation::Header => {
                let long = vec![b'x'; 6_000];
                for value in HEADERS.iter().copied().chain([long.as_slice()]) {
                    all.push(Sent {
                        headers: vec![(name.clone(), value.to_vec())],
                        ..plain(
                            path.clone(),
                            format!("{name}: {:.60?}", value.escape_ascii()),
                        )
                    });
                }
            }
        }
    }
    if let Some(body) = &operation.body {
        for (content, what) in bodies(body) {
            all.push(Sent {
                body: content,
                ..plain(path.clone(), what)
            });
        }
    }
    // Operations without parameters are also sent some.
    for odd in ["%00=%00", "=", "&&&", "%F0%9F", "a[]=1&a[b]=2"] {
        all.push(plain(format!("{path}?{odd}"), format!("?{odd}")));
    }
    all
}

/// Returns texts for a path or a query, encoded, with their descriptions.
fn texts(parameter: &Parameter) -> Vec<(String, String)> {
    let mut cursors = cursors();
    cursors.retain(|_| parameter.name == "cursor");
    let mut all: Vec<(String, String)> = TEXTS
        .iter()
        .chain(WRITTEN)
        .map(|text| (*text).to_owned())
        .chain(cursors)
        .map(|text| (encoded(&text), format!("{text:?}")))
        .collect();
    // Invalid texts: an incomplete character, and one with an overlong encoding.
    for raw in ["%ff", "%c0%80", "%ed%a0%80", "%", "%zz"] {
        all.push((raw.to_owned(), raw.to_owned()));
    }
    all.push((
        encoded(&long())[..5_000].to_owned(),
        "a long text".to_owned(),
    ));
    if parameter.place == ParameterLocation::Path {
        // It would be another path.
        all.retain(|(text, _)| !text.is_empty());
    }
    all
}

fn content(body: &Body, fields: &Map<String, Value>) -> Content {
    if body.is_form {
        let fields = fields
            .iter()
            .map(|(name, value)| match (name.as_str(), value) {
                ("file", _) => (name.clone(), crate::support::file_of(["EDGE"])),
                (_, Value::String(text)) => (name.clone(), text.clone().into_bytes()),
                (_, other) => (name.clone(), other.to_string().into_bytes()),
            });
        Content::Form(fields.collect())
    } else {
        Content::Json(Value::Object(fields.clone()).to_string().into_bytes())
    }
}

/// The placeholder for the tested value until the body is written.
const HERE: &str = "here-stands-the-value";

/// Returns bodies with an edge value at one position, and bodies that consist of one.
fn bodies(body: &Body) -> Vec<(Content, String)> {
    let mut all = Vec::new();
    if body.is_form {
        for name in body.full.keys() {
            for text in TEXTS.iter().copied().chain([long().as_str()]) {
                let Content::Form(mut fields) = content(body, &body.required) else {
                    continue;
                };
                fields.retain(|(other, _)| other != name);
                fields.push((name.clone(), text.as_bytes().to_vec()));
                all.push((Content::Form(fields), format!("/{name} {text:.40?}")));
            }
        }
        return all;
    }
    let values: Vec<String> = TEXTS
        .iter()
        .map(|text| Value::from(*text).to_string())
        .chain(NO_TEXTS.iter().map(|text| (*text).to_owned()))
        .chain([Value::from(long()).to_string(), deep(), many()])
        .collect();
    for value in &values {
        let bytes = value.clone().into_bytes();
        all.push((Content::Json(bytes), format!("the body {value:.40}")));
    }
    for (name, sample) in &body.full {
        let mut fields = body.required.clone();
        fields.insert(name.clone(), sample.clone());
        for pointer in pointers(sample) {
            let mut whole = Value::Object(fields.clone());
            let at = format!("/{name}{pointer}");
            *whole.pointer_mut(&at).expect("a place") = HERE.into();
            let whole = whole.to_string();
            for value in &values {
                let text = whole.replace(&format!("\"{HERE}\""), value);
                all.push((
                    Content::Json(text.into_bytes()),
                    format!("{at} {value:.40}"),
                ));
            }
        }
        // Edge values as the name of a field.
        for key in ["", "\0", "\u{202e}"] {
            let mut whole = body.required.clone();
            whole.insert(key.to_owned(), sample.clone());
            all.push((content(body, &whole), format!("the field {key:?}")));
        }
    }
    all
}

async fn ask<'a>(
    setup: &Setup,
    client: &'a reqwest::Client,
    at: usize,
    operation: &'a Operation,
) -> OperationCheck<'a> {
    let caller = setup.caller(at).await;
    let filled = setup.filled(at, &caller, operation).await;
    let mut asked = OperationCheck {
        client,
        caller,
        operation,
        at,
        wrong: Vec::new(),
        requests: 0,
        reached: false,
        last: String::new(),
    };
    for sent in requests(operation, &filled) {
        asked.send(sent).await;
    }
    // A valid request. It is last because it may delete the row.
    let path = path_with(operation, &filled);
    let body = match &operation.body {
        Some(body) => content(body, &body.required),
        None => Content::None,
    };
    let sent = Sent {
        path,
        headers: Vec::new(),
        body,
        what: "what it asks for".to_owned(),
    };
    asked.send(sent).await;
    asked
}

#[tokio::test]
async fn edge_values_of_every_parameter_never_cause_a_5xx() {
    // Every request has a separate address, so that none waits because of failed logins.
    let options = ServiceOptions::default()
        .without_worker()
        .with("trusted_proxies", "127.0.0.1")
        .with("password_hashing.memory_kib", "64");
    let service = Service::with(options).await;
    let users = Tenancy::of(&service).await;
    let pool = service.database.superuser().await;
    let document = service.anonymous().get("//openapi.json").await.expect(200);
    let operations = operations(&document);
    assert!(
        operations.len() >= 95,
        "only {} operations",
        operations.len()
    );
    let setup = Setup {
        service,
        users,
        pool,
    };
    let client = accunode_tests::http()
        .pool_idle_timeout(Duration::from_secs(2))
        .timeout(REQUEST_TIMEOUT)
        .build()
        .expect("a client");
    let (wrong, counts) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    stream::iter(operations.iter().enumerate())
        .for_each_concurrent(AT_ONCE, |(at, operation)| {
            let (setup, client, wrong, counts) = (&setup, &client, &wrong, &counts);
            async move {
                let asked = ask(setup, client, at, operation).await;
                let mut wrong = wrong.lock().expect("no one panics with it");
                if !asked.reached {
                    let name = operation.name();
                    let last = &asked.last;
                    wrong.push(format!("{name} was never reached; the last was {last}"));
                }
                // The first few are sufficient.
                wrong.extend(asked.wrong.into_iter().take(5));
                let mut counts = counts.lock().expect("no one panics with it");
                counts.push((operation.name(), asked.requests));
            }
        })
        .await;
    let wrong = wrong.into_inner().expect("no one panics with it");
    assert!(wrong.is_empty(), "{} answers: {wrong:#?}", wrong.len());
    let counts = counts.into_inner().expect("no one panics with it");
    let requests: usize = counts.iter().map(|(_, requests)| requests).sum();
    assert!(requests > 5_000, "only {requests} requests: {counts:?}");
    let _ = setup
        .service
        .anonymous()
        .get("//health/ready")
        .await
        .expect(200);
}
