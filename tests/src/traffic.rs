//! Traffic over several processes: a load balancer, and the clients whose requests it
//! distributes.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::task::JoinSet;

/// How often the readiness of each process is checked.
const LOOK: Duration = Duration::from_millis(50);

/// Knows which processes are ready, as a load balancer does, and chooses one for each
/// request. It ends with its value.
#[derive(Debug)]
pub struct Balancer {
    nodes: Arc<Vec<Node>>,
    next: AtomicUsize,
    looks: tokio::task::AbortHandle,
}

#[derive(Debug)]
struct Node {
    base: String,
    is_ready: AtomicBool,
}

impl Balancer {
    /// Watches the processes at these addresses from now on.
    #[must_use]
    pub fn over(addresses: &[SocketAddr]) -> Self {
        let nodes = addresses.iter().map(|address| Node {
            base: format!("http://{address}"),
            is_ready: AtomicBool::new(false),
        });
        let nodes: Arc<Vec<Node>> = Arc::new(nodes.collect());
        let looked_at = nodes.clone();
        let looks = tokio::spawn(async move {
            let client = client(false);
            loop {
                for node in looked_at.iter() {
                    let url = format!("{}/health/ready", node.base);
                    let answer = client.get(url).timeout(Duration::from_secs(5)).send().await;
                    let is_ready = answer.is_ok_and(|answer| answer.status().is_success());
                    node.is_ready.store(is_ready, Ordering::SeqCst);
                }
                tokio::time::sleep(LOOK).await;
            }
        });
        Self {
            nodes,
            next: AtomicUsize::new(0),
            looks: looks.abort_handle(),
        }
    }

