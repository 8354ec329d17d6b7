//! A database in which one user has nearly every row: the cost of lists and exports for them
//! and for others, and whether all users can still be authenticated while they export.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use reqwest::Method;
use sqlx::{AssertSqlSafe, Executor, PgPool};
use tokio::task::JoinSet;

use super::{
    Line, Options, Outcome,
    server::{Client, Server, Setup, folder},
};
use crate::Postgres;

/// The number of years of each company.
const YEARS: u64 = 10;
const LIST: &str = "/predictions/annual?limit=50";

/// Measures lists and exports of the one owner, and of a user without rows beside 20 exports.
///
/// # Errors
/// If a request fails without a reason.
pub(super) async fn run(options: &Options) -> anyhow::Result<Outcome> {
    let companies = options.pick(60_000, 1_000);
    let lists = options.pick(200, 20);
    let postgres = Postgres::start_tended()?;
    let data = folder()?;
    let setup = Setup::new(&options.program, data.path())
        .with("DATABASE_URL", &postgres.url())
        .migrate()?;
    let server = Server::start(setup).await?;
    let anonymous = Client::anonymous(&server.base(), true)?;
    let ana = anonymous.register("ana@example.com").await?;
    let ben = anonymous.register("ben@example.com").await?;
    let pool = PgPool::connect(&postgres.url()).await?;
    let id = ana.get("/me").await?["id"]
        .as_str()
        .context("an id")?
        .to_owned();
    fill(&pool, &id, companies).await?;

    let own = times(&ana, LIST, lists).await?;
    let none = times(&ben, LIST, lists).await?;
    let begun = Instant::now();
    let csv = ana.text("/predictions/annual", "text/csv").await?;
    let export = begun.elapsed();
    let rows = csv.lines().count() as u64 - 1;
    ensure!(rows == companies * YEARS, "{rows} rows were exported");

    // The number of exports that exhausted the former single pool.
    let stop = Arc::new(AtomicBool::new(false));
    let mut exports = JoinSet::new();
    for _ in 0..20 {
        let (ana, stop) = (ana.clone(), stop.clone());
        exports.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                // Refused, broken off or answered: only the effect on others is measured.
                let _ = ana
                    .send_for("/predictions/annual", "text/csv", Duration::from_secs(5))
                    .await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let beside = times(&ben, "/me", lists).await;
    stop.store(true, Ordering::Relaxed);
    exports.abort_all();
    while exports.join_next().await.is_some() {}
    let beside = match beside {
        Ok(times) => percentiles(&times),
        Err(error) => format!("{error:#}"),
    };
    let seconds = export.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 rows")]
    let rate = rows as f64 / seconds;
    Ok(Outcome::Done(vec![Line {
        fault: format!("one owner of {rows} predictions"),
        times: 1,
        longest_unavailable: Duration::ZERO,
        requests: 3 * lists as u64 + 1,
        failed: 0,
        held: format!(
            "list of 50, owner: {}; a user without rows: {}; CSV export {rate:.0} rows/s; \
             `/me` beside 20 exports: {beside}",
            percentiles(&own),
            percentiles(&none)
        ),
    }]))
}

/// Returns how long each of `count` requests took, in milliseconds, in order.
async fn times(client: &Client, path: &str, count: usize) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        let (status, body) = client.send(Method::GET, path, None).await?;
        ensure!(status == 200, "GET {path}: {status}: {body}");
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn percentiles(times: &[f64]) -> String {
    let at = |percent: usize| {
        times
            .get(times.len() * percent / 100)
            .copied()
            .unwrap_or_default()
    };
    format!("{:.1} ms, p99 {:.1} ms", at(50), at(99))
}

async fn fill(pool: &PgPool, owner: &str, companies: u64) -> anyhow::Result<()> {
    let at = "timestamptz '2026-01-01T00:00:00Z' + n * interval '1 second'";
    for statement in [
        format!(
            "INSERT INTO companies (symbol, name, sector, access_level, created_by, created_at) \
             SELECT 'S' || n, 'Name ' || n, 'Energy', 'personal', '{owner}', {at} FROM generate_series(1, {companies}) n"
        ),
        format!(
            "INSERT INTO annual_predictions (company_id, company_symbol, company_name, company_sector, reporting_year, \
               probability, pd, risk_level, confidence, predicted_at, model_name, model_version, model_sha256, \
               access_level, created_by, created_at) \
             SELECT c.id, c.symbol, c.name, c.sector, (2010 + y)::text, 0.5, random(), 'Low', 0.9, now(), 'm', '1', \
                    repeat('a', 64), 'personal', '{owner}', c.created_at + y * interval '1 hour' \
               FROM companies c, generate_series(1, {YEARS}) y"
        ),
        "VACUUM (ANALYZE)".to_owned(),
    ] {
        pool.execute(AssertSqlSafe(statement)).await?;
    }
    Ok(())
}
