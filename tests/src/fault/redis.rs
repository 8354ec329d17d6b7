//! Redis is stopped, hangs and loses all data, under two processes.

use std::time::{Duration, Instant};

use anyhow::ensure;
use reqwest::Method;

use super::{
    Line, Options, Outcome,
    load::{Load, all_there},
    rows,
    server::{Client, Server, Setup, folder, until_ended},
};
use crate::{Postgres, Redis};

/// How long Redis is stopped or hangs.
const AWAY: Duration = Duration::from_secs(3);

/// Stops, hangs and flushes Redis in turns.
///
/// # Errors
/// If the service does not recover by itself, a request is let in unchecked, or a row or
/// something acknowledged is lost.
pub(super) async fn run(options: &Options) -> anyhow::Result<Outcome> {
    let (size, rounds) = (options.rows(), options.pick(3, 1));
    let postgres = Postgres::start_tended()?;
    let mut redis = Redis::start()?;
    let folders = [folder()?, folder()?];
    let files = folders[0].path().join("shared-files");
    std::fs::create_dir(&files)?;
    let mut servers = Vec::new();
    for data in &folders {
        let setup = Setup::new(&options.program, data.path())
            .with("DATABASE_URL", &postgres.url())
            .with("REDIS_URL", &redis.url())
            .with("ACCUNODE_SECRET_KEY", &"5".repeat(64))
            .with("ACCUNODE_FILES_URL", &format!("file://{}", files.display()))
            .migrate()?;
        servers.push(Server::start(setup).await?);
    }
    let anonymous = Client::anonymous(&servers[0].base(), true)?;
    let mut ana = anonymous.register("ana@example.com").await?;
    let job = ana.upload("large.csv", rows::file(size)).await?;
    let nodes = std::sync::Arc::new(std::sync::Mutex::new(
        servers.iter().map(Server::base).collect::<Vec<_>>(),
    ));
    let mut lines = Vec::new();
    let mut kept = Vec::new();
    for fault in ["stopped for 3 s", "hung for 3 s", "flushed"] {
        let load = Load::start(vec![ana.clone()], &nodes, Duration::from_millis(50));
        let mut longest = Duration::ZERO;
        for _ in 0..rounds {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let begun = Instant::now();
            match fault {
                "stopped for 3 s" => {
                    redis.kill()?;
                    tokio::time::sleep(AWAY).await;
                    let (status, _) = ana.send(Method::GET, "/me", None).await?;
                    ensure!(status == 503, "without Redis /me answers {status}");
                    redis.run()?;
                }
                "hung for 3 s" => {
                    redis.hang()?;
                    tokio::time::sleep(AWAY).await;
                    redis.go_on()?;
                }
                _ => redis.flush()?,
            }
            for server in &mut servers {
                server.until_ready().await?;
            }
            longest = longest.max(begun.elapsed());
            if fault == "flushed" {
                let (status, _) = ana.send(Method::GET, "/me", None).await?;
                ensure!(status == 401, "a forgotten session answers {status}");
                ana = anonymous.login("ana@example.com").await?;
            }
            let (status, body) = ana.send(Method::GET, "/me", None).await?;
            ensure!(status == 200, "{fault}: {status}: {body}");
        }
        let (requests, failed, acknowledged) = load.stop().await;
        kept.extend(acknowledged);
        lines.push(Line {
            fault: format!("Redis {fault}, two processes"),
            times: rounds,
            longest_unavailable: longest,
            requests,
            failed,
            held: "ready by itself; no one in unchecked".to_owned(),
        });
    }
    let mut continued = 0;
    let _ = until_ended(&ana, &job, &mut continued).await?;
    rows::check(&ana, &job, size).await?;
    all_there(&ana, &kept).await?;
    if let Some(last) = lines.last_mut() {
        last.held += &format!(
            "; every row of the job once; {} acknowledged companies there",
            kept.len()
        );
    }
    Ok(Outcome::Done(lines))
}
