//! The connection that all ports of a process share.

use std::{
    fmt::Display,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use accunode_ports::PortError;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use redis::{Cmd, ErrorKind, FromRedisValue, RedisResult, ServerErrorKind};
use tokio::runtime;

use crate::{
    error::{failed, is_lost},
    pool::{Handle, Pool, Pooled},
    script::Call,
    settings::RedisSettings,
};

/// A connection to Redis, shared by all ports of this process.
///
/// It stays checked out of its pool, and requests are sent through clones of its handle
/// without waiting for each other's responses. A connection that is lost is discarded, and
/// the next request checks out a new one; requests that come meanwhile wait for the same
/// attempt.
#[derive(Clone)]
pub struct RedisConnection(Arc<Inner>);

struct Inner {
    pool: Pool,
    prefix: String,
    response_timeout: Duration,
    /// Where connections live on: not in the runtime of the request that makes one.
    runtime: runtime::Handle,
    current: Mutex<Option<Attempt>>,
    /// Whether the last connection was lost and no new one has been made.
    lost: AtomicBool,
}

/// A connection that is being made or has been made.
type Attempt = Shared<BoxFuture<'static, RedisResult<Arc<Connection>>>>;

struct Connection {
    handle: Handle,
    /// Empty once discarded.
    pooled: Mutex<Option<Pooled>>,
}

impl std::fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisConnection")
            .field("prefix", &self.0.prefix)
            .finish_non_exhaustive()
    }
}

impl RedisConnection {
    /// Connects, so that wrong settings and a server that does not answer are reported
    /// here. Call it within the runtime that lives as long as the process.
    ///
    /// # Errors
    /// `Internal` where no pool can be built from the settings; `Unavailable` where no
    /// server answers or none of the Sentinels knows a master of that name.
    pub async fn connect(settings: &RedisSettings) -> Result<Self, PortError> {
        // Installs ring as the provider for TLS unless the program has installed another.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let pool = Pool::new(settings).map_err(|cause| PortError::Internal {
            what: "Redis",
            cause: Box::new(cause),
        })?;
        let connection = Self(Arc::new(Inner {
            pool,
            prefix: settings.prefix.clone(),
            response_timeout: settings.response_timeout,
            runtime: runtime::Handle::current(),
            current: Mutex::default(),
            lost: AtomicBool::default(),
        }));
        let pong: RedisResult<String> = connection.command(&redis::cmd("PING")).await;
        pong.map_err(|cause| failed("Redis", cause))?;
        Ok(connection)
    }

    /// A key of its own, for a command that touches no other.
    pub(crate) fn key(&self, area: &str, name: impl Display) -> String {
        format!("{}:{area}:{name}", self.0.prefix)
    }

    /// A key of a group. The group is the hash tag, so that a cluster keeps the whole group
    /// on one node and one script may touch several of its keys.
    pub(crate) fn group_key(&self, group: &str, name: impl Display) -> String {
        format!("{}:{{{group}}}:{name}", self.0.prefix)
    }

    /// Runs a script.
    pub(crate) async fn script<T: FromRedisValue>(&self, call: Call<'_>) -> RedisResult<T> {
        match self.command(&call.by_hash()).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.command(&call.with_code()).await
            }
            result => result,
        }
    }

    /// Runs a command, and once more where the connection turns out to be lost. Scripts and
    /// commands must allow that: the first run may have taken effect.
    pub(crate) async fn command<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        match self.attempt(command).await {
            Err(error) if is_lost(&error) && !error.is_timeout() => self.attempt(command).await,
            result => result,
        }
    }

    async fn attempt<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let connection = self.0.connection().await?;
        let mut handle = connection.handle.clone();
        // A cluster's handle has no limit of its own.
        let query = command.query_async(&mut handle);
        let result = match tokio::time::timeout(self.0.response_timeout, query).await {
            Ok(result) => result,
            Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
        };
        if let Err(error) = &result
            && is_lost(error)
        {
            self.0.discard(&connection, error);
        }
        result
    }
}

impl Inner {
    /// The connection, or the one that is being made.
    async fn connection(self: &Arc<Self>) -> RedisResult<Arc<Connection>> {
        let attempt = {
            let mut current = lock(&self.current);
            match &*current {
                Some(attempt) if !matches!(attempt.peek(), Some(Err(_))) => attempt.clone(),
                _ => current.insert(self.check_out()).clone(),
            }
        };
        attempt.await
    }

    /// Connects in a task of its own: a request that is cancelled must not cancel the
    /// attempt for the others that wait for it.
    fn check_out(self: &Arc<Self>) -> Attempt {
        let inner = self.clone();
        #[expect(
            clippy::disallowed_methods,
            reason = "awaited by those who asked for it"
        )]
        let task = self.runtime.spawn(async move {
            let pooled = inner.pool.check_out().await?;
            if inner.lost.swap(false, Ordering::Relaxed) {
                tracing::info!("Redis is available again");
            }
            Ok(Arc::new(Connection {
                handle: pooled.handle(inner.response_timeout),
                pooled: Mutex::new(Some(pooled)),
            }))
        });
        task.map(|result| result.unwrap_or_else(|error| Err(std::io::Error::other(error).into())))
            .boxed()
            .shared()
    }

    /// Gives a lost connection up, unless another request has done so.
    fn discard(&self, connection: &Arc<Connection>, error: &redis::RedisError) {
        let Some(pooled) = lock(&connection.pooled).take() else {
            return;
        };
        pooled.discard();
        *lock(&self.current) = None;
        self.lost.store(true, Ordering::Relaxed);
        tracing::warn!(
            error = error as &dyn std::error::Error,
            "Redis is unavailable"
        );
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
