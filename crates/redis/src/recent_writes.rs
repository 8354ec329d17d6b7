//! Who has changed something recently, over all processes.

use std::time::Duration;

use accunode_domain::id::UserId;
use accunode_ports::{PortError, recent_writes::RecentWrites};
use async_trait::async_trait;
use redis::Value;

use crate::{connection::RedisConnection, error::failed};

const MEMORY: &str = "the memory of recent changes";

/// Recent changes in Redis: a key for each user, whose expiry is the memory.
#[derive(Debug)]
pub struct RedisRecentWrites {
    connection: RedisConnection,
    window: Duration,
}

impl RedisRecentWrites {
    /// The memory behind this connection, which remembers a change for this time.
    #[must_use]
    pub const fn new(connection: RedisConnection, window: Duration) -> Self {
        Self { connection, window }
    }

    fn key(&self, user: UserId) -> String {
        self.connection.key("recent-write", user)
    }
}

#[async_trait]
impl RecentWrites for RedisRecentWrites {
    async fn note(&self, user: UserId) -> Result<(), PortError> {
        let window = u64::try_from(self.window.as_millis()).unwrap_or(u64::MAX);
        let mut command = redis::cmd("SET");
        command.arg(self.key(user)).arg(1).arg("PX").arg(window);
        let done: Result<(), _> = self.connection.command(&command).await;
        done.map_err(|cause| failed(MEMORY, cause))
    }

    async fn wrote_recently(&self, user: UserId) -> Result<bool, PortError> {
        let mut command = redis::cmd("EXISTS");
        command.arg(self.key(user));
        let found: Result<bool, _> = self.connection.command(&command).await;
        found.map_err(|cause| failed(MEMORY, cause))
    }

    /// The ids of the servers' processes: another master, or the same one after a restart, has
    /// another id.
    async fn incarnation(&self) -> Result<String, PortError> {
        let mut command = redis::cmd("INFO");
        command.arg("server");
        let found: Result<Value, _> = self.connection.command(&command).await;
        let found = found.map_err(|cause| failed(MEMORY, cause))?;
        let mut ids = Vec::new();
        run_ids(&found, &mut ids);
        if ids.is_empty() {
            return Err(PortError::Internal {
                what: MEMORY,
                cause: "Redis does not name its run_id".into(),
            });
        }
        ids.sort_unstable();
        Ok(ids.join(","))
    }
}

/// Collects the ids from an answer: one text, or that of each node of a cluster by its address.
fn run_ids(answer: &Value, ids: &mut Vec<String>) {
    let of_text = |text: &str, ids: &mut Vec<String>| {
        let lines = text.lines();
        let found = lines.filter_map(|line| line.strip_prefix("run_id:"));
        ids.extend(found.map(|id| id.trim().to_owned()));
    };
    match answer {
        Value::BulkString(bytes) => of_text(&String::from_utf8_lossy(bytes), ids),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => of_text(text, ids),
        Value::Array(values) => values.iter().for_each(|value| run_ids(value, ids)),
        Value::Map(pairs) => pairs.iter().for_each(|(_, value)| run_ids(value, ids)),
        _ => {}
    }
}
