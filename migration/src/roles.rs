//! The two database roles.

use sqlx::PgPool;

use crate::MigrateError;

/// Owns the tables and the functions; migrates, maintains, backs up.
pub const OWNER_ROLE: &str = "accunode_owner";
/// Serves requests; row-level security applies to it and it changes no schema.
pub const SERVER_ROLE: &str = "accunode_server";

/// The first statements of a connection whose user is the owner, a superuser or another
/// member of the serving role. The role's own settings apply to its logins only, so they
/// are repeated.
pub const BECOME_SERVER: &str = "SET ROLE accunode_server; SET jit = off; SET statement_timeout = '30s'; \
     SET idle_in_transaction_session_timeout = '30s'";

/// Creates the two roles if they are missing and gives them this database.
///
/// # Errors
/// [`MigrateError::Statement`], also if the pool's user is not a superuser.
pub async fn bootstrap_roles(superuser: &PgPool) -> Result<(), MigrateError> {
    sqlx::raw_sql(include_str!("roles.sql"))
        .execute(superuser)
        .await?;
    Ok(())
}
