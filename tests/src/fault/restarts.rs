//! Processes are asked to end while they are under load: two of them in turns, and one alone.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use sqlx::PgPool;

use super::{
    Line, Options, Outcome,
    load::{Load, all_there},
    rows,
    server::{Client, Server, Setup, folder, until_ended},
};
use crate::{Balancer, Postgres, Redis, Traffic};

/// The longest time of the run, whatever the machine serves meanwhile.
const LONGEST: Duration = Duration::from_secs(1_200);

/// Restarts each of two processes again and again behind a load balancer, until the number of
/// requests was sent over fresh and over kept connections, with uploads among them.
///
/// # Errors
/// If a request fails, a row or something acknowledged is lost, or a process does not end in
/// order.
pub(super) async fn run(options: &Options) -> anyhow::Result<Outcome> {
    let (size, least) = (options.rows(), options.pick(12, 2));
    let wanted = options.pick(options.requests, 500);
    let postgres = Postgres::start_tended()?;
    let redis = Redis::start()?;
    let folders = [folder()?, folder()?];
    let files = folders[0].path().join("shared-files");
    std::fs::create_dir(&files)?;
    let mut servers = Vec::new();
    for data in &folders {
        let setup = Setup::new(&options.program, data.path())
            .with("DATABASE_URL", &postgres.url())
            .with("REDIS_URL", &redis.url())
            .with("ACCUNODE_SECRET_KEY", &"5".repeat(64))
            .with("ACCUNODE_DRAIN_SECONDS", options.pick("10", "3"))
            .with("ACCUNODE_FILES_URL", &format!("file://{}", files.display()))
            .migrate()?;
        servers.push(Server::start(setup).await?);
    }
    let ana = Client::anonymous(&servers[0].base(), false)?
        .register("ana@example.com")
        .await?;
    let job = ana.upload("large.csv", rows::file(size)).await?;
    let addresses = [servers[0].address()?, servers[1].address()?];
    let balancer = Arc::new(Balancer::over(&addresses));
    let token = ana.token().context("signed in")?;
    let traffic = Traffic::begin(&balancer, token, options.pick(4, 2), 400);
    let begun = Instant::now();
    let (mut restarts, mut longest) = (0, Duration::ZERO);
    while (traffic.count() < wanted || restarts < least) && begun.elapsed() < LONGEST {
        let one = usize::try_from(restarts % 2)?;
        servers[one].terminate()?;
        let asked = Instant::now();
        let status = servers[one].ended().await?;
        ensure!(
            status.success(),
            "a process that was asked to end: {status}"
        );
        servers[one].start_again()?;
        servers[one].until_ready().await?;
        balancer.sees(one, true).await;
        longest = longest.max(asked.elapsed());
        restarts += 1;
    }
    let figures = traffic.end().await;
    ensure!(
        figures.failures() == 0,
        "of {} requests over fresh connections {} failed, of {} over kept ones {}: {:?}",
        figures.fresh,
        figures.fresh_failed,
        figures.kept,
        figures.kept_failed,
        figures.failed
    );
    let mut continued = 0;
    let ended = until_ended(&ana, &job, &mut continued).await?;
    ensure!(
        continued == 0,
        "restarts used up the attempts of a job: {ended}"
    );
    rows::check(&ana, &job, size).await?;
    for job in &figures.uploads {
        let ended = until_ended(&ana, job, &mut continued).await?;
        ensure!(
            ended["success_count"] == 20,
            "an upload under load: {ended}"
        );
    }
    let pool = PgPool::connect(&postgres.url()).await?;
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM companies WHERE symbol = ANY ($1)")
        .bind(&figures.companies)
        .fetch_one(&pool)
        .await?;
    ensure!(
        usize::try_from(stored)? == figures.companies.len(),
        "of {} acknowledged companies {stored} are there",
        figures.companies.len()
    );
    let line = |kind: &str, requests: usize, failed: usize| Line {
        fault: format!("rolling restarts of two processes, {kind} connections"),
        times: restarts,
        longest_unavailable: Duration::ZERO,
        requests: requests as u64,
        failed: failed as u64,
        held: format!(
            "every row of the job once; {} uploads and {stored} acknowledged companies there; a node \
             was away for {:.1} s at most",
            figures.uploads.len(),
            longest.as_secs_f64()
        ),
    };
    Ok(Outcome::Done(vec![
        line("fresh", figures.fresh, figures.fresh_failed),
        line("kept", figures.kept, figures.kept_failed),
    ]))
}

