//! PostgreSQL is killed under the program that supervises it; an external one hangs and is
//! stopped.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill};

use super::{
    Line, Options, Outcome,
    load::{Load, all_there},
    rows,
    server::{Client, Server, Setup, database_processes, folder, postmaster, until_ended},
};
use crate::Postgres;

/// Kills the private PostgreSQL, then hangs and stops an external one.
///
/// # Errors
/// If the service does not recover by itself, or a row or something acknowledged is lost.
pub(super) async fn run(options: &Options) -> anyhow::Result<Outcome> {
    Ok(Outcome::Done(vec![
        private(options).await?,
        elsewhere(options).await?,
    ]))
}

async fn private(options: &Options) -> anyhow::Result<Line> {
    let (size, kills) = (options.rows(), options.pick(10, 1));
    let data = folder()?;
    let mut server = Server::start(Setup::new(&options.program, data.path())).await?;
    let cluster = data.path().join("postgres/data");
    disturbed(
        options,
        &mut server,
        size,
        kills,
        "private PostgreSQL killed",
        2,
        || kill(postmaster(&cluster)?, Signal::SIGKILL).context("kill PostgreSQL"),
    )
    .await
}

async fn elsewhere(options: &Options) -> anyhow::Result<Line> {
    let (size, times) = (options.rows(), options.pick(6, 2));
    let postgres = Postgres::start_tended()?;
    let data = folder()?;
    let setup = Setup::new(&options.program, data.path())
        .with("DATABASE_URL", &postgres.url())
        .migrate()?;
    let mut server = Server::start(setup).await?;
    let cluster = postgres.data_dir();
    let mut n = 0;
    disturbed(
        options,
        &mut server,
        size,
        times,
        "PostgreSQL elsewhere hung for 3 s or stopped",
        3,
        || {
            n += 1;
            if n % 2 == 0 {
                // Its supervisor in the test kit restarts it.
                return kill(postmaster(&cluster)?, Signal::SIGINT).context("stop PostgreSQL");
            }
            let processes = database_processes(&cluster);
            for pid in &processes {
                kill(*pid, Signal::SIGSTOP).context("hang PostgreSQL")?;
            }
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_secs(3));
                for pid in processes {
                    // A process that has ended need not be continued.
                    let _ = kill(pid, Signal::SIGCONT);
                }
            });
            Ok(())
        },
    )
    .await
}

async fn disturbed(
    options: &Options,
    server: &mut Server,
    size: usize,
    times: u64,
    fault: &str,
    scenario: u64,
    mut disturb: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Line> {
    let mut random = options.random(scenario);
    let ana = Client::anonymous(&server.base(), true)?
        .register("ana@example.com")
        .await?;
    let job = ana.upload("large.csv", rows::file(size)).await?;
    let nodes = Arc::new(Mutex::new(vec![server.base()]));
    let load = Load::start(vec![ana.clone()], &nodes, Duration::from_millis(50));
    let (mut longest, mut continued) = (Duration::ZERO, 0);
    for _ in 0..times {
        tokio::time::sleep(Duration::from_millis(300) + random.millis(1_500)).await;
        disturb()?;
        let begun = Instant::now();
        // It may be ready again before its outage is noticed.
        let _ = tokio::time::timeout(Duration::from_secs(2), server.until_unready()).await;
        server.until_ready().await?;
        longest = longest.max(begun.elapsed());
    }
    let ended = until_ended(&ana, &job, &mut continued).await?;
    ensure!(
        continued == 0,
        "outages used up the attempts of a job {continued} times: {ended}"
    );
    rows::check(&ana, &job, size).await?;
    let (requests, failed, acknowledged) = load.stop().await;
    all_there(&ana, &acknowledged).await?;
    Ok(Line {
        fault: fault.to_owned(),
        times,
        longest_unavailable: longest,
        requests,
        failed,
        held: format!(
            "every row once; {} acknowledged companies there; ready by itself",
            acknowledged.len()
        ),
    })
}
