//! Requests beside the faults: acknowledged rows are recorded and looked up afterwards.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::ensure;
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use super::server::Client;

/// The nodes to which a client may send.
pub(super) type Nodes = Arc<Mutex<Vec<String>>>;

/// Writers that run until they are stopped.
#[derive(Debug)]
pub(super) struct Load {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
    acknowledged: Arc<Mutex<Vec<String>>>,
    writers: JoinSet<()>,
}

impl Load {
    /// Starts one writer for each client. Each creates companies, and pauses after each
    /// request.
    pub(super) fn start(clients: Vec<Client>, nodes: &Nodes, pause: Duration) -> Self {
        let mut load = Self {
            stop: Arc::default(),
            sent: Arc::default(),
            failed: Arc::default(),
            acknowledged: Arc::default(),
            writers: JoinSet::new(),
        };
        for (writer, client) in clients.into_iter().enumerate() {
            let (stop, sent, failed) = (load.stop.clone(), load.sent.clone(), load.failed.clone());
            let (acknowledged, nodes) = (load.acknowledged.clone(), nodes.clone());
            load.writers.spawn(async move {
                let mut n = 0_usize;
                while !stop.load(Ordering::Relaxed) {
                    let node = {
                        let nodes = nodes.lock().unwrap_or_else(PoisonError::into_inner);
                        nodes.get((n + writer) % nodes.len().max(1)).cloned()
                    };
                    let Some(node) = node else {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                        continue;
                    };
                    let body = json!({ "symbol": format!("L{writer}X{n}") });
                    n += 1;
                    sent.fetch_add(1, Ordering::Relaxed);
                    let client = client.at(&node);
                    match client.send(Method::POST, "/companies", Some(&body)).await {
                        Ok((status, company)) if status == 201 => {
                            if let Some(id) = company["id"].as_str() {
                                let mut all =
                                    acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
                                all.push(id.to_owned());
                            }
                        }
                        Ok((status, _)) if status.as_u16() < 500 => {}
                        Ok(_) | Err(_) => {
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    tokio::time::sleep(pause).await;
                }
            });
        }
        load
    }

    /// Stops the writers; returns how many requests were sent and failed, and the ids of
    /// acknowledged companies.
    pub(super) async fn stop(mut self) -> (u64, u64, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        while self.writers.join_next().await.is_some() {}
        let mut acknowledged = self
            .acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        (
            self.sent.load(Ordering::Relaxed),
            self.failed.load(Ordering::Relaxed),
            std::mem::take(&mut *acknowledged),
        )
    }
}

/// Checks that every one of these companies exists.
pub(super) async fn all_there(client: &Client, companies: &[String]) -> anyhow::Result<()> {
    for id in companies {
        let (status, body) = client
            .send(Method::GET, &format!("/companies/{id}"), None)
            .await?;
        ensure!(
            status == 200,
            "company {id} was acknowledged and is lost: {status}: {body}"
        );
    }
    Ok(())
}
