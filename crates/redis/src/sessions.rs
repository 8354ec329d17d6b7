//! Sessions that every process knows. A session is a family of tokens.
//!
//! | key | content |
//! |---|---|
//! | `access:<hash>` | the family of an access token, and until when the token is valid |
//! | `refresh:<hash>` | the family of a refresh token, also of a used one |
//! | `session:<id>` | a family: the session as it was started, what has changed since, its user, the valid refresh token, until when the family is valid, and the refresh token that was used last with its salt and until when it is answered again |
//! | `used:<id>` | the family's used refresh tokens, the newest first |
//! | `user:<id>` | the families of a user, by the time they were started |
//!
//! A session ends with its family: tokens of a family that does not exist are invalid.
//!
//! A request knows only a token, and its script needs the family, so all sessions share one
//! hash tag and one node of a cluster keeps them.

use std::{error::Error, sync::Arc};

use accunode_domain::{
    Timestamp,
    id::{SessionId, UserId},
    secret::Secret,
    session::{ACCESS_TOKEN_SECONDS, REFRESH_GRACE_SECONDS, REFRESH_TOKEN_SECONDS, Session},
};
use accunode_ports::{
    PortError,
    sessions::{Refreshed, SessionChange, SessionStore, TokenPair},
    system::{Clock, Randomness},
};
use async_trait::async_trait;

use crate::{
    connection::RedisConnection,
    error::{corrupt, failed, millis},
    script::Script,
};

const STORE: &str = "the session store";
/// The most sessions of one user; starting one more ends the oldest.
const MAX_PER_USER: usize = 1_000;
/// Used refresh tokens that a session remembers: one every ten minutes for a month.
const MAX_USED_TOKENS: usize = 4_320;
const ACCESS_MS: i64 = ACCESS_TOKEN_SECONDS * 1_000;
const REFRESH_MS: i64 = REFRESH_TOKEN_SECONDS * 1_000;
const GRACE_MS: i64 = REFRESH_GRACE_SECONDS * 1_000;

