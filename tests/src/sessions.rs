//! A session store whose sessions a test can make look older than they are.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use accunode_domain::{
    id::{SessionId, UserId},
    session::Session,
};
use accunode_ports::{
    PortError,
    sessions::{Refreshed, SessionChange, SessionStore, TokenPair},
};
use async_trait::async_trait;

/// The service's own store, except that the proofs of some sessions are older. No use case
/// can set the time of a proof, so a test cannot do it through the store itself.
pub(crate) struct AgedSessions {
    inner: Arc<dyn SessionStore>,
    aged: Mutex<HashMap<SessionId, Duration>>,
}

impl std::fmt::Debug for AgedSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgedSessions").finish_non_exhaustive()
    }
}

impl AgedSessions {
    pub(crate) fn over(inner: Arc<dyn SessionStore>) -> Self {
        Self {
            inner,
            aged: Mutex::default(),
        }
    }

    /// Makes the current sessions of a user look as if they had been confirmed earlier.
    pub(crate) async fn age(&self, user: UserId, seconds: u64) {
        let sessions = self.inner.list(user).await.expect("sessions");
        let mut aged = self.aged.lock().unwrap_or_else(PoisonError::into_inner);
        for session in sessions {
            *aged.entry(session.id).or_default() += Duration::from_secs(seconds);
        }
    }

    fn seen(&self, mut session: Session) -> Session {
        let aged = self.aged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(by) = aged.get(&session.id) {
            session.confirmed_at -= *by;
        }
        session
    }
}

#[async_trait]
impl SessionStore for AgedSessions {
    async fn start(&self, session: &Session) -> Result<TokenPair, PortError> {
        self.inner.start(session).await
    }

    async fn find(&self, access: &str) -> Result<Option<Session>, PortError> {
        let found = self.inner.find(access).await?;
        Ok(found.map(|session| self.seen(session)))
    }

    async fn update(
        &self,
        session: SessionId,
        user: UserId,
        change: &SessionChange,
    ) -> Result<(), PortError> {
        self.inner.update(session, user, change).await
    }

    async fn refresh(&self, refresh: &str) -> Result<Refreshed, PortError> {
        Ok(match self.inner.refresh(refresh).await? {
            Refreshed::Pair(session, pair) => Refreshed::Pair(Box::new(self.seen(*session)), pair),
            other => other,
        })
    }

    async fn end(&self, session: SessionId) -> Result<(), PortError> {
        self.inner.end(session).await
    }

    async fn end_all(&self, user: UserId, keep: Option<SessionId>) -> Result<(), PortError> {
        self.inner.end_all(user, keep).await
    }

    async fn list(&self, user: UserId) -> Result<Vec<Session>, PortError> {
        let sessions = self.inner.list(user).await?;
        Ok(sessions.into_iter().map(|s| self.seen(s)).collect())
    }
}
