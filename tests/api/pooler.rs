//! The service behind PgBouncer in transaction mode, which gives each transaction another session.

use std::{sync::Arc, time::Duration};

use accunode::{
    config::{Config, Sources},
    database::{Database as Target, DatabaseError, Route},
};
use accunode_migration::{OWNER_ROLE, SERVER_ROLE};
use accunode_tests::{Database, PgBouncer, Postgres, Service, ServiceOptions};
use sqlx::{Connection, Executor, PgConnection, Row};

use crate::support::{prediction, text};

/// A database, and how it is reached behind a pooler.
struct Scene {
    pooler: PgBouncer,
    database: Database,
}

impl Scene {
    async fn with(settings: &[(&str, &str)]) -> Self {
        let database = Database::create().await;
        let pooler = PgBouncer::start(Postgres::shared_url(), settings).expect("a PgBouncer");
        Self { pooler, database }
    }

    fn behind(&self, role: &str) -> String {
        self.pooler.url(role, self.database.name())
    }

    fn past(&self) -> String {
        self.database.url_of(SERVER_ROLE)
    }

    /// What the service does with these URLs.
    async fn route(&self, settings: &[(&str, &str)]) -> Result<Route, DatabaseError> {
        target(settings).route().await
    }
}

fn target(settings: &[(&str, &str)]) -> Target {
    let flags = settings.iter().chain(&[("data_dir", "/nowhere")]);
    let sources = Sources {
        flags: flags
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..Sources::default()
    };
    let config = Config::load(&sources).expect("a right configuration");
    Target::open(&config).expect("nothing to start").0
}

#[tokio::test]
async fn service_behind_a_pooler_keeps_settings_and_locks_and_processes_jobs() {
    // Fewer sessions than connections, so that they are exchanged all the time.
    let Scene { pooler, database } = Scene::with(&[("default_pool_size", "3")]).await;
    let mut pooler = pooler;
    let (behind, past) = (
        pooler.url(SERVER_ROLE, database.name()),
        database.url_of(SERVER_ROLE),
    );
    let database = Arc::new(database);
    let options = ServiceOptions::default()
        .with("database_url", &behind)
        .with("direct_database_url", &past);
    let service = Service::on(database.clone(), options).await;
    let ana = service.anonymous().register("ana@example.com").await;
    let ben = service.anonymous().register("ben@example.com").await;
    let requests = (0..60).map(|n| {
        let user = if n % 2 == 0 { &ana } else { &ben };
        let body = prediction(&format!("P{}", n / 2), "2024");
        async move {
            let _ = user.post("/predictions/annual", &body).await.expect(201);
            let page = user.get("/companies?limit=1000").await.expect(200);
            assert!(
                page["data"].as_array().expect("a list").len() <= 30,
                "{page}"
            );
        }
    });
    let _ = futures::future::join_all(requests).await;
    for user in [&ana, &ben] {
        let page = user.get("/companies?limit=1000").await.expect(200);
        assert_eq!(page["data"].as_array().map(Vec::len), Some(30));
    }
    let rows = "company_symbol,sector,reporting_year,long_term_debt_to_total_capital,\
                total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets\n\
                ACME,Energy,2023,0.4,2.5,0.03,6.1,0.05\n";
    let job = ana
        .upload(("one.csv", rows.into()), &[("job_type", "annual")])
        .await
        .expect(202);
    let path = format!("/bulk-uploads/{}", text(&job, "id"));
    let ended = ana.get(&format!("{path}?wait=30")).await.expect(200);
    assert_eq!(ended["success_count"], 1, "{ended}");

    // Sessions behind the pooler have the settings of the service from their start, and nothing
    // that a session could keep.
    let mut connection = PgConnection::connect_with(&options_of(&behind))
        .await
        .expect("behind the pooler");
    for _ in 0..5 {
        let row = connection
            .fetch_one(
                "SELECT current_setting('statement_timeout'), current_setting('search_path'), \
                        current_setting('jit'), current_setting('random_page_cost'), \
                        coalesce(current_setting('accunode.user_id', true), '')",
            )
            .await
            .expect("an answer");
        let settings: Vec<String> = (0..5).map(|n| row.get(n)).collect();
        assert_eq!(settings, ["30s", "public", "off", "1.1", ""]);
    }

    // The listening connection is past the pooler.
    let mut superuser = PgConnection::connect(database.url())
        .await
        .expect("past it");
    let listening = "SELECT pid FROM pg_stat_activity \
                      WHERE datname = current_database() AND query ILIKE 'LISTEN %'";
    let before: Vec<i32> = sqlx::query_scalar(listening)
        .fetch_all(&mut superuser)
        .await
        .expect("an answer");
    assert_eq!(before.len(), 1, "one process listens");
    pooler.kill().expect("killed");
    let refused = ana.get("/me").await;
    assert_eq!(refused.status.as_u16(), 503, "{}", refused.text);
    pooler.run().expect("started again");
    let answered = async {
        while ana.get("/me").await.status.as_u16() != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), answered)
        .await
        .expect("it serves again by itself");
    let after: Vec<i32> = sqlx::query_scalar(listening)
        .fetch_all(&mut superuser)
        .await
        .expect("an answer");
    assert_eq!(after, before, "the pooler's end did not disturb it");
}

