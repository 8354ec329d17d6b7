//! The roles with which the service may serve.

use accunode::config::{Config, Sources};
use accunode::database::{Database, DatabaseError};
use accunode_embedded_postgres::EmbeddedPostgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::kit::{allow_role, folder, start};

/// Returns a migrated embedded database, used as an external one with this URL.
async fn known_by(server: &EmbeddedPostgres, role: &str) -> Database {
    Database::embedded(server)
        .expect("an address")
        .ensure_schema()
        .await
        .expect("migrated");
    by_url(server.url(role, "accunode"))
}

fn by_url(url: String) -> Database {
    let sources = Sources {
        flags: vec![
            ("data_dir".into(), "/nowhere".into()),
            ("database_url".into(), url),
        ],
        ..Sources::default()
    };
    let config = Config::load(&sources).expect("a right configuration");
    Database::open(&config).expect("nothing to start").0
}

async fn run(server: &EmbeddedPostgres, sql: &str) {
    let options = server.superuser_options("accunode");
    let mut connection = PgConnection::connect_with(&options)
        .await
        .expect("connected");
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .expect("done");
}

/// Returns the role that executes statements, also after an attempt to change it.
async fn serves_as(database: &Database) -> String {
    let route = database.route().await.expect("fit to serve");
    let mut connection = PgConnection::connect(route.url()).await.expect("connected");
    sqlx::raw_sql("RESET ROLE")
        .execute(&mut connection)
        .await
        .expect("reset");
    sqlx::query_scalar("SELECT current_user::text")
        .fetch_one(&mut connection)
        .await
        .expect("an answer")
}

fn in_runtime(work: impl AsyncFnOnce(&EmbeddedPostgres)) {
    let home = folder();
    let server = start(home.path());
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work(&server));
}

#[test]
fn superuser_and_owner_urls_serve_as_the_server_role() {
    in_runtime(async |server| {
        for role in ["postgres", "accunode_owner", "accunode_server"] {
            let database = known_by(server, role).await;
            assert_eq!(serves_as(&database).await, "accunode_server", "{role}");
        }
    });
}

#[test]
fn role_bypassing_row_level_security_is_refused() {
    in_runtime(async |server| {
        let database = known_by(server, "overlooked").await;
        run(server, "CREATE ROLE overlooked LOGIN BYPASSRLS; GRANT CONNECT ON DATABASE accunode TO overlooked").await;
        allow_role(server, "overlooked").await;
        let refused = database.route().await.expect_err("refused");
        assert!(
            matches!(&refused, DatabaseError::UnfitRole { role, .. } if role == "overlooked"),
            "{refused}"
        );
    });
}

#[test]
fn server_role_with_excess_rights_is_refused() {
    in_runtime(async |server| {
        let database = known_by(server, "postgres").await;
        run(server, "ALTER ROLE accunode_server BYPASSRLS").await;
        let refused = database.route().await.expect_err("refused");
        assert!(
            matches!(refused, DatabaseError::UnfitServerRole { .. }),
            "{refused}"
        );
    });
}

#[test]
fn unrelated_role_is_refused_with_the_needed_grant() {
    in_runtime(async |server| {
        let database = known_by(server, "stranger").await;
        run(
            server,
            "CREATE ROLE stranger LOGIN; GRANT CONNECT ON DATABASE accunode TO stranger",
        )
        .await;
        allow_role(server, "stranger").await;
        let refused = database.route().await.expect_err("refused");
        assert!(
            refused.to_string().contains("GRANT accunode_server"),
            "{refused}"
        );
    });
}

#[test]
fn server_url_alone_does_not_migrate() {
    in_runtime(async |server| {
        let database = known_by(server, "accunode_server").await;
        let refused = database.owner_url().await.expect_err("refused");
        assert!(
            refused.to_string().starts_with("owner_url_missing"),
            "{refused}"
        );
        let owner = known_by(server, "accunode_owner").await;
        owner.owner_url().await.expect("the owner's own");
    });
}

#[test]
fn database_without_roles_is_refused_until_bootstrapped() {
    in_runtime(async |server| {
        let database = by_url(server.superuser_url("postgres"));
        let refused = database.route().await.expect_err("refused");
        assert!(matches!(refused, DatabaseError::RolesMissing), "{refused}");
        assert!(matches!(
            database.ensure_schema().await,
            Err(DatabaseError::Pending(_))
        ));

        database.bootstrap().await.expect("a superuser may");
        let owner = database.owner_url().await.expect("a superuser may");
        accunode_migration::migrate_up(owner.expose())
            .await
            .expect("migrated");
        database.ensure_schema().await.expect("up to date");
        assert_eq!(serves_as(&database).await, "accunode_server");
    });
}

#[test]
fn statement_statistics_exist_where_their_library_is_loaded() {
    in_runtime(async |server| {
        known_by(server, "postgres").await;
        let options = server.superuser_options("accunode");
        let mut connection = PgConnection::connect_with(&options)
            .await
            .expect("connected");
        let loaded: String = sqlx::query_scalar("SHOW shared_preload_libraries")
            .fetch_one(&mut connection)
            .await
            .expect("an answer");
        let count: Result<i64, _> = sqlx::query_scalar("SELECT count(*) FROM pg_stat_statements")
            .fetch_one(&mut connection)
            .await;
        assert_eq!(
            count.is_ok(),
            loaded == "pg_stat_statements",
            "{loaded:?} {count:?}"
        );
    });
}
