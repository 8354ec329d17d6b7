//! Everything that is stored about a user, for themselves.

use accunode_domain::{
    Timestamp,
    audit::{AuditAction, AuditEvent},
    organization::Organization,
    session::Session,
};
use accunode_ports::repositories::{OwnData, OwnRows};
use uuid::Uuid;

use super::Users;
use crate::{Confirmed, Error, auth::Me};

/// What an export begins with; the rows follow part by part.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnAccount {
    /// When it was asked for.
    pub exported_at: Timestamp,
    /// Their account.
    pub me: Me,
    /// Their organization.
    pub organization: Option<Organization>,
    /// Where they are signed in.
    pub sessions: Vec<Session>,
}

impl Users {
    /// The beginning of an export of everything that is stored about the caller. The
    /// audit log is told before the first byte is answered.
    ///
    /// # Errors
    /// `NotFound` where the account has gone.
    #[tracing::instrument(name = "users.export_account", level = "debug", skip_all)]
    pub async fn export_account(&self, caller: &Confirmed) -> Result<OwnAccount, Error> {
        let actor = &caller.actor;
        let record = self.ports.store.users().find(actor.user()).await?;
        let record = record.ok_or_else(|| Error::not_found("user"))?;
        let organization = match record.user.organization {
            Some(id) => self.ports.store.organizations().find(id).await?,
            None => None,
        };
        let event = AuditEvent {
            entity_id: Some(actor.user().0),
            ..AuditEvent::new("user.exported", "user", AuditAction::Export)
        };
        caller.record(&self.ports, event).await?;
        Ok(OwnAccount {
            exported_at: self.ports.clock.now(),
            me: Me::of(record.user, record.membership)?,
            organization,
            sessions: self.ports.sessions.list(actor.user()).await?,
        })
    }

    /// The next rows of one kind.
    ///
    /// # Errors
    /// Where the database cannot be reached.
    #[tracing::instrument(name = "users.export_rows", level = "debug", skip_all)]
    pub async fn export_rows(
        &self,
        caller: &Confirmed,
        kind: OwnData,
        after: Option<(Timestamp, Uuid)>,
    ) -> Result<OwnRows, Error> {
        let actor = &caller.actor;
        let own = self.ports.store.own_data();
        Ok(own.rows(&actor.scope(), actor.user(), kind, after).await?)
    }
}
