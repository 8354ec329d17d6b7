//! Why the database cannot be used, each reason with its remedy.

use accunode_migration::MigrateError;
use accunode_ports::health::Failing;
use accunode_postgres::outage::{self, Outage};

use accunode_embedded_postgres::EmbeddedError;

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The embedded PostgreSQL does not run.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The folder of a socket cannot be expressed as a URL.
    #[error("the embedded database's address is no URL")]
    Url(#[source] url::ParseError),
    /// Only the server's URL is known, but the owner's is needed.
    #[error(
        "owner_url_missing: the role of DATABASE_URL may not change the schema; give the owner's URL as \
         ACCUNODE_OWNER_DATABASE_URL"
    )]
    OwnerUrlMissing,
    /// `DATABASE_URL` leads to a pooler, and nothing leads past it.
    #[error(
        "direct_url_missing: DATABASE_URL leads to a pooler such as PgBouncer, which shares sessions; give \
         the URL of the same database and role that leads to PostgreSQL itself, as \
         ACCUNODE_DIRECT_DATABASE_URL, for locks and LISTEN"
    )]
    DirectUrlMissing,
    /// `ACCUNODE_DIRECT_DATABASE_URL` leads to a pooler.
    #[error(
        "ACCUNODE_DIRECT_DATABASE_URL leads to a pooler, too: give the URL that leads to PostgreSQL itself"
    )]
    DirectUrlPooled,
    /// The two URLs name different databases or roles.
    #[error(
        "DATABASE_URL and ACCUNODE_DIRECT_DATABASE_URL lead to different servers, databases or roles: give \
         two URLs of one role in one database"
    )]
    DirectUrlElsewhere,
    /// The owner's URL leads to a pooler.
    #[error(
        "the owner's URL leads to a pooler, which would lose the lock of the migrations: give one that leads \
         to PostgreSQL itself as ACCUNODE_OWNER_DATABASE_URL"
    )]
    OwnerUrlPooled,
    /// The replica's URL leads to a pooler, and that of the primary does not.
    #[error(
        "ACCUNODE_READ_DATABASE_URL leads to a pooler and DATABASE_URL does not: let both lead to one, with \
         ACCUNODE_DIRECT_DATABASE_URL, or neither"
    )]
    ReadUrlPooled,
    /// A role would have to be assumed behind a pooler.
    #[error(
        "DATABASE_URL leads to a pooler, and its role would have to become accunode_server for each session: \
         use accunode_server's own URL"
    )]
    RoleBehindPooler,
    /// The pooler has sessions from before the role had its settings.
    #[error(
        "the pooler's sessions lack settings that the role has now ({}): reconnect it (RECONNECT in \
         PgBouncer's console)", .0.join(", ")
    )]
    OldSessions(Vec<String>),
    /// The pooler does not know prepared statements.
    #[error(
        "the pooler loses prepared statements: use PgBouncer 1.21 or newer with max_prepared_statements = 200"
    )]
    NoPreparedStatements,
    /// The roles were not created.
    #[error(
        "the database has no role accunode_server yet: run `accunode migrate up` once with a superuser's \
         ACCUNODE_OWNER_DATABASE_URL"
    )]
    RolesMissing,
    /// The URL's role must not serve, and cannot assume one that may.
    #[error(
        "the database role {role:?} {reason}, so it must not serve, and it may not become accunode_server: \
         use accunode_server's URL, or let a superuser say GRANT accunode_server TO {role:?}"
    )]
    UnfitRole {
        /// The URL's role.
        role: String,
        /// The reason why it must not serve.
        reason: &'static str,
    },
    /// `accunode_server` itself has rights that it must not have.
    #[error(
        "the database role {role:?} {reason}, so row-level security would not hold: take that from it"
    )]
    UnfitServerRole {
        /// The role that was assumed.
        role: String,
        /// The reason why it must not serve.
        reason: &'static str,
    },
    /// The schema is older than this program.
    #[error("the database lacks {}: run `accunode migrate up` first", .0.join(", "))]
    Pending(Vec<String>),
    /// A migration or the creation of the roles failed.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// No connection can be established.
    #[error("the database {address} cannot be reached: {}. What to do: {}", outage.detail, outage.remedy)]
    Unreachable {
        /// Role, host, port and database.
        address: String,
        /// The reason, and its remedy.
        outage: Outage,
        /// The error of the driver.
        source: sqlx::Error,
    },
    /// The server has fewer connections than the process may open.
    #[error(
        "with db_pool_size = {pool} this process opens up to {needed} connections, and {what} leaves it \
         {limit}: {}raise that by {}",
        if *fits >= 2 { format!("lower db_pool_size to at most {fits}, or ") } else { String::new() },
        needed - limit
    )]
    TooFewConnections {
        /// The configured pool.
        pool: u32,
        /// The number of connections that the process may open.
        needed: i64,
        /// The number that it may have.
        limit: i64,
        /// The name of that limit.
        what: &'static str,
        /// The size of a pool that would fit.
        fits: i64,
    },
    /// The database answered with an error.
    #[error("the database does not answer as it should")]
    Sql(#[from] sqlx::Error),
}

impl DatabaseError {
    /// Returns what readiness reports if the error may pass by itself, or by a change of
    /// the database; `None` if only another configuration helps.
    #[must_use]
    pub fn passing(&self) -> Option<Failing> {
        let (reason, detail) = match self {
            Self::Embedded(error) if error.may_pass() => (
                error.reason(),
                "the private PostgreSQL cannot be started yet",
            ),
            Self::Unreachable { outage, .. } => (outage.reason, outage.detail),
            Self::OldSessions(_) => (
                "old_sessions",
                "the pooler's sessions are older than the settings of their role",
            ),
            Self::Sql(error) => outage::of_sqlx(error).map(|it| (it.reason, it.detail))?,
            Self::Migrate(error) => {
                let cause = std::iter::successors(
                    Some(error as &(dyn std::error::Error + 'static)),
                    |error| error.source(),
                );
                let db_errors = cause.filter_map(|error| error.downcast_ref::<sqlx::Error>());
                let outage = db_errors.filter_map(outage::of_sqlx).next()?;
                (outage.reason, outage.detail)
            }
            _ => return None,
        };
        Some(Failing::new("database", reason, detail))
    }
}
