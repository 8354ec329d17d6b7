//! The limit of files and sockets that this process may have open.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Fewer are insufficient for some hundred clients with their database connections.
const ENOUGH: u64 = 4_096;

/// Raises the limit of open files and sockets to the largest that the system allows this
/// process. The usual 1,024 are for programs that call `select`.
pub fn raise_limit() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        if soft < hard {
            setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
        }
        Ok((soft, hard))
    });
    match raised {
        Ok((_, hard)) if hard < ENOUGH => tracing::warn!(
            limit = hard,
            "the limit of open files and sockets is low: raise it (LimitNOFILE of systemd, ulimit -Hn)"
        ),
        Ok((soft, hard)) => tracing::debug!(from = soft, to = hard, "open files and sockets"),
        Err(error) => tracing::warn!(%error, "the limit of open files and sockets stays"),
    }
}
