//! Why the database does not answer, as a stable code and as text.

use accunode_ports::{RepositoryError, health::Failing};

/// Why the database does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// A stable code, such as `connection_refused`.
    pub reason: &'static str,
    /// A description that names no host, no user and no database.
    pub detail: &'static str,
    /// What an operator can do about it.
    pub remedy: &'static str,
}

const fn outage(reason: &'static str, detail: &'static str, remedy: &'static str) -> Outage {
    Outage {
        reason,
        detail,
        remedy,
    }
}

/// Classifies an error of sqlx; `None` if the database answered, and its answer is no sign
/// of an outage.
#[must_use]
pub fn of_sqlx(error: &sqlx::Error) -> Option<Outage> {
    use std::io::ErrorKind;
    Some(match error {
        sqlx::Error::Io(io) => match io.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::NotFound => outage(
                "connection_refused",
                "connection refused: no server listens at the database's address",
                "start the database server, or correct the host and port of DATABASE_URL",
            ),
            ErrorKind::TimedOut
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown => outage(
                "unreachable",
                "the database's host does not answer",
                "check the network and firewalls on the way, and the host of DATABASE_URL",
            ),
            // The standard library has no kind for errors of the resolver.
            _ if io.to_string().contains("failed to lookup address") => outage(
                "name_not_resolved",
                "the name of the database's host cannot be resolved",
                "correct the host of DATABASE_URL, or check the machine's DNS",
            ),
            _ => outage(
                "connection_lost",
                "the connection to the database was lost",
                "look at the database server's log",
            ),
        },
        sqlx::Error::Tls(_) => outage(
            "tls_failed",
            "no TLS connection to the database can be made",
            "let the server offer TLS with a certificate that this machine trusts (sslrootcert), or correct sslmode in DATABASE_URL",
        ),
        sqlx::Error::PoolTimedOut => outage(
            "no_connection_free",
            "no connection to the database came free in time",
            "raise db_pool_size, or look for what keeps the database busy",
        ),
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => outage(
            "closed",
            "the connections to the database are closed",
            "the process is about to end",
        ),
        sqlx::Error::Database(db_error) => return of_state(db_error.code().as_deref()?),
        _ => return None,
    })
}

/// Classifies a SQLSTATE.
fn of_state(code: &str) -> Option<Outage> {
    Some(match code {
        "28P01" | "28000" => outage(
            "wrong_credentials",
            "the database does not let this service in: wrong user or password",
            "correct the user and password of DATABASE_URL, or the server's pg_hba.conf",
        ),
        "3D000" => outage(
            "no_such_database",
            "the database server has no database of this name",
            "make the database, or correct its name in DATABASE_URL",
        ),
        "57P03" => outage(
            "starting_up",
            "the database is starting up or recovering",
            "wait: it goes on by itself",
        ),
        "57P01" | "57P02" => outage(
            "shutting_down",
            "the database is shutting down",
            "start the database server again",
        ),
        "53300" => outage(
            "too_many_connections",
            "the database takes no more connections",
            "lower db_pool_size, or raise the server's max_connections",
        ),
        "53100" => outage(
            "disk_full",
            "the database's disk is full",
            "free space on the database server's disk",
        ),
        "57014" => outage(
            "timeout",
            "the database did not answer in time",
            "look for what keeps the database busy",
        ),
        code if code.starts_with("08") || code.starts_with("53") || code.starts_with("57P") => {
            outage(
                "unavailable",
                "the database cannot answer at the moment",
                "look at the database server's log",
            )
        }
        _ => return None,
    })
}

/// Classifies an error of a repository, for readiness.
pub(crate) fn failing(error: RepositoryError) -> Failing {
    let (RepositoryError::Unavailable(cause) | RepositoryError::Internal(cause)) = error else {
        return Failing::new("database", "failed", "the database cannot be asked");
    };
    let known = cause.downcast_ref::<sqlx::Error>().and_then(of_sqlx);
    let known = known.unwrap_or(outage(
        "failed",
        "the database does not answer as it should",
        "",
    ));
    Failing::new("database", known.reason, known.detail).because(cause)
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn connection_errors_have_stable_outage_reasons() {
        let io = |error: Error| of_sqlx(&sqlx::Error::Io(error)).unwrap().reason;
        assert_eq!(
            io(ErrorKind::ConnectionRefused.into()),
            "connection_refused"
        );
        assert_eq!(io(ErrorKind::NotFound.into()), "connection_refused");
        assert_eq!(io(ErrorKind::TimedOut.into()), "unreachable");
        let resolver =
            Error::other("failed to lookup address information: Name or service not known");
        assert_eq!(io(resolver), "name_not_resolved");
        assert_eq!(io(ErrorKind::BrokenPipe.into()), "connection_lost");
    }

    #[test]
    fn database_error_codes_are_no_outage_unless_starting_or_denied() {
        assert_eq!(of_state("23505"), None);
        assert_eq!(of_state("57P03").unwrap().reason, "starting_up");
        assert_eq!(of_state("28P01").unwrap().reason, "wrong_credentials");
    }
}
