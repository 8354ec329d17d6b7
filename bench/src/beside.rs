//! How long a tenant waits while another asks for as much as they may: for each kind of
//! expensive work by itself, and for all of it together.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use reqwest::{RequestBuilder, StatusCode, header, multipart};
use serde_json::{Value, json};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinSet,
};

use crate::{
    figure::{Figure, Samples, Unit},
    note,
    one_owner::{Asker, LIST, figure},
    options::Options,
};

/// Requests of the busy tenant at once.
const AT_ONCE: usize = 40;

/// The pause before a request that was answered 503 is sent again, and the time after which the
/// measurement fails.
const AGAIN: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);

/// A request of the busy tenant.
#[derive(Clone, Copy, Debug)]
enum Load {
    /// A list, search or figure, in this form.
    Get(&'static str, &'static str),
    /// Scoring as many items as one request may have.
    Score,
    /// Storing as many predictions as one request may have.
    Batch,
    /// A file.
    Upload,
}

const JSON: &str = "application/json";
const SEARCHES: &[Load] = &[
    Load::Get("/companies?q=company&sector=Sector%203", JSON),
    Load::Get("/companies?q=company%2012", JSON),
];
const EXPORTS: &[Load] = &[Load::Get(LIST, "text/csv")];
const ANALYSES: &[Load] = &[
    Load::Get("/analytics/risk-distribution?group_by=industry", JSON),
    Load::Get("/analytics/trend?kind=annual", JSON),
    Load::Get("/dashboard", JSON),
];
const LISTS: &[Load] = &[Load::Get(LIST, JSON)];

/// Kinds of load, and what each is made of.
const LOADS: &[(&str, &[&[Load]])] = &[
    ("lists", &[LISTS]),
    ("searches", &[SEARCHES]),
    ("exports", &[EXPORTS]),
    ("analyses", &[ANALYSES]),
    ("scoring", &[&[Load::Score]]),
    ("batches", &[&[Load::Batch]]),
    ("uploads", &[&[Load::Upload]]),
    (
        "everything",
        &[
            LISTS,
            SEARCHES,
            EXPORTS,
            ANALYSES,
            &[Load::Score, Load::Batch, Load::Upload],
        ],
    ),
];

/// The p99 of another tenant under each load, with that of the same tenant alone as the
/// reference: what is asked for is a ratio below 3.
pub(crate) async fn measure(
    options: &Options,
    busy: &Asker,
    other: &Asker,
) -> anyhow::Result<Vec<Figure>> {
    let clients = Clients::start()?;
    let mut figures = Vec::new();
    for (name, parts) in LOADS {
        note(format_args!("one owner: others beside {name}"));
        let loads: Arc<[Load]> = parts.concat().into();
        let (mut under, mut quiet) = (Samples::default(), Samples::default());
        for _ in 0..options.repetitions {
            // What the load before left behind (aborted requests, jobs) is not the quiet value.
            tokio::time::sleep(options.window() / 2).await;
            quiet.add(clients.slowest(other, options.window()).await?);
            let heavy_user = HeavyUser::start(clients.busy()?, busy, &loads);
            // What is slow at the beginning is not what lasts.
            tokio::time::sleep(options.window() / 4).await;
            under.add(clients.slowest(other, options.window()).await?);
            heavy_user.stop().await?;
        }
        figures.push(figure(
            &format!("p99 of another tenant beside {name}"),
            Unit::Milliseconds,
            under,
            quiet,
            format!(
                "`GET {LIST}` by one client, while the owner of all rows keeps {AT_ONCE} requests \
                 of this kind open; the reference is the same alone"
            ),
        ));
    }
    Ok(figures)
}

/// The nice value of the threads of the busy tenant's clients: the lowest priority.
const NICE: i32 = 19;

/// Gives the current thread the lowest priority. If the system refuses, the clients take some of the
/// processors from the service, and the figures are worse.
fn lower_priority() {
    // On Linux this is the calling thread alone.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICE);
}

/// The threads of the clients: not those of the service, as if the clients were elsewhere. Those of
/// the busy tenant take next to no processor from the service, and the other tenant's measure the
/// service and not each other.
struct Clients {
    busy: Option<Runtime>,
    other: Option<Runtime>,
}

impl Clients {
    fn start() -> anyhow::Result<Self> {
        let threads = |name: &str| {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(1).enable_all().thread_name(name);
            builder
        };
        let busy = threads("busy").on_thread_start(lower_priority).build();
        let other = threads("other").build();
        Ok(Self {
            busy: Some(busy.context("cannot start the threads of the busy tenant")?),
            other: Some(other.context("cannot start the threads of the other tenant")?),
        })
    }

    /// The threads of the busy tenant.
    fn busy(&self) -> anyhow::Result<&Runtime> {
        self.busy.as_ref().context("the clients have ended")
    }

    /// As [`slowest`], on the threads of the other tenant.
    async fn slowest(&self, asker: &Asker, window: Duration) -> anyhow::Result<f64> {
        let asker = asker.clone();
        let other = self.other.as_ref().context("the clients have ended")?;
        other
            .spawn(async move { slowest(&asker, window).await })
            .await?
    }
}