    /// Returns the address of a ready process; waits for one.
    pub async fn choose(&self) -> String {
        loop {
            for _ in 0..self.nodes.len() {
                let n = self.next.fetch_add(1, Ordering::SeqCst) % self.nodes.len();
                if self.nodes[n].is_ready.load(Ordering::SeqCst) {
                    return self.nodes[n].base.clone();
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until the process is, or is not, ready.
    pub async fn sees(&self, n: usize, ready: bool) {
        while self.nodes[n].is_ready.load(Ordering::SeqCst) != ready {
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.looks.abort();
    }
}

/// Returns a client that reuses its connections, or opens one for each request.
fn client(keeps: bool) -> reqwest::Client {
    let builder = crate::http().no_proxy();
    let builder = if keeps {
        builder
    } else {
        builder.pool_max_idle_per_host(0)
    };
    builder.build().expect("a client")
}

/// The results of a run's requests.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Requests over connections that were opened for them.
    pub fresh: usize,
    /// Requests over reused connections.
    pub kept: usize,
    /// Uploads that were accepted, by id.
    pub uploads: Vec<String>,
    /// Companies that were acknowledged.
    pub companies: Vec<String>,
    /// Failed requests over fresh connections.
    pub fresh_failed: usize,
    /// Failed requests over reused connections.
    pub kept_failed: usize,
    /// The failures, with their numbers.
    pub failed: BTreeMap<String, usize>,
}

impl Figures {
    /// Returns how many requests failed.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.failed.values().sum()
    }
}

/// Sends requests until stopped: reads and writes over both kinds of connections, and
/// uploads.
#[derive(Debug)]
pub struct Traffic {
    stop: Arc<AtomicBool>,
    figures: Arc<Mutex<Figures>>,
    workers: JoinSet<()>,
}

impl Traffic {
    /// Begins, with this number of clients of each kind, as the user with this token. One in
    /// `upload_each` requests of a client is an upload.
    #[must_use]
    pub fn begin(
        balancer: &Arc<Balancer>,
        token: &str,
        clients: usize,
        upload_each: usize,
    ) -> Self {
        let mut traffic = Self {
            stop: Arc::default(),
            figures: Arc::default(),
            workers: JoinSet::new(),
        };
        for n in 0..clients {
            for keeps in [true, false] {
                let client = Client {
                    name: format!("{}{n}", if keeps { "K" } else { "F" }),
                    balancer: balancer.clone(),
                    token: token.to_owned(),
                    http: client(keeps),
                    keeps,
                    upload_each,
                    figures: traffic.figures.clone(),
                };
                let stop = traffic.stop.clone();
                traffic.workers.spawn(async move {
                    let mut turn = 0;
                    while !stop.load(Ordering::SeqCst) {
                        client.request(turn).await;
                        turn += 1;
                    }
                });
            }
        }
        traffic
    }

    /// Returns how many requests were sent so far.
    #[must_use]
    pub fn count(&self) -> usize {
        let figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        figures.fresh + figures.kept
    }

    /// Returns when every request that was begun has its response.
    pub async fn end(mut self) -> Figures {
        self.stop.store(true, Ordering::SeqCst);
        while self.workers.join_next().await.is_some() {}
        let figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        figures.clone()
    }
}

struct Client {
    name: String,
    balancer: Arc<Balancer>,
    token: String,
    http: reqwest::Client,
    keeps: bool,
    upload_each: usize,
    figures: Arc<Mutex<Figures>>,
}

impl Client {
    async fn request(&self, turn: usize) {
        let base = format!("{}/api/v1", self.balancer.choose().await);
        let symbol = format!("{}-{turn}", self.name);
        let (request, expected) = match turn {
            n if n % self.upload_each == 0 => (self.upload(&base, &symbol), 202),
            n if n % 5 == 1 => {
                let body = json!({ "symbol": symbol, "name": symbol, "sector": "Energy" });
                (self.http.post(format!("{base}/companies")).json(&body), 201)
            }
            n if n % 5 == 2 => (self.http.get(format!("{base}/companies?limit=5")), 200),
            _ => (self.http.get(format!("{base}/me")), 200),
        };
        let answer = request
            .bearer_auth(&self.token)
            .timeout(Duration::from_secs(60))
            .send()
            .await;
        let failure = match answer {
            Ok(answer) if answer.status().as_u16() == expected => match answer.text().await {
                Ok(text) => {
                    self.note(expected, symbol, &text);
                    None
                }
                Err(error) => Some(format!("cut off: {}", causes(&error))),
            },
            Ok(answer) => {
                let status = answer.status();
                Some(format!(
                    "{status}: {}",
                    answer.text().await.unwrap_or_default()
                ))
            }
            Err(error) => Some(causes(&error)),
        };
        let mut figures = self.figures();
        if self.keeps {
            figures.kept += 1;
        } else {
            figures.fresh += 1;
        }
        if let Some(failure) = failure {
            if self.keeps {
                figures.kept_failed += 1;
            } else {
                figures.fresh_failed += 1;
            }
            *figures.failed.entry(failure).or_default() += 1;
        }
    }

    fn upload(&self, base: &str, symbol: &str) -> reqwest::RequestBuilder {
        let header = "company_symbol,sector,reporting_year,long_term_debt_to_total_capital,\
                      total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets";
        let rows: String = (0..20)
            // A letter for each row, because a symbol has ten characters at most.
            .map(|n: u8| {
                let row = char::from(b'A' + n);
                format!("\nU{symbol}{row},Energy,2024,0.4,{n}.5,0.03,6.1,0.05")
            })
            .collect();
        let file = reqwest::multipart::Part::bytes(format!("{header}{rows}\n").into_bytes());
        let form = reqwest::multipart::Form::new()
            .text("job_type", "annual")
            .part("file", file.file_name("small.csv"));
        self.http
            .post(format!("{base}/bulk-uploads"))
            .multipart(form)
    }

    fn note(&self, status: u16, symbol: String, text: &str) {
        let id = || {
            serde_json::from_str::<serde_json::Value>(text).ok()?["id"]
                .as_str()
                .map(str::to_owned)
        };
        match status {
            201 => self.figures().companies.push(symbol),
            202 => self.figures().uploads.extend(id()),
            _ => {}
        }
    }

    fn figures(&self) -> std::sync::MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Formats an error with its causes, without addresses, so that equal ones are counted
/// together.
fn causes(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes.join(": ")
}
