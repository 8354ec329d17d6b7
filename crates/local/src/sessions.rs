//! Sessions within one process. They end with it: users must sign in again.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use accunode_domain::{
    Timestamp,
    id::{SessionId, UserId},
    session::{ACCESS_TOKEN_SECONDS, REFRESH_GRACE_SECONDS, REFRESH_TOKEN_SECONDS, Session},
};
use accunode_ports::{
    PortError,
    sessions::{Refreshed, SessionChange, SessionStore, TokenPair},
    system::Clock,
};
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use time::Duration;

/// The largest number of sessions of one user; starting one more ends their oldest.
const PER_USER: usize = 1_000;
/// The number of used refresh tokens that a session remembers: one every ten minutes for a
/// month.
const REMEMBERED: usize = 4_320;
/// The shortest time between two removals of expired entries.
const SWEEP: Duration = Duration::MINUTE;

/// The SHA-256 of a token. The token itself is not stored.
type Hash = [u8; 32];

/// Sessions in memory, with the tokens' hashes only.
pub struct LocalSessions {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    families: HashMap<SessionId, Family>,
    by_user: HashMap<UserId, Vec<SessionId>>,
    access: HashMap<Hash, Access>,
    refresh: HashMap<Hash, SessionId>,
    swept_at: Option<Timestamp>,
}

struct Family {
    session: Session,
    /// The valid refresh token.
    current: Hash,
    /// The used refresh tokens, oldest first.
    used: VecDeque<Hash>,
    until: Timestamp,
    /// The refresh token that was used last, while it may be repeated.
    grace: Option<Grace>,
    /// The issued access tokens; expired ones are removed at the next refresh.
    access: Vec<Hash>,
}

/// A used refresh token that still returns the same pair.
struct Grace {
    shown: Hash,
    salt: [u8; 32],
    until: Timestamp,
}

struct Access {
    session: SessionId,
    until: Timestamp,
}

