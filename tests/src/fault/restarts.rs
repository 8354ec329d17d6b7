//! Two processes are restarted in turns while they are under load.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::ensure;

use super::{
    Line, Options, Outcome,
    load::{Load, all_there},
    rows,
    server::{Client, Server, Setup, folder, until_ended},
};
use crate::{Postgres, Redis};

/// Restarts each of two processes again and again, as a load balancer sees it: a node gets
/// requests while it is ready, and for a short while after it has said that it is not.
///
/// # Errors
/// Where a row or something acknowledged is lost, or a process does not end in order.
pub(super) async fn run(options: &Options) -> anyhow::Result<Outcome> {
    let (size, restarts) = (options.pick(100_000, 8_000), options.pick(12, 2));
    let postgres = Postgres::start()?;
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
    let fresh = Client::anonymous(&servers[0].base(), false)?
        .register("ana@example.com")
        .await?;
    let kept_alive = Client::anonymous(&servers[0].base(), true)?
        .login("ana@example.com")
        .await?;
    let job = fresh.upload("large.csv", rows::file(size)).await?;
    let nodes = Arc::new(Mutex::new(
        servers.iter().map(Server::base).collect::<Vec<_>>(),
    ));
    let set = |bases: Vec<String>| {
        *nodes.lock().unwrap_or_else(PoisonError::into_inner) = bases;
    };
    let loads = [
        (
            "fresh connections",
            Load::start(vec![fresh.clone()], &nodes, Duration::ZERO),
        ),
        (
            "kept-alive connections",
            Load::start(vec![kept_alive], &nodes, Duration::ZERO),
        ),
    ];
    let mut longest = Duration::ZERO;
    for n in 0..restarts {
        let one = usize::try_from(n % 2)?;
        servers[one].terminate()?;
        let begun = Instant::now();
        servers[one].until_unready().await?;
        // What a balancer needs to see it.
        tokio::time::sleep(Duration::from_millis(300)).await;
        set(vec![servers[1 - one].base()]);
        let status = servers[one].ended().await?;
        ensure!(
            status.success(),
            "a process that was asked to end: {status}"
        );
        servers[one].start_again()?;
        servers[one].until_ready().await?;
        longest = longest.max(begun.elapsed());
        set(servers.iter().map(Server::base).collect());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let mut continued = 0;
    let told = until_ended(&fresh, &job, &mut continued).await?;
    ensure!(
        continued == 0,
        "restarts used up the attempts of a job: {told}"
    );
    rows::check(&fresh, &job, size).await?;
    let mut lines = Vec::new();
    for (kind, load) in loads {
        let (requests, failed, acknowledged) = load.stop().await;
        all_there(&fresh, &acknowledged).await?;
        lines.push(Line {
            fault: format!("rolling restarts, {kind}"),
            times: restarts,
            longest_unavailable: longest,
            requests,
            failed,
            held: format!(
                "every row of the job once; {} acknowledged companies there",
                acknowledged.len()
            ),
        });
    }
    Ok(Outcome::Done(lines))
}
