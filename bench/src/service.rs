//! The service in this process, wired as the binary wires it, answering on a free port.

use std::{net::TcpListener, sync::Arc};

use accunode::{service::Service as Wired, upkeep};
use accunode_application::{Application, Caller};
use accunode_domain::{access::Actor, audit::RequestContext, id::UserId};
use accunode_ports::repositories::Repositories;
use accunode_postgres::PgStore;
use actix_web::{HttpServer, dev::ServerHandle};
use anyhow::Context;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    cluster::Cluster,
    seed::{Numbered, TENANTS},
};

/// The running service. Uploads are processed only when a measurement does so.
#[derive(Debug)]
pub(crate) struct Service {
    /// The members of the tenants; the first is tenant 1's.
    pub(crate) users: Arc<[Actor]>,
    wired: Wired,
    base: String,
    stop: watch::Sender<bool>,
    server: ServerHandle,
    tasks: Vec<JoinHandle<()>>,
}

impl Service {
    /// Starts the service on the cluster's database.
    pub(crate) async fn start(cluster: &Cluster) -> anyhow::Result<Self> {
        let wired = Wired::wire(&cluster.config, cluster.route()).await?;
        let mut users = Vec::new();
        for n in 1..=TENANTS {
            users.push(user(&wired.store, n).await?);
        }
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let base = format!("http://{}", listener.local_addr()?);
        let state = wired.web.clone();
        let server = HttpServer::new(move || accunode_web::app(&state))
            .workers(cluster.config.workers)
            .disable_signals()
            .shutdown_timeout(1)
            .listen(listener)?
            .run();
        let handle = server.handle();
        let (stop, stopped) = watch::channel(false);
        let tasks = vec![
            // Maintenance is off: all of it is due on a new database, and would be measured too.
            tokio::spawn(upkeep::fold(wired.store.clone(), stopped)),
            // `stop` ends it.
            tokio::spawn(async move {
                let _ = server.await;
            }),
        ];
        Ok(Self {
            users: users.into(),
            wired,
            base,
            stop,
            server: handle,
            tasks,
        })
    }

    /// Returns the member of the first tenant, as the sender of a request.
    pub(crate) fn member(&self) -> anyhow::Result<Caller> {
        let actor = self.users.first().context("a tenant's member")?;
        Ok(Caller {
            actor: actor.clone(),
            context: RequestContext::default(),
            session: None,
            confirmed_at: None,
            key: None,
            second_factor: false,
        })
    }

    /// The use cases.
    pub(crate) const fn application(&self) -> &Application {
        &self.wired.application
    }

    /// Returns the store of the service.
    pub(crate) fn store(&self) -> Arc<PgStore> {
        self.wired.store.clone()
    }

    /// Returns the URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.base)
    }

    /// Stops everything in order and waits for it.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        self.server.stop(true).await;
        for task in self.tasks {
            // A task that panicked has ended, too.
            let _ = task.await;
        }
        self.wired.store.close().await;
    }
}

async fn user(store: &PgStore, n: u64) -> anyhow::Result<Actor> {
    let id = UserId(Numbered::TestUser.id(n));
    let (user, membership, _) = store
        .auth()
        .with_membership(id)
        .await?
        .context("the tenant's member")?;
    Ok(Actor::new(&user, membership)?)
}