impl LocalSessions {
    /// Creates an empty store.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for LocalSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalSessions")
            .field("sessions", &self.state().families.len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl SessionStore for LocalSessions {
    async fn start(&self, session: &Session) -> Result<TokenPair, PortError> {
        let now = self.clock.now();
        let mut state = self.state();
        state.sweep(now);
        state.end(session.id);
        let mine = state.by_user.entry(session.user).or_default();
        let surplus = (mine.len() + 1).saturating_sub(PER_USER);
        let oldest: Vec<_> = mine.iter().take(surplus).copied().collect();
        mine.push(session.id);
        for oldest in oldest {
            state.end(oldest);
        }
        let (pair, access, refresh) = new_pair();
        state.families.insert(
            session.id,
            Family {
                session: session.clone(),
                current: refresh,
                used: VecDeque::new(),
                until: now,
                grace: None,
                access: Vec::new(),
            },
        );
        state.give(session.id, access, refresh, now);
        Ok(pair)
    }

    async fn find(&self, access: &str) -> Result<Option<Session>, PortError> {
        let now = self.clock.now();
        let hash = hash(access);
        let state = self.state();
        Ok(state
            .access
            .get(&hash)
            .filter(|access| now < access.until)
            .and_then(|access| state.families.get(&access.session))
            .map(|family| family.session.clone()))
    }

    async fn update(
        &self,
        session: SessionId,
        user: UserId,
        change: &SessionChange,
    ) -> Result<(), PortError> {
        // A session that was ended meanwhile stays ended.
        if let Some(family) = self.state().families.get_mut(&session)
            && family.session.user == user
        {
            apply(&mut family.session, change);
        }
        Ok(())
    }

    async fn refresh(&self, refresh: &str) -> Result<Refreshed, PortError> {
        let now = self.clock.now();
        let shown = hash(refresh);
        let mut state = self.state();
        state.sweep(now);
        let Some(&id) = state.refresh.get(&shown) else {
            return Ok(Refreshed::Unknown);
        };
        let Some(family) = state.families.get_mut(&id) else {
            return Ok(Refreshed::Unknown);
        };
        if family.until <= now {
            state.end(id);
            return Ok(Refreshed::Unknown);
        }
        if family.current != shown {
            if let Some(grace) = &family.grace
                && grace.shown == shown
                && now < grace.until
            {
                let pair = TokenPair::after(refresh, &grace.salt);
                return Ok(Refreshed::Pair(Box::new(family.session.clone()), pair));
            }
            let stolen = Box::new(family.session.clone());
            state.end(id);
            return Ok(Refreshed::Reused(stolen));
        }
        family.used.push_back(shown);
        let session = Box::new(family.session.clone());
        let salt = rand::random();
        family.grace = Some(Grace {
            shown,
            salt,
            until: now + Duration::seconds(REFRESH_GRACE_SECONDS),
        });
        let pair = TokenPair::after(refresh, &salt);
        state.give(id, hash(&pair.access), hash(&pair.refresh), now);
        Ok(Refreshed::Pair(session, pair))
    }

    async fn end(&self, session: SessionId) -> Result<(), PortError> {
        self.state().end(session);
        Ok(())
    }

    async fn end_all(&self, user: UserId, keep: Option<SessionId>) -> Result<(), PortError> {
        let mut state = self.state();
        let mine = state.by_user.get(&user).cloned().unwrap_or_default();
        for session in mine {
            if Some(session) != keep {
                state.end(session);
            }
        }
        Ok(())
    }

    async fn list(&self, user: UserId) -> Result<Vec<Session>, PortError> {
        let now = self.clock.now();
        let state = self.state();
        let mut sessions: Vec<Session> = state
            .by_user
            .get(&user)
            .into_iter()
            .flatten()
            .filter_map(|id| state.families.get(id))
            .filter(|family| now < family.until)
            .map(|family| family.session.clone())
            .collect();
        sessions.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
        Ok(sessions)
    }
}

impl State {
    /// Makes a new pair the valid one of a session.
    fn give(&mut self, id: SessionId, access: Hash, refresh: Hash, now: Timestamp) {
        let Some(family) = self.families.get_mut(&id) else {
            return;
        };
        family.current = refresh;
        family.until = now + Duration::seconds(REFRESH_TOKEN_SECONDS);
        while family.used.len() > REMEMBERED {
            if let Some(oldest) = family.used.pop_front() {
                self.refresh.remove(&oldest);
            }
        }
        family.access.retain(|hash| {
            let good = self.access.get(hash).is_some_and(|a| now < a.until);
            if !good {
                self.access.remove(hash);
            }
            good
        });
        family.access.push(access);
        self.refresh.insert(refresh, id);
        self.access.insert(
            access,
            Access {
                session: id,
                until: now + Duration::seconds(ACCESS_TOKEN_SECONDS),
            },
        );
    }

    /// Removes a session with all its tokens.
    fn end(&mut self, id: SessionId) {
        let Some(family) = self.families.remove(&id) else {
            return;
        };
        for hash in &family.access {
            self.access.remove(hash);
        }
        for hash in family.used.iter().chain([&family.current]) {
            self.refresh.remove(hash);
        }
        if let Some(mine) = self.by_user.get_mut(&family.session.user) {
            mine.retain(|other| *other != id);
            if mine.is_empty() {
                self.by_user.remove(&family.session.user);
            }
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        if self.swept_at.is_some_and(|at| now < at + SWEEP) {
            return;
        }
        self.swept_at = Some(now);
        let expired: Vec<_> = self
            .families
            .iter()
            .filter(|(_, family)| family.until <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in expired {
            self.end(id);
        }
        self.access.retain(|_, access| now < access.until);
    }
}

/// Writes the fields of a change that are set, unless something newer is stored.
fn apply(session: &mut Session, change: &SessionChange) {
    if let Some(at) = change.last_seen_at {
        session.last_seen_at = session.last_seen_at.max(at);
    }
    if let Some((actor, version)) = &change.actor
        && *version > session.tenancy_version
    {
        session.actor = actor.clone();
        session.tenancy_version = *version;
    }
    if let Some(second_factor) = change.second_factor {
        session.second_factor = second_factor;
    }
}

/// Returns a new pair of tokens of 256 random bits each, and their hashes.
fn new_pair() -> (TokenPair, Hash, Hash) {
    let token = |prefix: &str| format!("{prefix}{}", hex::encode(rand::random::<[u8; 32]>()));
    let pair = TokenPair {
        access: token("at_"),
        refresh: token("rt_"),
    };
    let hashes = (hash(&pair.access), hash(&pair.refresh));
    (pair, hashes.0, hashes.1)
}

fn hash(token: &str) -> Hash {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use accunode_ports::contract::{TestClock, sessions::session_of};

    use super::*;

    #[tokio::test]
    async fn expired_and_ended_sessions_leave_no_entries() {
        let clock = Arc::new(TestClock::default());
        let store = LocalSessions::new(clock.clone());
        for n in 0..50 {
            let session = session_of(n % 5, n, clock.now());
            let pair = store.start(&session).await.unwrap();
            if n % 2 == 0 {
                assert!(matches!(
                    store.refresh(&pair.refresh).await.unwrap(),
                    Refreshed::Pair(..)
                ));
            }
            if n % 7 == 0 {
                store.end(session.id).await.unwrap();
            }
        }
        clock.advance(REFRESH_TOKEN_SECONDS + 1);
        let last = session_of(9, 99, clock.now());
        store.start(&last).await.unwrap();
        store.end(last.id).await.unwrap();
        let state = store.state();
        assert_eq!(
            (
                state.families.len(),
                state.by_user.len(),
                state.access.len(),
                state.refresh.len()
            ),
            (0, 0, 0, 0)
        );
    }

    #[tokio::test]
    async fn session_over_the_limit_of_a_user_replaces_the_oldest() {
        let clock = Arc::new(TestClock::default());
        let store = LocalSessions::new(clock.clone());
        let first = store.start(&session_of(1, 0, clock.now())).await.unwrap();
        for n in 1..=PER_USER as u128 {
            store.start(&session_of(1, n, clock.now())).await.unwrap();
        }
        assert!(store.find(&first.access).await.unwrap().is_none());
        assert_eq!(
            store
                .list(session_of(1, 0, clock.now()).user)
                .await
                .unwrap()
                .len(),
            PER_USER
        );
    }

    #[tokio::test]
    async fn session_tokens_are_long_and_stored_only_as_hashes() {
        let clock = Arc::new(TestClock::default());
        let store = LocalSessions::new(clock.clone());
        let pair = store.start(&session_of(1, 1, clock.now())).await.unwrap();
        assert!(pair.access.starts_with("at_") && pair.access.len() == 67);
        assert!(pair.refresh.starts_with("rt_") && pair.refresh.len() == 67);
        assert!(store.state().access.contains_key(&hash(&pair.access)));
    }
}