fn options_of(url: &str) -> sqlx::postgres::PgConnectOptions {
    accunode_postgres::session::options(url).expect("a URL")
}

#[tokio::test]
async fn pooler_without_a_url_past_it_is_refused() {
    // Also one that accepts the options of a connection, and loses them.
    for ignored in ["extra_float_digits", "options"] {
        let scene = Scene::with(&[("ignore_startup_parameters", ignored)]).await;
        let behind = scene.behind(SERVER_ROLE);
        let refused = scene.route(&[("database_url", &behind)]).await;
        assert!(
            matches!(refused, Err(DatabaseError::DirectUrlMissing)),
            "{refused:?}"
        );
        let again = scene
            .route(&[
                ("database_url", behind.as_str()),
                ("direct_database_url", behind.as_str()),
            ])
            .await;
        assert!(
            matches!(again, Err(DatabaseError::DirectUrlPooled)),
            "{again:?}"
        );
        let past = scene.past();
        let route = scene
            .route(&[("database_url", &behind), ("direct_database_url", &past)])
            .await;
        // A session from before the role had its settings.
        assert!(
            matches!(route, Err(DatabaseError::OldSessions(_))) == (ignored == "options"),
            "{route:?}"
        );
    }
}

#[tokio::test]
async fn urls_that_do_not_belong_together_are_refused() {
    let scene = Scene::with(&[]).await;
    let other = Database::create().await;
    let behind = scene.behind(SERVER_ROLE);
    let elsewhere = other.url_of(SERVER_ROLE);
    let refused = scene
        .route(&[
            ("database_url", behind.as_str()),
            ("direct_database_url", elsewhere.as_str()),
        ])
        .await;
    assert!(
        matches!(refused, Err(DatabaseError::DirectUrlElsewhere)),
        "{refused:?}"
    );
    let (owner_behind, owner) = (scene.behind(OWNER_ROLE), scene.database.url_of(OWNER_ROLE));
    let refused = scene
        .route(&[
            ("database_url", owner_behind.as_str()),
            ("direct_database_url", owner.as_str()),
        ])
        .await;
    assert!(
        matches!(refused, Err(DatabaseError::RoleBehindPooler)),
        "{refused:?}"
    );
    let migrating = target(&[
        ("database_url", behind.as_str()),
        ("owner_database_url", owner_behind.as_str()),
    ]);
    let refused = migrating.migration_url().await;
    assert!(
        matches!(refused, Err(DatabaseError::OwnerUrlPooled)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn pooler_that_loses_prepared_statements_is_refused() {
    let scene = Scene::with(&[("max_prepared_statements", "0")]).await;
    let (behind, past) = (scene.behind(SERVER_ROLE), scene.past());
    let refused = scene
        .route(&[("database_url", &behind), ("direct_database_url", &past)])
        .await;
    assert!(
        matches!(refused, Err(DatabaseError::NoPreparedStatements)),
        "{refused:?}"
    );
    let direct = scene.route(&[("database_url", &past)]).await;
    assert!(!direct.expect("no pooler").is_pooled());
}
