//! The first connection: a failure is reported at once, with its reason.

use std::time::Duration;

use accunode_postgres::outage;
use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};

use super::DatabaseError;

/// The time limit of one attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Connects. A pool would retry until its own timeout, and then only report that it had no
/// connection.
///
/// # Errors
/// [`DatabaseError::Unreachable`] with the reason.
pub(crate) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, DatabaseError> {
    let attempt = tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await;
    let timed_out = || sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    attempt
        .unwrap_or_else(|_| Err(timed_out()))
        .map_err(|error| unreachable(options, error))
}

/// Names the server, without the password.
fn unreachable(options: &PgConnectOptions, error: sqlx::Error) -> DatabaseError {
    let Some(outage) = outage::of_sqlx(&error) else {
        return DatabaseError::Sql(error);
    };
    let database = options.get_database().unwrap_or_default();
    DatabaseError::Unreachable {
        address: format!(
            "{}@{}:{}/{database}",
            options.get_username(),
            options.get_host(),
            options.get_port()
        ),
        outage,
        source: error,
    }
}
