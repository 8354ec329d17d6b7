//! The program from its operators' side: its metrics, its log, its traces.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
};

use accunode_tests::{Serving, free_address};
use serde_json::json;

use crate::{
    killed::until,
    running::{command, eventually, folder},
};

const FILE: &str = "company_symbol,sector,reporting_year,long_term_debt_to_total_capital,\
                    total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets\n\
                    ZEPHYR,Energy,2024,0.3,2.5,0.04,6.5,0.05\n\
                    ZEPHYR,Energy,1024,0.3,2.5,0.04,6.5,0.05\n";

/// Sends requests of every kind and an upload, and creates an organization whose name no metric
/// may contain. Returns the id of the request that made the upload.
async fn busy(serving: &Serving) -> String {
    let ana = serving.anonymous().register("ana@example.com").await;
    drop(ana.get("/companies?limit=5").await.expect(200));
    drop(ana.get("/companies?limit=0").await.problem(422));
    let organization = json!({ "name": "Boreas Bank" });
    let _ = ana.post("/organizations", &organization).await;
    let answer = ana
        .upload(("zephyr.csv", FILE.into()), &[("job_type", "annual")])
        .await;
    let request = answer.header("x-request-id").to_owned();
    let job = answer.expect(202)["id"].as_str().expect("an id").to_owned();
    until(&ana, &job, |job| job["status"] == "completed").await;
    request
}

fn watched(folder: &std::path::Path, metrics: SocketAddr) -> Command {
    let mut command = command(folder);
    command.env("ACCUNODE_METRICS_LISTEN", metrics.to_string());
    command
}

async fn scrape(address: SocketAddr, path: &str) -> (u16, String) {
    let client = accunode_tests::http().build().expect("a client");
    let answer = client.get(format!("http://{address}{path}")).send().await;
    let answer = answer.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.text().await.expect("a text"))
}

/// Returns the value of a metric, by its name and its labels as they are written.
fn value(text: &str, figure: &str) -> f64 {
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix(figure)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {figure} in:\n{text}"))
        .parse()
        .expect("a number")
}

#[tokio::test]
async fn metrics_have_their_own_address_and_identify_no_user() {
    let (data, address) = (folder(), free_address());
    let serving = Serving::of(watched(data.path(), address));
    busy(&serving).await;
    let (status, text) = scrape(address, "/metrics").await;
    assert_eq!(status, 200, "{text}");

    let companies = "method=\"GET\",operation=\"/api/v1/companies\"";
    let answered = |status: u16| {
        let figure = format!("accunode_http_requests_total{{{companies},status=\"{status}\"}}");
        value(&text, &figure)
    };
    assert!((answered(200) - 1.0).abs() < 1e-9 && (answered(422) - 1.0).abs() < 1e-9);
    let timed = format!("accunode_http_request_duration_seconds_count{{{companies}}}");
    assert!((value(&text, &timed) - 2.0).abs() < 1e-9);
    for (figure, least) in [
        ("accunode_ready", 1.0),
        ("accunode_jobs{status=\"pending\"}", 0.0),
        (
            "accunode_jobs_ended_total{task=\"upload\",status=\"completed\"}",
            1.0,
        ),
        (
            "accunode_job_rows_total{task=\"upload\",outcome=\"success\"}",
            1.0,
        ),
        (
            "accunode_job_rows_total{task=\"upload\",outcome=\"error\"}",
            1.0,
        ),
        (
            "accunode_model_rows_total{kind=\"annual\",outcome=\"scored\"}",
            1.0,
        ),
        ("accunode_session_lookups_total{outcome=\"found\"}", 3.0),
        ("accunode_sessions_started_total", 1.0),
        ("accunode_database_connections_max{pool=\"reads\"}", 1.0),
        ("accunode_disk_free_bytes{volume=\"files\"}", 1.0),
    ] {
        let found = value(&text, figure);
        assert!(found >= least, "{figure} is {found}, not at least {least}");
    }
    // No user, tenant, company, file or row.
    for name in ["ana@", "example.com", "Boreas", "ZEPHYR", "zephyr"] {
        assert!(!text.contains(name), "{name} in:\n{text}");
    }

    // Not on the API, and nothing else at this address.
    let (status, _) = scrape(serving.address().parse().expect("an address"), "/metrics").await;
    assert_eq!(status, 404);
    let (status, _) = scrape(address, "/api/v1/companies").await;
    assert_eq!(status, 404);
    assert!(serving.stop().success());
}

