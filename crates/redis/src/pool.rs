//! The three kinds of pools of `deadpool-redis` behind one interface.

use std::time::Duration;

use deadpool_redis::{
    Manager, PoolConfig, PoolError, Runtime, TimeoutType, Timeouts, cluster,
    redis::{
        AsyncConnectionConfig, Cmd, Pipeline, RedisError, RedisFuture, RedisResult, Value,
        aio::{ConnectionLike, MultiplexedConnection},
        cluster_async::ClusterConnection,
    },
    sentinel::{self, SentinelServerType},
};

use crate::settings::{Kind, RedisSettings};

/// A pool of one connection. One is enough, because requests do not wait for each other on
/// it; the pool makes it within the time limit and makes the next one after it was discarded.
pub(crate) enum Pool {
    Single(deadpool_redis::Pool),
    Sentinel(sentinel::Pool),
    Cluster(cluster::Pool),
}

/// A connection that is checked out of its pool.
pub(crate) enum Pooled {
    Single(deadpool_redis::Connection),
    Sentinel(sentinel::Connection),
    Cluster(cluster::Connection),
}

/// A handle of a connection, cheap to clone. Requests through clones share the connection.
#[derive(Clone)]
pub(crate) enum Handle {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Pool {
    /// A pool that has not connected yet.
    pub(crate) fn new(settings: &RedisSettings) -> RedisResult<Self> {
        let limit = Some(settings.connect_timeout);
        let config = PoolConfig {
            max_size: 1,
            timeouts: Timeouts {
                wait: limit,
                create: limit,
                recycle: limit,
            },
            ..PoolConfig::default()
        };
        // The pools of the three kinds have builders of three types.
        macro_rules! pool {
            ($kind:ident, $pool:path, $manager:expr) => {{
                type Pool = $pool;
                let builder = Pool::builder($manager?)
                    .config(config)
                    .runtime(Runtime::Tokio1);
                Self::$kind(builder.build().map_err(std::io::Error::other)?)
            }};
        }
        Ok(match settings.servers.0.clone() {
            Kind::Single(server) => {
                let connection = AsyncConnectionConfig::new()
                    .set_connection_timeout(limit)
                    .set_response_timeout(Some(settings.response_timeout));
                let manager = Manager::new_with_config(server, connection);
                pool!(Single, deadpool_redis::Pool, manager)
            }
            Kind::Sentinel {
                sentinels,
                master,
                node,
            } => {
                let kind = SentinelServerType::Master;
                let manager = sentinel::Manager::new(sentinels, master, Some(node), kind);
                pool!(Sentinel, sentinel::Pool, manager)
            }
            Kind::Cluster(nodes) => {
                // A replica may not know yet that a session has ended.
                let read_from_replicas = false;
                let manager = cluster::Manager::new(nodes, read_from_replicas);
                pool!(Cluster, cluster::Pool, manager)
            }
        })
    }

    /// Connects, or waits for the connection that is being made.
    pub(crate) async fn check_out(&self) -> RedisResult<Pooled> {
        let pooled = match self {
            Self::Single(pool) => pool.get().await.map(Pooled::Single),
            Self::Sentinel(pool) => pool.get().await.map(Pooled::Sentinel),
            Self::Cluster(pool) => pool.get().await.map(Pooled::Cluster),
        };
        pooled.map_err(into_redis)
    }
}

impl Pooled {
    /// A handle whose responses may take this long.
    pub(crate) fn handle(&self, response_timeout: Duration) -> Handle {
        let server = |connection: &MultiplexedConnection| {
            let mut handle = connection.clone();
            handle.set_response_timeout(response_timeout);
            Handle::Server(handle)
        };
        match self {
            Self::Single(connection) => server(connection),
            Self::Sentinel(connection) => server(connection),
            Self::Cluster(connection) => Handle::Cluster(ClusterConnection::clone(connection)),
        }
    }

    /// Takes it out of the pool for good, which then has room for a new one.
    pub(crate) fn discard(self) {
        match self {
            Self::Single(connection) => drop(deadpool_redis::Connection::take(connection)),
            Self::Sentinel(connection) => drop(sentinel::Connection::take(connection)),
            Self::Cluster(connection) => drop(cluster::Connection::take(connection)),
        }
    }
}

impl ConnectionLike for Handle {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Server(handle) => handle.req_packed_command(command),
            Self::Cluster(handle) => handle.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Server(handle) => handle.req_packed_commands(commands, offset, count),
            Self::Cluster(handle) => handle.req_packed_commands(commands, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Server(handle) => handle.get_db(),
            Self::Cluster(handle) => handle.get_db(),
        }
    }
}

fn into_redis(error: PoolError) -> RedisError {
    use std::io::{Error, ErrorKind};
    match error {
        PoolError::Backend(error) => error,
        PoolError::Timeout(TimeoutType::Wait | TimeoutType::Create | TimeoutType::Recycle) => {
            Error::new(ErrorKind::TimedOut, error).into()
        }
        other => Error::new(ErrorKind::NotConnected, other).into(),
    }
}
