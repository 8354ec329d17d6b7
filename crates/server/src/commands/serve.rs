//! `accunode serve` and `accunode worker`.

use std::time::{Duration, Instant};

use accunode_application::Application;
use actix_web::HttpServer;
use anyhow::Context;
use tokio::{sync::watch, task::JoinHandle};

use super::{stop_requested, with_database};
use crate::{
    config::Config,
    database::Database,
    descriptors,
    service::Service,
    single::{Place, Sessions},
    upkeep, wal_files,
};

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duties {
    /// It answers requests.
    pub api: bool,
    /// It works on uploads.
    pub worker: bool,
}

/// How long requests that are being answered may take when the process stops, in seconds.
const DRAIN_SECONDS: u64 = 20;
/// How long mails may take that wait for the mail server when the process stops.
const MAILS: Duration = Duration::from_secs(10);

/// Serves until somebody wants this process to end.
///
/// # Errors
/// Where the database, the models or the address are not to be had.
pub fn run(config: &Config, duties: Duties) -> anyhow::Result<()> {
    let started = Instant::now();
    descriptors::raise_limit();
    with_database(config, async |database| {
        serve(config, duties, database, started).await
    })
}

async fn serve(
    config: &Config,
    duties: Duties,
    database: &Database,
    started: Instant,
) -> anyhow::Result<()> {
    database.ensure_schema().await?;
    let url = database.serving_url().await?;
    let sessions = match config.redis_url {
        Some(_) => Sessions::Shared,
        None => Sessions::InProcess,
    };
    let place = Place::take(url.expose(), sessions).await?;
    let service = Service::wire(config, url.expose()).await?;
    for refused in service.application.ports().scorer.refused() {
        tracing::error!(
            folder = refused.folder,
            reason = refused.reason,
            "a model is not served"
        );
    }

    let (stop, stopped) = watch::channel(false);
    let mut kept = tokio::spawn(place.keep(stopped.clone()));
    let upkeep = tokio::spawn(upkeep::look_after(
        service.store.clone(),
        service.application.bulk.clone(),
        stopped.clone(),
    ));
    let archived = config
        .postgres
        .wal_archive
        .clone()
        .filter(|_| config.database_url.is_none())
        .map(|archive| tokio::spawn(wal_files::keep(config.clone(), archive, stopped.clone())));
    let worker = duties.worker.then(|| work(&service.application, stopped));
    let until = async {
        tokio::select! {
            asked = stop_requested() => asked.context("cannot listen for signals"),
            // It ends before it is told to only when another process has our place.
            lost = &mut kept => lost.context("the watch over the process's place ended")?,
        }
    };
    let served = if duties.api {
        answer(config, &service, started, until).await
    } else {
        tracing::info!("working on uploads");
        until.await
    };
    // An upload is given back at its next chunk.
    stop.send_replace(true);
    if let Some(worker) = worker {
        worker.await?;
    }
    upkeep.await?;
    if let Some(archived) = archived {
        archived.await?;
    }
    if !kept.is_finished() {
        kept.await??;
    }
    let lost = service.application.ports().mail.finish(MAILS).await;
    if lost > 0 {
        tracing::error!(lost, "mails were still waiting for the mail server");
    }
    service.store.close().await;
    served
}

fn work(application: &Application, stopped: watch::Receiver<bool>) -> JoinHandle<()> {
    let bulk = application.bulk.clone();
    tokio::spawn(async move { bulk.work(stopped).await })
}

/// Answers requests until `until` ends, and then those that are being answered.
async fn answer(
    config: &Config,
    service: &Service,
    started: Instant,
    until: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let state = service.web.clone();
    let server = HttpServer::new(move || accunode_web::app(&state))
        .workers(config.workers)
        .disable_signals()
        .shutdown_timeout(DRAIN_SECONDS)
        .bind(config.listen)
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    for address in server.addrs() {
        tracing::info!(
            milliseconds = started.elapsed().as_millis(),
            "AccuNode serves on http://{address}, its documentation is at http://{address}/docs"
        );
    }
    let server = server.run();
    let handle = server.handle();
    let mut server = std::pin::pin!(server);
    let why = tokio::select! {
        ended = &mut server => return ended.context("the HTTP server failed"),
        why = until => why,
    };
    // The server must be polled to its end: dropped, it cuts off what it answers.
    let (_, ended) = tokio::join!(handle.stop(true), server);
    ended.context("the HTTP server failed")?;
    why
}
