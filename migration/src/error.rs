//! Errors of migrating.

use std::time::Duration;

use sea_orm_migration::DbErr;

/// Why the schema is not as required.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// The database does not answer, or refuses the URL's user.
    #[error("cannot reach the database")]
    Connect(#[source] sqlx::Error),
    /// [`crate::bootstrap_roles`] was not run on this cluster.
    #[error(
        "the roles accunode_owner and accunode_server do not exist; a superuser has to make them first"
    )]
    RolesMissing,
    /// The URL's user neither is the owner nor can assume that role.
    #[error("{user:?} may not act as accunode_owner, who alone changes the schema")]
    NotOwner {
        /// The user that the URL names.
        user: String,
    },
    /// Another process has been migrating for too long.
    #[error("another process has been migrating this database for {} s", .0.as_secs())]
    Locked(Duration),
    /// The database was migrated by a newer build.
    #[error("the database has migrations that this build does not know: {}", .0.join(", "))]
    Newer(Vec<String>),
    /// A migration failed; it left nothing behind unless it runs outside a transaction.
    #[error("a migration failed")]
    Failed(#[source] DbErr),
    /// A statement around the migrations failed.
    #[error("a statement failed")]
    Statement(#[from] sqlx::Error),
}