#[tokio::test]
async fn request_and_its_job_share_an_id_in_the_log() {
    let data = folder();
    let mut json = command(data.path());
    json.env("ACCUNODE_LOG_FORMAT", "json");
    let serving = Serving::of(json);
    let request = busy(&serving).await;
    let (_, log) = serving.stop_with_log();
    let lines: Vec<_> = log.lines().filter(|line| line.contains(&request)).collect();
    for message in ["\"answered\"", "\"job taken\"", "\"job completed\""] {
        let found = lines.iter().any(|line| line.contains(message));
        assert!(found, "no {message} with {request}:\n{log}");
    }
}

/// The path, the header and the body of a request to the collector.
type Sent = (String, String, Vec<u8>);

/// A collector that stores requests, as path, head and body.
struct Collector {
    address: SocketAddr,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let sent = Arc::new(Mutex::new(Vec::new()));
        let into = sent.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let into = into.clone();
                std::thread::spawn(move || while take(&connection, &into).is_some() {});
            }
        });
        Self { address, sent }
    }

    /// Returns whether a request to this path contains these bytes. Texts are not encoded in
    /// protobuf.
    fn has(&self, path: &str, text: &str) -> bool {
        let sent = self.sent.lock().expect("no panic");
        sent.iter().any(|(to, _, body)| {
            to == path && body.windows(text.len()).any(|part| part == text.as_bytes())
        })
    }
}

fn take(connection: &TcpStream, into: &Mutex<Vec<(String, String, Vec<u8>)>>) -> Option<()> {
    let mut reader = BufReader::new(connection);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_lowercase();
    let length = head.split("content-length:").nth(1)?.lines().next()?;
    let mut body = vec![0; length.trim().parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    into.lock().ok()?.push((path, head, body));
    let mut connection = connection;
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    connection.write_all(answer).ok()
}

#[tokio::test]
async fn traces_and_logs_reach_a_collector() {
    let (data, collector) = (folder(), Collector::start());
    let mut command = command(data.path());
    let endpoint = format!("http://{}", collector.address);
    command.env("ACCUNODE_OTLP_ENDPOINT", endpoint);
    command.env("ACCUNODE_OTLP_HEADERS", "authorization=Bearer opened");
    let serving = Serving::of(command);
    let request = busy(&serving).await;
    // The rest is sent at the end, so that no waiting is needed.
    assert!(serving.stop().success());
    for (path, text) in [
        ("/v1/traces", "accunode"),
        ("/v1/traces", "/api/v1/companies"),
        ("/v1/traces", request.as_str()),
        ("/v1/traces", "job"),
        ("/v1/logs", "job completed"),
        ("/v1/logs", "answered"),
    ] {
        eventually(&format!("{text} at {path}"), || collector.has(path, text)).await;
    }
    let sent = collector.sent.lock().expect("no panic");
    let is_let_in =
        |(_, head, _): &(String, String, Vec<u8>)| head.contains("authorization: bearer opened");
    assert!(sent.iter().all(is_let_in));
    // Log lines about the export are not exported.
    let own = sent.iter().filter(|(_, _, body)| {
        let text = String::from_utf8_lossy(body);
        text.contains("hyper_util") || text.contains("reqwest")
    });
    assert_eq!(own.count(), 0);
}

#[tokio::test]
async fn unreachable_collector_does_not_affect_the_service() {
    let data = folder();
    let mut command = command(data.path());
    command.env(
        "ACCUNODE_OTLP_ENDPOINT",
        format!("http://{}", free_address()),
    );
    let serving = Serving::of(command);
    busy(&serving).await;
    assert!(serving.stop().success());
}
