use accunode_domain::{
    id::{SessionId, UserId},
    session::Session,
};
use accunode_ports::{
    PortError,
    sessions::{Refreshed, SessionChange, SessionStore, TokenPair},
};
use async_trait::async_trait;

use super::Measured;
use crate::metrics::count;

#[async_trait]
impl SessionStore for Measured<dyn SessionStore> {
    async fn start(&self, session: &Session) -> Result<TokenPair, PortError> {
        let started = self.inner.start(session).await?;
        self.metrics.sessions_started.inc();
        Ok(started)
    }

    async fn find(&self, access: &str) -> Result<Option<Session>, PortError> {
        let found = self.inner.find(access).await;
        let outcome = match &found {
            Ok(Some(_)) => "found",
            Ok(None) => "unknown",
            Err(_) => "failed",
        };
        count(&self.metrics.session_lookups, outcome);
        found
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
        let refreshed = self.inner.refresh(refresh).await;
        let outcome = match &refreshed {
            Ok(Refreshed::Pair(..)) => "exchanged",
            Ok(Refreshed::Reused(_)) => "reused",
            Ok(Refreshed::Unknown) => "unknown",
            Err(_) => "failed",
        };
        count(&self.metrics.session_refreshes, outcome);
        refreshed
    }

    async fn end(&self, session: SessionId) -> Result<(), PortError> {
        self.inner.end(session).await?;
        self.metrics.sessions_ended.inc();
        Ok(())
    }

    async fn end_all(&self, user: UserId, keep: Option<SessionId>) -> Result<(), PortError> {
        self.inner.end_all(user, keep).await?;
        self.metrics.sessions_ended.inc();
        Ok(())
    }

    async fn list(&self, user: UserId) -> Result<Vec<Session>, PortError> {
        self.inner.list(user).await
    }
}
