//! Sessions that every process knows.
//!
//! | key | what |
//! |---|---|
//! | `access:<hash>` | the family of an access token, and until when it is good |
//! | `refresh:<hash>` | the family of a refresh token, also of a used one |
//! | `session:<id>` | a family: the session, whose it is, the refresh token that is good, until when |
//! | `used:<id>` | its used refresh tokens, the newest first |
//! | `user:<id>` | the families of a user, by when they were started |
//!
//! A session ends with its family: tokens that name none are worth nothing.

use std::sync::Arc;

use accunode_domain::{
    id::{SessionId, UserId},
    secret::Secret,
    session::{ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS, Session},
};
use accunode_ports::{
    PortError,
    sessions::{Refreshed, SessionStore, TokenPair},
    system::{Clock, Randomness},
};
use async_trait::async_trait;
use redis::Script;

use crate::connection::{RedisConnection, corrupt, failed, millis};

const WHAT: &str = "the session store";
/// Sessions of one user; starting one more ends his oldest.
const PER_USER: usize = 1_000;
/// Used refresh tokens that a session remembers: a month's at one in ten minutes.
const REMEMBERED: usize = 4_320;
const ACCESS_MS: i64 = ACCESS_TOKEN_SECONDS * 1_000;
const REFRESH_MS: i64 = REFRESH_TOKEN_SECONDS * 1_000;

/// Sessions in Redis, with the tokens' hashes only.
pub struct RedisSessions {
    connection: RedisConnection,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    scripts: Scripts,
}

struct Scripts {
    start: Script,
    find: Script,
    update: Script,
    refresh: Script,
    end: Script,
    end_all: Script,
    list: Script,
}

impl RedisSessions {
    /// The sessions behind this connection.
    #[must_use]
    pub fn new(
        connection: RedisConnection,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        let with_family =
            |body: &str| Script::new(&[include_str!("scripts/family.lua"), body].concat());
        Self {
            connection,
            clock,
            randomness,
            scripts: Scripts {
                start: with_family(include_str!("scripts/start.lua")),
                find: Script::new(include_str!("scripts/find.lua")),
                update: Script::new(include_str!("scripts/update.lua")),
                refresh: with_family(include_str!("scripts/refresh.lua")),
                end: with_family(include_str!("scripts/end.lua")),
                end_all: with_family(include_str!("scripts/end_all.lua")),
                list: with_family(include_str!("scripts/list.lua")),
            },
        }
    }

    fn areas(&self) -> [String; 5] {
        ["access", "refresh", "session", "used", "user"].map(|area| self.connection.area(area))
    }

    fn now(&self) -> i64 {
        millis(self.clock.now())
    }

    fn new_pair(&self) -> (TokenPair, [String; 2]) {
        let access = Secret::from_random("at", self.randomness.bits());
        let refresh = Secret::from_random("rt", self.randomness.bits());
        let hashes = [&access, &refresh].map(|token| token.hash().as_str().to_owned());
        let pair = TokenPair {
            access: access.expose().to_owned(),
            refresh: refresh.expose().to_owned(),
        };
        (pair, hashes)
    }
}

