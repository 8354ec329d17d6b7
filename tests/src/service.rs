//! The whole service, in this process, on a free port.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
};

use accunode::{
    config::{Config, Sources},
    database::Database as Target,
    service::{Parts, Service as Wired},
    upkeep,
};
use accunode_application::{Application, Ports};
use accunode_local::AdvancingClock;
use accunode_web::WebState;
use actix_web::{HttpServer, dev::ServerHandle};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle};

use crate::{Database, Redis, TestUser, sessions::AgedSessions};

/// The options of a test's service.
#[derive(Clone, Debug)]
pub struct ServiceOptions {
    /// Whether uploads are processed.
    pub worker: bool,
    /// Settings by name, in addition to the tests' own.
    pub settings: Vec<(String, String)>,
    /// A clock that the test puts forward.
    pub clock: Option<AdvancingClock>,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            worker: true,
            settings: Vec::new(),
            clock: None,
        }
    }
}

impl ServiceOptions {
    /// Adds a setting.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Uses sessions, cache and limits in the tests' Redis, separate from those of other
    /// tests.
    #[must_use]
    pub fn with_redis(self) -> Self {
        self.with("redis_url", Redis::shared_url())
            .with("redis_prefix", &Redis::prefix())
    }

    /// Disables the worker.
    #[must_use]
    pub fn without_worker(self) -> Self {
        Self {
            worker: false,
            ..self
        }
    }
}

/// The service with a separate database and folder. It ends with this value.
#[derive(Debug)]
pub struct Service {
    /// Its database.
    pub database: Arc<Database>,
    wired: Wired,
    sessions: Arc<AgedSessions>,
    base: String,
    stop: watch::Sender<bool>,
    server: ServerHandle,
    tasks: Vec<JoinHandle<()>>,
    // Declared last, so that it is dropped last.
    folder: TempDir,
}

impl Service {
    /// Starts the service as the binary does, with limits off.
    ///
    /// # Panics
    /// If it does not start: then no test can continue.
    pub async fn start() -> Self {
        Self::with(ServiceOptions::default()).await
    }