/// Stops and kills the only process in the middle of a job, under load. After a stop the job
/// must have been returned to the queue, and after a kill it must continue at once.
///
/// # Errors
/// If a job stays leased to a process that ended in order, does not continue, or loses a row.
pub(super) async fn alone(options: &Options) -> anyhow::Result<Outcome> {
    let size = options.rows();
    let postgres = Postgres::start_tended()?;
    let data = folder()?;
    let setup = Setup::new(&options.program, data.path())
        .with("DATABASE_URL", &postgres.url())
        .migrate()?;
    let mut server = Server::start(setup).await?;
    let pool = PgPool::connect(&postgres.url()).await?;
    let anonymous = Client::anonymous(&server.base(), true)?;
    let mut random = options.random(5);
    let nodes = Arc::new(std::sync::Mutex::new(vec![server.base()]));
    let mut ana = anonymous.register("ana@example.com").await?;
    let mut lines = Vec::new();
    for (fault, times, kills) in [
        (
            "the only process stopped by SIGTERM",
            options.pick(12, 1),
            false,
        ),
        ("the only process killed", options.pick(12, 1), true),
    ] {
        let mut turn = Turn::default();
        while turn.times < times {
            let name = format!("{kills}-{}.csv", turn.times);
            let job = ana.upload_anew(&name, rows::file(size)).await?;
            while turn.times < times && !is_completed(&pool, &job).await? {
                let load = Load::start(vec![ana.clone(); 4], &nodes, Duration::from_millis(5));
                tokio::time::sleep(Duration::from_millis(500) + random.millis(1_500)).await;
                if kills {
                    server.kill()?;
                } else {
                    server.terminate()?;
                    server.ended().await?;
                    turn.leased += leased(&pool).await?;
                }
                turn.times += 1;
                let before = progress(&pool, &job).await?;
                let asked = Instant::now();
                server.start_again()?;
                turn.away = turn.away.max(server.until_ready().await?);
                let ready = Instant::now();
                while progress(&pool, &job).await? == before && !is_completed(&pool, &job).await? {
                    ensure!(asked.elapsed().as_secs() < 120, "the job does not go on");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                turn.idle = turn.idle.max(ready.elapsed());
                let (sent, failed, acknowledged) = load.stop().await;
                turn.sent += sent;
                turn.failed += failed;
                ana = anonymous.login("ana@example.com").await?;
                all_there(&ana, &acknowledged).await?;
            }
            let mut continued = 0;
            let ended = until_ended(&ana, &job, &mut continued).await?;
            ensure!(continued == 0, "attempts were used up: {ended}");
        }
        ensure!(
            turn.leased == 0,
            "of {} orderly ends {} left their job leased",
            turn.times,
            turn.leased
        );
        lines.push(turn.line(fault, kills));
    }
    Ok(Outcome::Done(lines))
}

#[derive(Default)]
struct Turn {
    times: u64,
    leased: u64,
    sent: u64,
    failed: u64,
    /// The longest time until it was ready again.
    away: Duration,
    /// The longest time from then until the job had progressed.
    idle: Duration,
}

impl Turn {
    fn line(&self, fault: &str, kills: bool) -> Line {
        let leased = if kills {
            String::new()
        } else {
            format!("{} jobs left leased; ", self.leased)
        };
        Line {
            fault: fault.to_owned(),
            times: self.times,
            longest_unavailable: self.away,
            requests: self.sent,
            failed: self.failed,
            held: format!(
                "{leased}the job went on after {:.1} s at most",
                self.idle.as_secs_f64()
            ),
        }
    }
}

async fn leased(pool: &PgPool) -> anyhow::Result<u64> {
    let leased: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM bulk_upload_jobs WHERE status = 'processing' AND lease_expires_at > now()",
    )
    .fetch_one(pool)
    .await?;
    Ok(u64::try_from(leased)?)
}

async fn progress(pool: &PgPool, job: &str) -> anyhow::Result<i64> {
    Ok(sqlx::query_scalar(
        "SELECT processed_rows::bigint FROM bulk_upload_jobs WHERE id = $1::uuid",
    )
    .bind(job)
    .fetch_one(pool)
    .await?)
}

async fn is_completed(pool: &PgPool, job: &str) -> anyhow::Result<bool> {
    Ok(
        sqlx::query_scalar("SELECT status = 'completed' FROM bulk_upload_jobs WHERE id = $1::uuid")
            .bind(job)
            .fetch_one(pool)
            .await?,
    )
}
