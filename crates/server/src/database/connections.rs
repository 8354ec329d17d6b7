//! The number of connections that a process opens, compared with the server's limit.

use accunode_postgres::PgJobQueue;
use sqlx::{PgConnection, Row};

use super::DatabaseError;

/// The private PostgreSQL's `max_connections`, unless more are needed.
pub(crate) const USUAL: u32 = 100;

/// The connections of the private PostgreSQL in addition to the service's: three for
/// superusers only, and some for `accunode admin`, `maintain` and backups beside it.
pub(crate) const SPARE: u32 = 3 + 10;

/// The connection that holds the instance lock, and one that bootstraps and migrates.
const OWN: u32 = 2;

/// Returns how many connections a process with pools of this total size opens at most. Code
/// that needs the number (the private PostgreSQL's `max_connections`, the check of an
/// external server) calls this function.
#[must_use]
pub(crate) fn of_process(pool: u32) -> u32 {
    pool + PgJobQueue::CONNECTIONS + OWN
}

/// The connections that the server has for roles that are not superusers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    most: i64,
    reserved: i64,
    /// The limits of the role and of the database; -1 means none.
    role: i64,
    database: i64,
}

impl Allowance {
    /// Queries the server.
    pub(super) async fn ask(connection: &mut PgConnection) -> Result<Self, DatabaseError> {
        let row = sqlx::query(
            "SELECT current_setting('max_connections')::bigint AS most, \
                    current_setting('superuser_reserved_connections')::bigint \
                      + coalesce(current_setting('reserved_connections', true)::bigint, 0) AS reserved, \
                    (SELECT rolconnlimit::bigint FROM pg_roles WHERE rolname = session_user) AS role, \
                    (SELECT datconnlimit::bigint FROM pg_database WHERE datname = current_database()) AS database",
        )
        .fetch_one(connection)
        .await?;
        Ok(Self {
            most: row.try_get("most")?,
            reserved: row.try_get("reserved")?,
            role: row.try_get("role")?,
            database: row.try_get("database")?,
        })
    }

    /// Checks that a process with this pool fits within the limits.
    pub(super) fn check(self, pool: u32) -> Result<(), DatabaseError> {
        let needed = i64::from(of_process(pool));
        let limits = [
            (
                self.most - self.reserved,
                "the server's max_connections, less those reserved for superusers,",
            ),
            (self.role, "the connection limit of its role"),
            (self.database, "the connection limit of the database"),
        ];
        let exceeded = limits
            .into_iter()
            .filter(|(limit, _)| *limit >= 0 && *limit < needed)
            .min();
        let Some((limit, what)) = exceeded else {
            return Ok(());
        };
        Err(DatabaseError::TooFewConnections {
            pool,
            needed,
            limit,
            what,
            fits: limit - needed + i64::from(pool),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL_SERVER: Allowance = Allowance {
        most: 100,
        reserved: 3,
        role: -1,
        database: -1,
    };

    #[test]
    fn pool_larger_than_the_server_allows_is_refused_with_advice() {
        USUAL_SERVER.check(92).expect("97 connections");
        let error = USUAL_SERVER
            .check(93)
            .expect_err("98 connections")
            .to_string();
        assert!(
            error.contains("up to 98") && error.contains("at most 92") && error.contains("by 1"),
            "{error}"
        );
        let few = Allowance {
            most: 5,
            ..USUAL_SERVER
        };
        let error = few.check(12).expect_err("17 connections").to_string();
        assert!(error.contains("leaves it 2: raise that by 15"), "{error}");
        let held = Allowance {
            role: 10,
            ..USUAL_SERVER
        };
        let error = held.check(12).expect_err("17 connections").to_string();
        assert!(error.contains("limit of its role"), "{error}");
    }
}
