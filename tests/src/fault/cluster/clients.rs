//! The clients: each sends its requests to both nodes in turn, and looks for its own changes at
//! the other node.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::ensure;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    super::server::Client,
    ledger::{Ledger, Upload},
};

/// The time limit of a job; a killed worker's lease runs out after 30 s.
const JOB_TIMEOUT: Duration = Duration::from_secs(180);

/// The rows of a small upload.
const ROWS: usize = 50;

/// A user at both nodes.
#[derive(Clone, Debug)]
pub(super) struct User {
    nodes: [Client; 2],
    email: String,
    ledger: Ledger,
    next: usize,
}

impl User {
    /// Signs a new user up.
    pub(super) async fn register(
        bases: &[String; 2],
        name: &str,
        ledger: &Ledger,
    ) -> anyhow::Result<Self> {
        let email = format!("{name}@example.com");
        let client = Client::anonymous(&bases[0], true)?.register(&email).await?;
        Ok(Self {
            nodes: [client.clone(), client.at(&bases[1])],
            email,
            ledger: ledger.clone(),
            next: 0,
        })
    }

    /// Signs in again: Redis may have lost the session in a failover.
    pub(super) async fn login(&mut self) {
        for n in 0..2 {
            if let Ok(client) = self.nodes[n].login(&self.email).await {
                self.nodes = [0, 1].map(|other| client.at(self.nodes[other].base()));
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    /// Sends a request to the next node. `None` if it was not served.
    pub(super) async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Option<(StatusCode, Value)> {
        self.next += 1;
        let node = &self.nodes[self.next % 2];
        let answer = node.send(method, path, body).await;
        self.noted(answer).await
    }

    async fn noted(
        &mut self,
        answer: anyhow::Result<(StatusCode, Value)>,
    ) -> Option<(StatusCode, Value)> {
        match answer {
            Ok((status, body)) if status.is_success() || status == 404 => {
                self.ledger.served();
                Some((status, body))
            }
            Ok((status, _)) => {
                self.ledger.failed(status.as_u16().to_string());
                if status == 401 {
                    self.login().await;
                }
                None
            }
            Err(_) => {
                self.ledger.failed("no answer".to_owned());
                None
            }
        }
    }

    /// Repeats a read until it is served by one of the nodes.
    pub(super) async fn read(
        &mut self,
        path: &str,
        stop: &AtomicBool,
    ) -> Option<(StatusCode, Value)> {
        while !stop.load(Ordering::Relaxed) {
            if let Some(answer) = self.send(Method::GET, path, None).await {
                return Some(answer);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }

    /// Uploads a file, and returns its job once it is accepted.
    pub(super) async fn upload(
        &mut self,
        file: Vec<u8>,
        fields: &[(&str, &str)],
    ) -> Option<String> {
        self.next += 1;
        let node = &self.nodes[self.next % 2];
        let answer = node.upload_with("rows.csv", file, fields).await;
        let answer = answer.and_then(|(status, job)| Ok((StatusCode::from_u16(status)?, job)));
        let (_, job) = self.noted(answer).await?;
        job["id"].as_str().map(str::to_owned)
    }

    /// Waits until a job has ended.
    pub(super) async fn until_ended(&mut self, job: &str) -> anyhow::Result<Value> {
        let end = Instant::now() + JOB_TIMEOUT;
        let never = AtomicBool::new(false);
        let mut seen = Value::Null;
        while Instant::now() < end {
            if let Some((_, now)) = self.read(&format!("/bulk-uploads/{job}"), &never).await {
                seen = now;
                if !matches!(seen["status"].as_str(), Some("pending" | "processing")) {
                    return Ok(seen);
                }
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        anyhow::bail!("a job does not end: {seen}")
    }

    /// Returns the number of predictions of a job that the user sees now.
    pub(super) async fn predictions_of(&mut self, job: &str) -> usize {
        let never = AtomicBool::new(false);
        let path = format!("/predictions/annual?job_id={job}&limit=1000");
        let page = self.read(&path, &never).await;
        page.and_then(|(_, page)| page["data"].as_array().map(Vec::len))
            .unwrap_or_default()
    }
}

/// Returns a file of rows whose companies begin with a prefix.
pub(super) fn file(prefix: &str, rows: usize) -> Vec<u8> {
    let mut text = String::from(
        "company_symbol,sector,reporting_year,long_term_debt_to_total_capital,total_debt_to_ebitda,\
         net_income_margin,ebit_to_interest_expense,return_on_assets\n",
    );
    for n in 0..rows {
        // Writing to memory cannot fail.
        let _ = writeln!(
            text,
            "{prefix}{n},Energy,2024,0.{:02},2.5,0.03,6.{},0.05",
            n % 90,
            n % 10
        );
    }
    text.into_bytes()
}

/// Everything that sends requests until it is stopped.
#[derive(Debug)]
pub(super) struct Clients {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<anyhow::Result<()>>,
}

impl Clients {
    /// Starts writers, readers and uploaders.
    pub(super) fn start(writers: Vec<User>, readers: Vec<User>, uploaders: Vec<User>) -> Self {
        let mut this = Self {
            stop: Arc::default(),
            tasks: JoinSet::new(),
        };
        for (n, mut user) in writers.into_iter().enumerate() {
            let stop = this.stop.clone();
            this.tasks
                .spawn(async move { write(&mut user, n, &stop).await });
        }
        for mut user in readers {
            let stop = this.stop.clone();
            this.tasks
                .spawn(async move { read(&mut user, &stop).await });
        }
        for (n, mut user) in uploaders.into_iter().enumerate() {
            let stop = this.stop.clone();
            this.tasks
                .spawn(async move { upload(&mut user, n, &stop).await });
        }
        this
    }

    /// Stops them; each completes what it has begun.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        Ok(())
    }
}

/// Creates companies, and looks for each at the other node at once.
async fn write(user: &mut User, writer: usize, stop: &AtomicBool) -> anyhow::Result<()> {
    let mut n = 0;
    while !stop.load(Ordering::Relaxed) {
        let symbol = format!("W{writer}N{n}");
        n += 1;
        let body = json!({ "symbol": symbol, "name": symbol, "sector": "Energy" });
        let made = user.send(Method::POST, "/companies", Some(&body)).await;
        if let Some(id) = made.as_ref().and_then(|(_, made)| made["id"].as_str()) {
            user.ledger.created(id);
            if let Some((status, _)) = user.read(&format!("/companies/{id}"), stop).await {
                user.ledger
                    .read_own(status == 200, || format!("company {symbol}: {status}"));
            }
            let search = format!("/companies?symbol={symbol}");
            if let Some((_, page)) = user.read(&search, stop).await {
                user.ledger.read_own(page["data"][0]["id"] == id, || {
                    format!("list of {symbol}: {page}")
                });
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Reads what the replica may answer.
async fn read(user: &mut User, stop: &AtomicBool) -> anyhow::Result<()> {
    while !stop.load(Ordering::Relaxed) {
        user.send(Method::GET, "/companies?limit=20", None).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Uploads small files, follows their jobs, and looks for their rows.
async fn upload(user: &mut User, uploader: usize, stop: &AtomicBool) -> anyhow::Result<()> {
    let mut n = 0;
    while !stop.load(Ordering::Relaxed) {
        let file = file(&format!("U{uploader}N{n}R"), ROWS);
        n += 1;
        let Some(id) = user.upload(file, &[("job_type", "annual")]).await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let accepted = Upload { id, rows: ROWS };
        user.ledger.accepted(accepted.clone());
        let ended = user.until_ended(&accepted.id).await?;
        ensure!(
            ended["status"] == "completed",
            "an accepted upload: {ended}"
        );
        let seen = user.predictions_of(&accepted.id).await;
        user.ledger.read_own(seen == ROWS, || {
            format!("{seen} rows of job {}", accepted.id)
        });
    }
    Ok(())
}
