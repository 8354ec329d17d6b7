//! Why the database cannot be used, each with what to do about it.

use accunode_migration::MigrateError;

use crate::embedded::EmbeddedError;

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The embedded PostgreSQL does not run.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// A socket's folder that makes no URL.
    #[error("the embedded database's address is no URL")]
    Url(#[source] url::ParseError),
    /// Only the server's URL is known, and the owner's is needed.
    #[error(
        "owner_url_missing: the role of DATABASE_URL may not change the schema; give the owner's URL as \
         ACCUNODE_OWNER_DATABASE_URL"
    )]
    OwnerUrlMissing,
    /// Nobody has made the roles.
    #[error(
        "the database has no role accunode_server yet: run `accunode migrate up` once with a superuser's \
         ACCUNODE_OWNER_DATABASE_URL"
    )]
    RolesMissing,
    /// The URL's role must not serve, and cannot become one that may.
    #[error(
        "the database role {role:?} {reason}, so it must not serve, and it may not become accunode_server: \
         use accunode_server's URL, or let a superuser say GRANT accunode_server TO {role:?}"
    )]
    UnfitRole {
        /// The URL's role.
        role: String,
        /// Why it must not serve.
        reason: &'static str,
    },
    /// `accunode_server` itself has rights that it must not have.
    #[error(
        "the database role {role:?} {reason}, so row-level security would not hold: take that from it"
    )]
    UnfitServerRole {
        /// The role that was taken on.
        role: String,
        /// Why it must not serve.
        reason: &'static str,
    },
    /// The schema is older than this program.
    #[error("the database lacks {}: run `accunode migrate up` first", .0.join(", "))]
    Pending(Vec<String>),
    /// A migration, or the roles.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The database does not answer, or refuses.
    #[error("the database does not answer as it should")]
    Sql(#[from] sqlx::Error),
}
