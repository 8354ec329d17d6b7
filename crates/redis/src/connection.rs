//! The connection: one for the whole process, made again when it was lost.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use accunode_domain::Timestamp;
use accunode_ports::PortError;
use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, RedisResult, ScriptInvocation,
    aio::MultiplexedConnection,
};
use tokio::{runtime::Handle, sync::Mutex};

/// After a failed attempt to connect, requests are refused at once for so long: a
/// server that swallows connections must not make everybody queue for its time-out.
const REFUSE_FOR: Duration = Duration::from_millis(200);

/// How Redis is used.
#[derive(Clone)]
pub struct RedisSettings {
    /// `redis://`, `rediss://` (TLS) or `redis+unix://`; may hold a password.
    pub url: String,
    /// What every key begins with, so that several installations can share a server.
    pub prefix: String,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long an answer may take.
    pub response_timeout: Duration,
}

impl RedisSettings {
    /// Whether this is a URL of Redis.
    #[must_use]
    pub fn is_url(text: &str) -> bool {
        Client::open(text).is_ok()
    }

    /// The usual settings for the server at `url`.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            prefix: "accunode".to_owned(),
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_secs(1),
        }
    }
}

impl std::fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisSettings")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// A connection to Redis, shared by all ports of this process. Requests are sent
/// without waiting for the answers of others. Lost, it is made again by the next
/// request.
#[derive(Clone)]
pub struct RedisConnection(Arc<Shared>);

struct Shared {
    client: Client,
    config: AsyncConnectionConfig,
    prefix: String,
    /// Where connections live on: not in the runtime of whichever request made one.
    runtime: Handle,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Counts the connections made, so that a lost one is given up once.
    number: u64,
    open: Option<MultiplexedConnection>,
    failed_at: Option<Instant>,
}

impl std::fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisConnection")
            .field("prefix", &self.0.prefix)
            .finish_non_exhaustive()
    }
}

impl RedisConnection {
    /// Connects, so that a wrong URL or a server that is away is told here. Call it
    /// within the runtime that lives as long as the process.
    ///
    /// # Errors
    /// `Internal` for a URL that is none of Redis; `Unavailable` where the server does
    /// not answer.
    pub async fn connect(settings: &RedisSettings) -> Result<Self, PortError> {
        // Where the program has chosen no provider for TLS yet, it is ring.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::open(settings.url.as_str()).map_err(|cause| PortError::Internal {
            what: "Redis",
            cause: Box::new(cause),
        })?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(settings.connect_timeout))
            .set_response_timeout(Some(settings.response_timeout));
        let connection = Self(Arc::new(Shared {
            client,
            config,
            prefix: settings.prefix.clone(),
            runtime: Handle::current(),
            state: Mutex::default(),
        }));
        let pong: RedisResult<String> = connection.command(&redis::cmd("PING")).await;
        pong.map_err(|cause| failed("Redis", cause))?;
        Ok(connection)
    }

    /// A key of ours.
    pub(crate) fn key(&self, area: &str, name: impl std::fmt::Display) -> String {
        format!("{}:{area}:{name}", self.0.prefix)
    }

    /// What keys of an area begin with, for scripts.
    pub(crate) fn area(&self, area: &str) -> String {
        self.key(area, "")
    }

    /// Runs a script that may run twice without harm: once more where the connection
    /// turns out to be lost.
    pub(crate) async fn again<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> RedisResult<T> {
        match self.once(script).await {
            Err(error) if error.is_unrecoverable_error() => self.once(script).await,
            done => done,
        }
    }

    /// Runs a script that must not run twice: it may have run although its answer was
    /// lost, and then its caller is told that it failed.
    pub(crate) async fn once<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> RedisResult<T> {
        let (number, mut open) = self.open().await?;
        let done = script.invoke_async(&mut open).await;
        self.look_at(number, &done).await;
        done
    }

    /// Runs a command that may run twice without harm.
    pub(crate) async fn command<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let mut first = true;
        loop {
            let (number, mut open) = self.open().await?;
            let done = command.query_async(&mut open).await;
            self.look_at(number, &done).await;
            match done {
                Err(error) if first && error.is_unrecoverable_error() => first = false,
                done => return done,
            }
        }
    }

    /// The open connection, or a new one.
    async fn open(&self) -> RedisResult<(u64, MultiplexedConnection)> {
        let mut state = self.0.state.lock().await;
        if let Some(open) = &state.open {
            return Ok((state.number, open.clone()));
        }
        if state.failed_at.is_some_and(|at| at.elapsed() < REFUSE_FOR) {
            return Err(std::io::Error::from(std::io::ErrorKind::NotConnected).into());
        }
        // In a task of its own: a request that is given up must not break the attempt
        // off for those who wait behind it.
        let shared = self.0.clone();
        #[expect(clippy::disallowed_methods, reason = "waited for at once, below")]
        let attempt = self.0.runtime.spawn(async move {
            let client = &shared.client;
            client
                .get_multiplexed_async_connection_with_config(&shared.config)
                .await
        });
        let made = attempt
            .await
            .unwrap_or_else(|gone| Err(std::io::Error::other(gone).into()));
        match made {
            Ok(open) => {
                if state.failed_at.take().is_some() || state.number > 0 {
                    tracing::info!("Redis answers again");
                }
                state.number += 1;
                state.open = Some(open.clone());
                Ok((state.number, open))
            }
            Err(error) => {
                state.failed_at = Some(Instant::now());
                Err(error)
            }
        }
    }

    /// Gives a connection up that is lost.
    async fn look_at<T>(&self, number: u64, done: &RedisResult<T>) {
        if let Err(error) = done
            && (error.is_unrecoverable_error() || error.is_timeout())
        {
            let mut state = self.0.state.lock().await;
            if state.number == number && state.open.take().is_some() {
                tracing::warn!(error = error as &dyn std::error::Error, "Redis is away");
            }
        }
    }
}

/// What an error of Redis means for a port.
pub(crate) fn failed(what: &'static str, cause: RedisError) -> PortError {
    let away = cause.is_io_error()
        || cause.is_timeout()
        || cause.is_unrecoverable_error()
        || cause.is_cluster_error()
        // Starting up (LOADING), a replica (READONLY), full (OOM), not let in (NOAUTH):
        // nothing that this program does wrong.
        || matches!(cause.kind(), redis::ErrorKind::Server(_) | redis::ErrorKind::AuthenticationFailed)
            && !matches!(cause.code(), Some("ERR" | "WRONGTYPE"));
    let cause = Box::new(cause);
    if away {
        PortError::Unavailable { what, cause }
    } else {
        PortError::Internal { what, cause }
    }
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