/// Sessions in Redis, with the hashes of their tokens.
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
            |body: &str| Script::new([include_str!("scripts/family.lua"), body].concat());
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

    fn key(&self, area: &str, name: impl std::fmt::Display) -> String {
        let name = format_args!("{area}:{name}");
        self.connection.group_key("sessions", name)
    }

    /// What the keys of each area begin with, for scripts that find keys by themselves.
    fn areas(&self) -> [String; 5] {
        ["access", "refresh", "session", "used", "user"].map(|area| self.key(area, ""))
    }

    fn now(&self) -> i64 {
        millis(self.clock.now())
    }

    fn new_pair(&self) -> (TokenPair, [String; 2]) {
        let token = |kind| Secret::from_random(kind, self.randomness.bits());
        let pair = TokenPair {
            access: token("at").expose().to_owned(),
            refresh: token("rt").expose().to_owned(),
        };
        let hashes = hashes(&pair);
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
        let call = self
            .scripts
            .start
            .on([self.key("user", session.user)])
            .arg(&self.areas())
            .arg(self.now())
            .arg(session.id.to_string())
            .arg(session.user.to_string())
            .arg(written(serde_json::to_string(session))?)
            .arg(millis(session.created_at))
            .arg(&tokens)
            .arg(&[ACCESS_MS, REFRESH_MS])
            .arg(MAX_PER_USER);
        let done: Result<(), _> = self.connection.script(call).await;
        done.map_err(|cause| failed(STORE, cause))?;
        Ok(pair)
    }

    async fn find(&self, access: &str) -> Result<Option<Session>, PortError> {
        let hash = Secret::shown(access).hash();
        let call = self
            .scripts
            .find
            .on([self.key("access", hash.as_str())])
            .arg(self.now())
            .arg(self.key("session", ""));
        let found: Option<Stored> = self
            .connection
            .script(call)
            .await
            .map_err(|cause| failed(STORE, cause))?;
        Ok(found.and_then(|stored| read(&stored)))
    }

    async fn update(
        &self,
        session: SessionId,
        user: UserId,
        change: &SessionChange,
    ) -> Result<(), PortError> {
        let seen = change
            .last_seen_at
            .map_or_else(String::new, |at| at.unix_timestamp().to_string());
        let (actor, version) = match &change.actor {
            Some((actor, version)) => (written(serde_json::to_string(actor))?, version.to_string()),
            None => (String::new(), String::new()),
        };
        let second_factor = match change.second_factor {
            Some(true) => "1",
            Some(false) => "0",
            None => "",
        };
        let call = self
            .scripts
            .update
            .on([self.key("session", session)])
            .arg(user.to_string())
            .arg(seen)
            .arg(version)
            .arg(actor)
            .arg(second_factor);
        let done: Result<(), _> = self.connection.script(call).await;
        done.map_err(|cause| failed(STORE, cause))
    }

    async fn refresh(&self, refresh: &str) -> Result<Refreshed, PortError> {
        let salt = self.randomness.bits();
        let pair = TokenPair::after(refresh, &salt);
        let tokens = hashes(&pair);
        let hash = Secret::shown(refresh).hash();
        let call = self
            .scripts
            .refresh
            .on([self.key("refresh", hash.as_str())])
            .arg(&self.areas())
            .arg(self.now())
            .arg(hash.as_str())
            .arg(&tokens)
            .arg(&[ACCESS_MS, REFRESH_MS])
            .arg(MAX_USED_TOKENS)
            .arg(hex::encode(salt))
            .arg(GRACE_MS);
        let (kind, stored, salt): (String, Stored, String) = self
            .connection
            .script(call)
            .await
            .map_err(|cause| failed(STORE, cause))?;
        match kind.as_str() {
            "pair" => Ok(match read(&stored) {
                Some(session) => Refreshed::Pair(Box::new(session), pair),
                None => Refreshed::Unknown,
            }),
            "repeated" => {
                let mut first = [0; 32];
                hex::decode_to_slice(&salt, &mut first).map_err(|cause| corrupt(STORE, cause))?;
                Ok(match read(&stored) {
                    Some(session) => {
                        Refreshed::Pair(Box::new(session), TokenPair::after(refresh, &first))
                    }
                    None => Refreshed::Unknown,
                })
            }
            "reused" => Ok(match read(&stored) {
                Some(session) => Refreshed::Reused(Box::new(session)),
                None => Refreshed::Unknown,
            }),
            "unknown" => Ok(Refreshed::Unknown),
            _ => Err(corrupt(
                STORE,
                "the result of a script is not one of its results",
            )),
        }
    }

    async fn end(&self, session: SessionId) -> Result<(), PortError> {
        let call = self
            .scripts
            .end
            .on([self.key("session", session)])
            .arg(&self.areas())
            .arg(session.to_string());
        let done: Result<(), _> = self.connection.script(call).await;
        done.map_err(|cause| failed(STORE, cause))
    }

    async fn end_all(&self, user: UserId, keep: Option<SessionId>) -> Result<(), PortError> {
        let keep = keep.map(|id| id.to_string()).unwrap_or_default();
        let call = self
            .scripts
            .end_all
            .on([self.key("user", user)])
            .arg(&self.areas())
            .arg(user.to_string())
            .arg(keep);
        let done: Result<(), _> = self.connection.script(call).await;
        done.map_err(|cause| failed(STORE, cause))
    }

    async fn list(&self, user: UserId) -> Result<Vec<Session>, PortError> {
        let call = self
            .scripts
            .list
            .on([self.key("user", user)])
            .arg(&self.areas())
            .arg(self.now())
            .arg(user.to_string());
        let found: Vec<Stored> = self
            .connection
            .script(call)
            .await
            .map_err(|cause| failed(STORE, cause))?;
        let mut sessions: Vec<Session> = found.iter().filter_map(read).collect();
        sessions.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
        Ok(sessions)
    }
}

/// What is kept of a pair.
fn hashes(pair: &TokenPair) -> [String; 2] {
    [&pair.access, &pair.refresh].map(|token| Secret::shown(token).hash().as_str().to_owned())
}

/// A session as a family has it, in this order: as it was started, then what has changed
/// since: `last_seen_at`, the tenancy version, the actor of that version, and whether a
/// second factor was verified. What has not changed is absent.
type Stored = Vec<Option<String>>;

fn written(text: Result<String, serde_json::Error>) -> Result<String, PortError> {
    text.map_err(|cause| corrupt(STORE, cause))
}

/// `None` for a session that another version of this program wrote differently: its user
/// signs in again.
fn read(stored: &Stored) -> Option<Session> {
    let part = |at: usize| stored.get(at).and_then(Option::as_deref);
    merged(part(0)?, part(1), part(2), part(3), part(4))
        .inspect_err(|error| tracing::warn!(%error, "a stored session cannot be read"))
        .ok()
}

fn merged(
    started: &str,
    seen: Option<&str>,
    version: Option<&str>,
    actor: Option<&str>,
    second_factor: Option<&str>,
) -> Result<Session, Box<dyn Error + Send + Sync>> {
    let mut session: Session = serde_json::from_str(started)?;
    if let Some(seen) = seen {
        session.last_seen_at = Timestamp::from_unix_timestamp(seen.parse()?)?;
    }
    if let (Some(version), Some(actor)) = (version, actor) {
        session.tenancy_version = version.parse()?;
        session.actor = serde_json::from_str(actor)?;
    }
    if let Some(second_factor) = second_factor {
        session.second_factor = second_factor == "1";
    }
    Ok(session)
}
