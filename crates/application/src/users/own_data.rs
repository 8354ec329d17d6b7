//! Exports everything that is stored about the caller.

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

/// The first part of an export; the rows follow part by part.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnAccount {
    /// When the export was requested.
    pub exported_at: Timestamp,
    /// Their account.
    pub me: Me,
    /// Their organization.
    pub organization: Option<Organization>,
    /// Their sessions.
    pub sessions: Vec<Session>,
}

impl Users {
    /// Returns the first part of an export of everything that is stored about the caller.
    /// The export is written to the audit log before the first byte is sent.
    ///
    /// # Errors
    /// `NotFound` if the account does not exist any more.
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

    /// Returns the next rows of one kind.
    ///
    /// # Errors
    /// `Unavailable` if the database is unreachable.
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
