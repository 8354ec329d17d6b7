//! A database in which one user has every row: the rates of that user, those of users
//! without rows, and how long another user waits while that user sends as many requests as
//! they may.

use std::time::{Duration, Instant};

use anyhow::ensure;
use reqwest::{Client, StatusCode, header};
use tokio::task::JoinSet;

use crate::{
    adapter::CLIENTS,
    beside,
    cluster::Cluster,
    figure::{Figure, Samples, Unit},
    http::sign_in,
    note,
    options::Options,
    report::Report,
    section::Section,
    seed::SeedRows,
    service::Service,
};

/// The first page of a list, as clients request it.
pub(crate) const LIST: &str = "/predictions/annual?limit=50";

/// Measures such a database.
pub(crate) async fn measure(options: &Options, report: &Report) -> anyhow::Result<()> {
    let cluster = Cluster::start().await?;
    let seed = SeedRows::create_for_one(&cluster, options).await?;
    let service = Service::start(&cluster).await?;
    let client = crate::http::client()?;
    let owner = Asker::new(&client, &service, 1).await?;
    let empty = Asker::new(&client, &service, 2).await?;

    // The second of them creates rows.
    for section in options.sections() {
        let figures = match section {
            Section::OneOwner => alone(options, &seed, &owner, &empty).await?,
            Section::Fairness => beside::measure(options, &owner, &empty).await?,
            _ => continue,
        };
        report.add(section, &figures)?;
    }
    service.stop().await;
    cluster.stop().await
}

/// Measures the owner of all rows, and a user without any.
async fn alone(
    options: &Options,
    seed: &SeedRows,
    owner: &Asker,
    empty: &Asker,
) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (asker, whose) in [
        (owner, "of the owner of all rows"),
        (empty, "of someone without rows"),
    ] {
        note(format_args!("list, first page, {whose}"));
        let mut ours = Samples::default();
        for _ in 0..options.repetitions {
            ours.add(asker.rate(options.window()).await?);
        }
        figures.push(figure(
            &format!("one owner: list, first page, {whose}"),
            Unit::Transactions,
            ours,
            Samples::default(),
            format!("`GET {LIST}`, {CLIENTS} clients"),
        ));
    }
    note("one owner: export");
    let mut ours = Samples::default();
    for _ in 0..options.repetitions {
        ours.add(owner.export(seed.rows).await?);
    }
    figures.push(figure(
        "one owner: CSV export",
        Unit::Rows,
        ours,
        Samples::default(),
        "every row of `GET /predictions/annual`, one client".to_owned(),
    ));
    Ok(figures)
}

pub(crate) fn figure(
    name: &str,
    unit: Unit,
    ours: Samples,
    reference: Samples,
    how: String,
) -> Figure {
    Figure {
        name: name.to_owned(),
        unit,
        ours,
        reference,
        how,
    }
}

/// A user who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) client: Client,
    pub(crate) base: String,
    pub(crate) token: String,
}

impl Asker {
    async fn new(client: &Client, service: &Service, tenant: u64) -> anyhow::Result<Self> {
        Ok(Self {
            client: client.clone(),
            base: service.url(""),
            token: sign_in(client, service, tenant).await?,
        })
    }

    pub(crate) async fn get(
        &self,
        path: &str,
        accept: &str,
    ) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let request = self.client.get(format!("{}{path}", self.base));
        let response = request
            .bearer_auth(&self.token)
            .header(header::ACCEPT, accept)
            .send()
            .await?;
        let status = response.status();
        Ok((status, response.bytes().await?.to_vec()))
    }

    /// Returns lists a second.
    async fn rate(&self, window: Duration) -> anyhow::Result<f64> {
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..CLIENTS {
            let asker = self.clone();
            tasks.spawn(async move {
                let mut count = 0_u32;
                while start.elapsed() < window {
                    let (status, body) = asker.get(LIST, "application/json").await?;
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

    /// Returns exported rows a second.
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 rows")]
    async fn export(&self, rows: u64) -> anyhow::Result<f64> {
        let start = Instant::now();
        let (status, body) = self.get("/predictions/annual", "text/csv").await?;
        ensure!(status.is_success(), "{status}");
        let lines = body.iter().filter(|byte| **byte == b'\n').count() as u64;
        ensure!(
            lines == rows + 1,
            "{lines} lines for {rows} rows and a header"
        );
        Ok(rows as f64 / start.elapsed().as_secs_f64())
    }
}