impl Drop for Clients {
    /// Waits for nothing: every request has been answered or cut off.
    fn drop(&mut self) {
        for threads in [self.busy.take(), self.other.take()].into_iter().flatten() {
            threads.shutdown_background();
        }
    }
}

/// The time within which 99 of 100 lists come, in milliseconds.
async fn slowest(asker: &Asker, window: Duration) -> anyhow::Result<f64> {
    let start = Instant::now();
    let mut times = Samples::default();
    while start.elapsed() < window {
        let asked = Instant::now();
        // A 503 is repeated until the list arrives; the whole wait counts.
        loop {
            let (status, body) = asker.get(LIST, JSON).await?;
            if status.is_success() {
                break;
            }
            ensure!(
                status == StatusCode::SERVICE_UNAVAILABLE && asked.elapsed() < LONGEST,
                "{status}: {}",
                String::from_utf8_lossy(&body)
            );
            tokio::time::sleep(AGAIN).await;
        }
        times.add(asked.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(times.percentile(99).unwrap_or_default())
}

/// Someone who asks for as much as they may.
struct HeavyUser {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<anyhow::Result<()>>,
}

impl HeavyUser {
    fn start(threads: &Runtime, asker: &Asker, loads: &Arc<[Load]>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let bodies = Arc::new(Bodies::new());
        let mut tasks = JoinSet::new();
        for task in 0..AT_ONCE {
            let (asker, stop) = (asker.clone(), stop.clone());
            let (loads, bodies) = (loads.clone(), bodies.clone());
            let request = async move {
                for load in loads.iter().cycle().skip(task) {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let answer = bodies.request(&asker, *load)?.send().await?;
                    let status = answer.status();
                    drop(answer.bytes().await?);
                    // Refused for what others would wait for otherwise.
                    let refused = [
                        StatusCode::TOO_MANY_REQUESTS,
                        StatusCode::SERVICE_UNAVAILABLE,
                        StatusCode::INSUFFICIENT_STORAGE,
                    ];
                    ensure!(
                        status.is_success() || refused.contains(&status),
                        "{load:?}: {status}"
                    );
                }
                Ok(())
            };
            tasks.spawn_on(request, threads.handle());
        }
        Self { stop, tasks }
    }

    /// Waits for nothing: what is under way is cut off.
    async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.abort_all();
        while let Some(done) = self.tasks.join_next().await {
            match done {
                Ok(done) => done?,
                Err(aborted) if aborted.is_cancelled() => {}
                Err(panicked) => return Err(panicked.into()),
            }
        }
        Ok(())
    }
}

/// What is sent, made once.
struct Bodies {
    score: String,
    batch: String,
    file: String,
}

/// Columns of a file, and the ratios of every item.
const RATIOS: [(&str, f64); 5] = [
    ("long_term_debt_to_total_capital", 0.25),
    ("total_debt_to_ebitda", 2.0),
    ("net_income_margin", 0.08),
    ("ebit_to_interest_expense", 6.4),
    ("return_on_assets", 0.05),
];

impl Bodies {
    fn new() -> Self {
        let ratios: Value = RATIOS
            .into_iter()
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let items = vec![json!({ "ratios": ratios }); 1_000];
        let predictions: Vec<_> = (0..100)
            .map(|n| {
                json!({
                    "company": { "symbol": format!("BUSY{n}") }, "reporting_year": "2024",
                    "ratios": ratios, "on_conflict": "update",
                })
            })
            .collect();
        let names: Vec<_> = RATIOS.iter().map(|(name, _)| *name).collect();
        let values: Vec<_> = RATIOS.iter().map(|(_, value)| value.to_string()).collect();
        let mut file = format!("company_symbol,reporting_year,{}\n", names.join(","));
        for n in 0..2_000 {
            // Writing to a text does not fail.
            let _ = writeln!(file, "BUSY{n},2024,{}", values.join(","));
        }
        Self {
            score: json!({ "items": items }).to_string(),
            batch: json!({ "items": predictions }).to_string(),
            file,
        }
    }

    fn request(&self, asker: &Asker, load: Load) -> anyhow::Result<RequestBuilder> {
        let url = |path: &str| format!("{}{path}", asker.base);
        let json = |path: &str, body: &str| {
            let request = asker.client.post(url(path));
            request
                .header(header::CONTENT_TYPE, JSON)
                .body(body.to_owned())
        };
        let request = match load {
            Load::Get(path, accept) => asker.client.get(url(path)).header(header::ACCEPT, accept),
            Load::Score => json("/predictions/annual/score", &self.score),
            Load::Batch => json("/predictions/annual/batch", &self.batch),
            Load::Upload => {
                let file = multipart::Part::text(self.file.clone()).file_name("busy.csv");
                let form = multipart::Form::new()
                    .text("job_type", "annual")
                    .text("force", "true")
                    .part("file", file.mime_str("text/csv")?);
                asker.client.post(url("/bulk-uploads")).multipart(form)
            }
        };
        Ok(request.bearer_auth(&asker.token))
    }
}