    /// Starts the service with these options.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn with(options: ServiceOptions) -> Self {
        let database = Arc::new(Database::create().await);
        let folder = tempfile::tempdir().expect("a folder");
        Self::over(database, folder, options).await
    }

    /// Starts the service on an existing database.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn on(database: Arc<Database>, options: ServiceOptions) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::over(database, folder, options).await
    }

    /// Starts one more process on the same database.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn beside(&self, options: ServiceOptions) -> Self {
        Self::on(self.database.clone(), options).await
    }

    async fn over(database: Arc<Database>, folder: TempDir, options: ServiceOptions) -> Self {
        let config = config(database.url(), folder.path(), &options);
        let (target, _) = Target::open(&config).expect("a database");
        target.ensure_schema().await.expect("a migrated database");
        let route = target.route().await.expect("a role to serve as");
        let mut parts = Parts::load(&config).await.expect("the models");
        parts.owner = target.owner_options().await.ok();
        if let Some(clock) = options.clock.clone() {
            parts.clock = Arc::new(clock);
        }
        let wired = Wired::of(&config, &route, parts).await.expect("the wiring");

        let (stop, stopped) = watch::channel(false);
        // Other maintenance is run by the tests that are about it.
        let fold = upkeep::fold(wired.store.clone(), stopped.clone());
        let mut tasks = vec![tokio::spawn(fold)];
        // Done before the first request, so that no test runs at the same time.
        upkeep::sweep_at_start(wired.application.maintenance.clone(), stopped.clone()).await;
        if options.worker {
            let bulk = wired.application.bulk_uploads.clone();
            tasks.push(tokio::spawn(async move { bulk.work(stopped).await }));
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("its address"));
        let (state, sessions) = with_aged_sessions(&wired);
        let server = HttpServer::new(move || accunode_web::app(&state))
            .workers(1)
            .disable_signals()
            .shutdown_timeout(1)
            .listen(listener)
            .expect("to listen")
            .run();
        let handle = server.handle();
        tasks.push(tokio::spawn(async move {
            // `Drop` ends it.
            let _ = server.await;
        }));
        Self {
            database,
            wired,
            sessions,
            base,
            stop,
            server: handle,
            tasks,
            folder,
        }
    }

    /// Returns an anonymous client for this service.
    #[must_use]
    pub fn anonymous(&self) -> TestUser {
        TestUser::anonymous(&self.base)
    }

    /// Registers a new user with the role `user`, and signs them in.
    ///
    /// # Panics
    /// If registration fails.
    pub async fn user(&self, name: &str) -> TestUser {
        self.anonymous()
            .register(&format!("{name}@example.com"))
            .await
    }

    /// Returns the wiring, for what HTTP does not show.
    #[must_use]
    pub fn wired(&self) -> &Wired {
        &self.wired
    }

    /// Makes a user's sessions look as if the user had proved their identity this many
    /// seconds earlier.
    ///
    /// # Panics
    /// If the session store does not answer.
    pub async fn age_sessions(&self, user: &TestUser, seconds: u64) {
        let user = accunode_domain::id::UserId(user.id);
        self.sessions.age(user, seconds).await;
    }

    /// Returns the folder of uploaded files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Waits until an upload has ended, and returns it.
    ///
    /// # Panics
    /// If that takes longer than two minutes.
    pub async fn finished(&self, user: &TestUser, job: &str) -> serde_json::Value {
        let id = accunode_domain::id::JobId(job.parse().expect("a job's id"));
        let wait = async {
            loop {
                let job = user.get(&format!("/bulk-uploads/{id}")).await.expect(200);
                if !matches!(job["status"].as_str(), Some("pending" | "processing")) {
                    return job;
                }
                self.wired
                    .application
                    .bulk_uploads
                    .wait_for_change(id)
                    .await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(120), wait)
            .await
            .expect("the upload to end")
    }

    /// Stops everything in order and waits for it.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        self.server.stop(true).await;
        for task in self.tasks.drain(..) {
            let _ = task.await;
        }
        self.wired.tasks.stop();
        self.wired
            .tasks
            .finish(std::time::Duration::from_secs(10))
            .await;
        self.wired.store.close().await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.wired.tasks.stop();
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Returns the program that was built for these tests; they run from a folder beside it.
fn program() -> PathBuf {
    let tests = std::env::current_exe().expect("this program");
    let programs = tests.ancestors().nth(2).expect("the folder of programs");
    programs.join("accunode-tested")
}

/// Returns the state of the web layer over sessions that a test can age.
fn with_aged_sessions(wired: &Wired) -> (WebState, Arc<AgedSessions>) {
    let ports = wired.application.ports();
    let sessions = Arc::new(AgedSessions::over(ports.sessions.clone()));
    let ports = Ports {
        sessions: sessions.clone(),
        ..ports.clone()
    };
    let state = WebState {
        application: Application::new(Arc::new(ports)),
        ..wired.web.clone()
    };
    (state, sessions)
}

fn config(url: &str, folder: &Path, options: &ServiceOptions) -> Config {
    let mut sources = Sources::default();
    let mut set = |name: &str, value: &str| sources.flags.push((name.to_owned(), value.to_owned()));
    set("database_url", url);
    set("data_dir", &folder.display().to_string());
    set("db_pool_size", "12");
    // This process is not `accunode`: the program that reads files was built beside it.
    set("parser.program", &program().display().to_string());
    for class in [
        "admin",
        "auth",
        "read",
        "score",
        "unknown_keys",
        "upload",
        "write",
    ] {
        set(&format!("limits.{class}"), "0");
    }
    // Tests write to the same few addresses again and again.
    set("mails.per_address_per_minute", "0");
    set("mails.per_address_per_day", "0");
    set("mails.per_sender_per_day", "0");
    // A machine that builds often has little free disk space.
    set("min_free_disk", "0");
    for (name, value) in &options.settings {
        set(name, value);
    }
    Config::load(&sources).expect("a right configuration")
}