impl std::fmt::Debug for RedisSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisSessions")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl SessionStore for RedisSessions {
    async fn start(&self, session: &Session) -> Result<TokenPair, PortError> {
        let (pair, tokens) = self.new_pair();
        let mut script = self.scripts.start.prepare_invoke();
        script
            .arg(&self.areas())
            .arg(self.now())
            .arg(session.id.to_string())
            .arg(session.user.to_string())
            .arg(written(session)?)
            .arg(millis(session.created_at))
            .arg(&tokens)
            .arg(&[ACCESS_MS, REFRESH_MS])
            .arg(PER_USER);
        let done: Result<(), _> = self.connection.once(&script).await;
        done.map_err(|cause| failed(WHAT, cause))?;
        Ok(pair)
    }

    async fn find(&self, access: &str) -> Result<Option<Session>, PortError> {
        let hash = Secret::shown(access).hash();
        let mut script = self.scripts.find.prepare_invoke();
        script
            .key(self.connection.key("access", hash.as_str()))
            .arg(self.now())
            .arg(self.connection.area("session"));
        let found: Option<String> = self
            .connection
            .again(&script)
            .await
            .map_err(|cause| failed(WHAT, cause))?;
        Ok(found.and_then(|text| read(&text)))
    }

    async fn update(&self, session: &Session) -> Result<(), PortError> {
        let mut script = self.scripts.update.prepare_invoke();
        script
            .key(self.connection.key("session", session.id))
            .arg(session.user.to_string())
            .arg(written(session)?);
        let done: Result<(), _> = self.connection.again(&script).await;
        done.map_err(|cause| failed(WHAT, cause))
    }

    async fn refresh(&self, refresh: &str) -> Result<Refreshed, PortError> {
        let (pair, tokens) = self.new_pair();
        let mut script = self.scripts.refresh.prepare_invoke();
        script
            .arg(&self.areas())
            .arg(self.now())
            .arg(Secret::shown(refresh).hash().as_str())
            .arg(&tokens)
            .arg(&[ACCESS_MS, REFRESH_MS])
            .arg(REMEMBERED);
        // Not again: a lost answer leaves the client with a token that has been used,
        // and he signs in anew; twice would end his session as if it had been stolen.
        let said: Vec<String> = self
            .connection
            .once(&script)
            .await
            .map_err(|cause| failed(WHAT, cause))?;
        match said.as_slice() {
            [kind, session] if kind == "pair" => Ok(match read(session) {
                Some(session) => Refreshed::Pair(Box::new(session), pair),
                None => Refreshed::Unknown,
            }),
            [kind, session] if kind == "reused" => Ok(match read(session) {
                Some(session) => Refreshed::Reused(Box::new(session)),
                None => Refreshed::Unknown,
            }),
            [kind] if kind == "unknown" => Ok(Refreshed::Unknown),
            _ => Err(corrupt(WHAT, "a script's answer is not understood")),
        }
    }

    async fn end(&self, session: SessionId) -> Result<(), PortError> {
        let mut script = self.scripts.end.prepare_invoke();
        script.arg(&self.areas()).arg(session.to_string());
        let done: Result<(), _> = self.connection.again(&script).await;
        done.map_err(|cause| failed(WHAT, cause))
    }

    async fn end_all(&self, user: UserId, keep: Option<SessionId>) -> Result<(), PortError> {
        let keep = keep.map(|id| id.to_string()).unwrap_or_default();
        let mut script = self.scripts.end_all.prepare_invoke();
        script.arg(&self.areas()).arg(user.to_string()).arg(keep);
        let done: Result<(), _> = self.connection.again(&script).await;
        done.map_err(|cause| failed(WHAT, cause))
    }

    async fn list(&self, user: UserId) -> Result<Vec<Session>, PortError> {
        let mut script = self.scripts.list.prepare_invoke();
        script
            .arg(&self.areas())
            .arg(self.now())
            .arg(user.to_string());
        let found: Vec<String> = self
            .connection
            .again(&script)
            .await
            .map_err(|cause| failed(WHAT, cause))?;
        let mut sessions: Vec<Session> = found.iter().filter_map(|text| read(text)).collect();
        sessions.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
        Ok(sessions)
    }
}

fn written(session: &Session) -> Result<String, PortError> {
    serde_json::to_string(session).map_err(|cause| corrupt(WHAT, cause))
}

/// A session that another version of this program wrote differently counts as none:
/// its owner signs in again.
fn read(text: &str) -> Option<Session> {
    serde_json::from_str(text)
        .inspect_err(|error| tracing::warn!(%error, "a stored session cannot be read"))
        .ok()
}
