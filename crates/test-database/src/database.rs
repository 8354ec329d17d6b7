//! A database for each test, copied from a template that was migrated once.

use accunode_migration::{bootstrap_roles, migrate_up};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

use crate::server::Postgres;

/// The lock under which the template is created or copied: neither may happen twice at once.
const TEMPLATE_LOCK: i64 = 0x6163_6375_6e6f_6465;

/// A database of one test. Dropped with its value.
#[derive(Debug)]
pub struct Database {
    name: String,
    url: String,
    /// The URL of its server.
    server: String,
}

impl Database {
    /// Creates a migrated, empty database.
    ///
    /// # Panics
    /// If the server fails: then no test can continue.
    pub async fn create() -> Self {
        Self::create_on(Postgres::shared_url()).await
    }

    /// As [`Database::create`], on the server with this superuser's URL.
    ///
    /// # Panics
    /// If the server fails: then no test can continue.
    pub async fn create_on(server: &str) -> Self {
        let template = template_name();
        let name = format!("test_{}", Uuid::new_v4().simple());
        let mut connection = PgConnection::connect(server)
            .await
            .expect("the tests' PostgreSQL");
        lock(&mut connection).await;
        if !exists(&mut connection, &template).await {
            make_template(&mut connection, server, &template).await;
        }
        // Copying fails while another connection uses the template; the lock prevents that.
        run(
            &mut connection,
            format!("CREATE DATABASE {name} TEMPLATE {template}"),
        )
        .await;
        run(
            &mut connection,
            format!("ALTER DATABASE {name} OWNER TO accunode_owner"),
        )
        .await;
        connection.close().await.expect("close");
        let url = of_database(server, &name);
        Self {
            name,
            url,
            server: server.to_owned(),
        }
    }

    /// Creates a database without any objects, owned by the owner's role.
    ///
    /// # Panics
    /// If the server fails: then no test can continue.
    pub async fn empty() -> Self {
        // The roles are created with the first migrated database.
        let other = Self::create().await;
        let name = format!("test_{}", Uuid::new_v4().simple());
        let server = Postgres::shared_url();
        let mut connection = PgConnection::connect(server)
            .await
            .expect("the tests' PostgreSQL");
        run(
            &mut connection,
            format!("CREATE DATABASE {name} OWNER accunode_owner TEMPLATE template0"),
        )
        .await;
        connection.close().await.expect("close");
        drop(other);
        let url = of_database(server, &name);
        Self {
            name,
            url,
            server: server.to_owned(),
        }
    }

    /// Creates a database without any objects, owned by a superuser, on a server that need
    /// not have the service's roles.
    ///
    /// # Panics
    /// If the server fails: then no test can continue.
    pub async fn blank() -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        let server = Postgres::shared_url();
        let mut connection = PgConnection::connect(server)
            .await
            .expect("the tests' PostgreSQL");
        run(&mut connection, format!("CREATE DATABASE {name}")).await;
        connection.close().await.expect("close");
        let url = of_database(server, &name);
        Self {
            name,
            url,
            server: server.to_owned(),
        }
    }

    /// Returns a superuser's URL. The service assumes the serving role with it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the URL of one of the service's roles.
    #[must_use]
    pub fn url_of(&self, role: &str) -> String {
        let (scheme, rest) = self.url.split_once("://").expect("a URL");
        let (_, server) = rest.split_once('@').expect("a URL with a user");
        format!("{scheme}://{role}@{server}")
    }

    /// Returns a superuser's URL of the copy of this database that a replica of its server has.
    #[must_use]
    pub fn url_on(&self, replica: &Postgres) -> String {
        of_database(&replica.url(), &self.name)
    }

    /// Returns a superuser's pool, for what a test prepares or reads bypassing the service.
    ///
    /// # Panics
    /// If the server cannot be reached.
    pub async fn superuser(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(2)
            .connect(&self.url)
            .await
            .expect("connect")
    }

    /// Returns a connection with the serving role, without an actor.
    ///
    /// # Panics
    /// If the server cannot be reached.
    pub async fn server_role(&self) -> PgConnection {
        let mut connection = PgConnection::connect(&self.url).await.expect("connect");
        connection
            .execute("SET SESSION AUTHORIZATION accunode_server")
            .await
            .expect("become accunode_server");
        connection
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (url, name) = (self.server.clone(), self.name.clone());
        // `drop` cannot await; a thread with a runtime can wait.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            if let Ok(runtime) = runtime {
                runtime.block_on(async {
                    if let Ok(mut connection) = PgConnection::connect(&url).await {
                        let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                        let _ = connection.execute(AssertSqlSafe(sql)).await;
                    }
                });
            }
        });
        let _ = dropped.join();
    }
}

/// The name depends on the migrations, so that a changed schema gets a new template.
fn template_name() -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hash = DefaultHasher::new();
    accunode_migration::migration_names().hash(&mut hash);
    format!("template_{:016x}", hash.finish())
}

async fn make_template(connection: &mut PgConnection, server: &str, template: &str) {
    let draft = format!("{template}_draft");
    run(
        connection,
        format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)"),
    )
    .await;
    run(connection, format!("CREATE DATABASE {draft}")).await;
    let url = of_database(server, &draft);
    let pool = PgPool::connect(&url)
        .await
        .expect("connect to the template");
    bootstrap_roles(&pool).await.expect("the roles");
    migrate_up(&url).await.expect("the migrations");
    pool.close().await;
    run(
        connection,
        format!("ALTER DATABASE {draft} RENAME TO {template}"),
    )
    .await;
}

async fn lock(connection: &mut PgConnection) {
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(connection)
        .await
        .expect("lock the template");
}

async fn exists(connection: &mut PgConnection, name: &str) -> bool {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(name)
        .fetch_one(connection)
        .await
        .expect("look for the template")
}

async fn run(connection: &mut PgConnection, sql: String) {
    if let Err(error) = connection.execute(AssertSqlSafe(sql.clone())).await {
        panic!("{sql}: {error}");
    }
}

/// Returns the same server's URL for another database.
fn of_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let server = base.rsplit_once('/').map_or(base, |(server, _)| server);
    if query.is_empty() {
        format!("{server}/{name}")
    } else {
        format!("{server}/{name}?{query}")
    }
}
