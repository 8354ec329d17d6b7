//! The same reads over HTTP: session, access rules, JSON, and the client itself.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::{StatusCode, header::RETRY_AFTER};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    adapter::{CLIENTS, PAGE, Rng},
    figure::{Figure, Samples, Unit},
    note,
    options::Options,
    seed::{Numbered, PASSWORD, SeedRows},
    service::Service,
};

/// Returns a builder of HTTP clients.
pub(crate) fn builder() -> reqwest::ClientBuilder {
    accunode_files::provide_tls();
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    reqwest::Client::builder()
}

/// Returns a client that keeps its connections.
pub(crate) fn client() -> anyhow::Result<reqwest::Client> {
    Ok(builder().build()?)
}

/// The request that is measured.
#[derive(Clone, Copy, Debug)]
enum Endpoint {
    List,
    Riskiest,
    One,
    Dashboard,
}

const ENDPOINTS: [(Endpoint, &str); 4] = [
    (Endpoint::List, "`GET /predictions/annual`"),
    (Endpoint::Riskiest, "`GET /predictions/annual?sort=pd`"),
    (Endpoint::One, "`GET /predictions/annual/{id}`"),
    (Endpoint::Dashboard, "`GET /dashboard`, cached"),
];

/// Measures requests a second, for information: there is no reference.
pub(crate) async fn measure(
    options: &Options,
    seed: &SeedRows,
    service: &Service,
) -> anyhow::Result<Vec<Figure>> {
    let client = client()?;
    let token = sign_in(&client, service, 1).await?;
    let mut figures = Vec::new();
    for (endpoint, name) in ENDPOINTS {
        note(name);
        let mut ours = Samples::default();
        for _ in 0..options.repetitions {
            ours.add(rate(endpoint, &client, &token, options, seed, service).await?);
        }
        figures.push(Figure {
            name: name.to_owned(),
            unit: Unit::Transactions,
            ours,
            reference: Samples::default(),
            how: format!(
                "{CLIENTS} clients with keep-alive in the same process, so service, clients and PostgreSQL share the processors"
            ),
        });
    }
    figures.push(crowd(&client, &token, options, service).await?);
    Ok(figures)
}

/// The number of concurrent clients in the crowd measurement.
const CROWD: u64 = 500;
/// The time after which a response counts as missing.
const HANGS: Duration = Duration::from_secs(15);

/// How the requests of many concurrent clients were answered.
#[derive(Clone, Copy, Debug, Default)]
struct Answers {
    ok: u32,
    busy: u32,
    wrong: u32,
    hung: u32,
}

/// Measures many concurrent clients on one list: each gets an answer, or 503 with `Retry-After`.
async fn crowd(
    client: &reqwest::Client,
    token: &str,
    options: &Options,
    service: &Service,
) -> anyhow::Result<Figure> {
    note(format_args!("{CROWD} clients on a list"));
    let start = Instant::now();
    let end = start + options.window();
    let mut tasks = JoinSet::new();
    for _ in 0..CROWD {
        let (client, token) = (client.clone(), token.to_owned());
        let url = service.url(&format!("/predictions/annual?limit={PAGE}"));
        tasks.spawn(async move {
            let mut answers = Answers::default();
            while Instant::now() < end {
                let request = client.get(&url).bearer_auth(&token).timeout(HANGS);
                let answer = async {
                    let response = request.send().await?;
                    let answered = (
                        response.status(),
                        response.headers().contains_key(RETRY_AFTER),
                    );
                    response.bytes().await.map(|_| answered)
                };
                match answer.await {
                    Ok((status, _)) if status.is_success() => answers.ok += 1,
                    Ok((StatusCode::SERVICE_UNAVAILABLE, true)) => {
                        answers.busy += 1;
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                    Err(error) if error.is_timeout() => answers.hung += 1,
                    Ok(_) | Err(_) => answers.wrong += 1,
                }
            }
            answers
        });
    }
    let mut all = Answers::default();
    while let Some(done) = tasks.join_next().await {
        let one = done?;
        all.ok += one.ok;
        all.busy += one.busy;
        all.wrong += one.wrong;
        all.hung += one.hung;
    }
    let mut ours = Samples::default();
    ours.add(f64::from(all.ok) / start.elapsed().as_secs_f64());
    Ok(Figure {
        name: format!("`GET /predictions/annual`, {CROWD} clients"),
        unit: Unit::Transactions,
        ours,
        reference: Samples::default(),
        how: format!(
            "answered {}; 503 with Retry-After {}, other errors {}, no answer after {} s {}",
            all.ok,
            all.busy,
            all.wrong,
            HANGS.as_secs(),
            all.hung
        ),
    })
}

/// Signs in the member of a tenant.
pub(crate) async fn sign_in(
    client: &reqwest::Client,
    service: &Service,
    tenant: u64,
) -> anyhow::Result<String> {
    let response = client
        .post(service.url("/auth/login"))
        .json(&json!({ "email": format!("user{tenant}@example.com"), "password": PASSWORD }))
        .send()
        .await?
        .error_for_status()?;
    let answer: Value = response.json().await?;
    let token = answer["access_token"].as_str();
    Ok(token.context("no token after signing in")?.to_owned())
}

async fn rate(
    endpoint: Endpoint,
    client: &reqwest::Client,
    token: &str,
    options: &Options,
    seed: &SeedRows,
    service: &Service,
) -> anyhow::Result<f64> {
    let start = Instant::now();
    let end = start + options.window();
    let mut tasks = JoinSet::new();
    for task in 0..CLIENTS {
        let (client, token, seed) = (client.clone(), token.to_owned(), *seed);
        let base = service.url("");
        tasks.spawn(async move {
            let mut rng = Rng::new(task);
            let mut count = 0_u32;
            while Instant::now() < end {
                let url = format!("{base}{}", path(endpoint, &seed, &mut rng));
                let response = client.get(url).bearer_auth(&token).send().await?;
                let status = response.status();
                let body = response.bytes().await?;
                ensure!(
                    status.is_success(),
                    "{status}: {}",
                    String::from_utf8_lossy(&body)
                );
                count += 1;
            }
            Ok(count)
        });
    }
    let mut count = 0.0;
    while let Some(done) = tasks.join_next().await {
        count += f64::from(done??);
    }
    Ok(count / start.elapsed().as_secs_f64())
}

fn path(endpoint: Endpoint, seed: &SeedRows, rng: &mut Rng) -> String {
    match endpoint {
        Endpoint::List => format!("/predictions/annual?limit={PAGE}"),
        Endpoint::Riskiest => format!("/predictions/annual?sort=pd&limit={PAGE}"),
        Endpoint::One => {
            let prediction = seed.prediction_of(1, rng.roll());
            format!(
                "/predictions/annual/{}",
                Numbered::Prediction.id(prediction)
            )
        }
        Endpoint::Dashboard => "/dashboard".to_owned(),
    }
}
