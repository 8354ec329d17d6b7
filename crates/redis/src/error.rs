//! What errors of Redis mean for a port.

use accunode_domain::Timestamp;
use accunode_ports::PortError;
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Codes of replies that say how the server is, and not that the request is wrong.
const UNAVAILABLE: [&str; 11] = [
    "BUSY",
    "CLUSTERDOWN",
    "LOADING",
    "MASTERDOWN",
    "MISCONF",
    "NOAUTH",
    "NOPERM",
    "NOREPLICAS",
    "OOM",
    "READONLY",
    "TRYAGAIN",
];

/// The error of a port for an error of Redis.
pub(crate) fn failed(what: &'static str, cause: RedisError) -> PortError {
    let unavailable = cause.is_io_error()
        || cause.is_timeout()
        || cause.is_unrecoverable_error()
        || cause.is_cluster_error()
        || is_read_only(&cause)
        || matches!(cause.kind(), ErrorKind::MasterNameNotFoundBySentinel)
        || cause.code().is_some_and(|code| UNAVAILABLE.contains(&code));
    let cause = Box::new(cause);
    if unavailable {
        PortError::Unavailable { what, cause }
    } else {
        PortError::Internal { what, cause }
    }
}

/// Whether the connection must be replaced: it is broken, its server hangs, or the server
/// is no longer the master.
pub(crate) fn is_lost(error: &RedisError) -> bool {
    error.is_unrecoverable_error() || error.is_timeout() || is_read_only(error)
}

/// Redis 6 answers a script that writes to a replica with `ERR` and this code within.
fn is_read_only(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
        || error.code() == Some("ERR")
            && error
                .detail()
                .is_some_and(|detail| detail.contains("-READONLY"))
}

/// An entry that this program cannot have written.
pub(crate) fn corrupt(
    what: &'static str,
    cause: impl Into<accunode_ports::error::Cause>,
) -> PortError {
    PortError::Internal {
        what,
        cause: cause.into(),
    }
}

/// Milliseconds since 1970, as scripts compare times: exact in a double.
pub(crate) fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(line: &str) -> RedisError {
        let value = redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).expect("a reply");
        value.extract_error().expect_err("an error")
    }

    #[test]
    fn redis_server_that_cannot_serve_is_unavailable() {
        for line in [
            "READONLY You can't write against a read only replica.",
            "ERR Error running script: @user_script:1: -READONLY You can't write against a read only replica.",
            "LOADING Redis is loading the dataset in memory",
            "OOM command not allowed when used memory > 'maxmemory'.",
            "NOAUTH Authentication required.",
            "MISCONF Errors writing to the AOF file",
            "NOREPLICAS Not enough good replicas to write.",
            "CLUSTERDOWN The cluster is down",
        ] {
            let error = failed("a store", reply(line));
            assert!(
                matches!(error, PortError::Unavailable { .. }),
                "{line}: {error:?}"
            );
        }
    }

    #[test]
    fn wrong_redis_request_is_an_internal_error() {
        for line in [
            "ERR unknown command",
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            "CROSSSLOT Keys in request don't hash to the same slot",
        ] {
            let error = failed("a store", reply(line));
            assert!(
                matches!(error, PortError::Internal { .. }),
                "{line}: {error:?}"
            );
        }
    }

    #[test]
    fn demoted_redis_master_loses_its_connection() {
        assert!(is_lost(&reply(
            "READONLY You can't write against a read only replica."
        )));
        assert!(!is_lost(&reply("ERR unknown command")));
        assert!(!is_lost(&reply(
            "LOADING Redis is loading the dataset in memory"
        )));
    }
}
