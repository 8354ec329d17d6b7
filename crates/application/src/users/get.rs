//! Reads a user.

use accunode_domain::{
    id::UserId,
    user::{Role, User},
};
use accunode_ports::repositories::UserRecord;

use super::{Users, refused};
use crate::{Caller, Error};

/// A user as another user sees them.
#[derive(Clone, Debug, PartialEq)]
pub struct UserView {
    /// The user as stored.
    pub user: User,
    /// The effective role.
    pub effective_role: Role,
    /// Whether the user is shown in full; otherwise by id, name, e-mail address and role.
    pub full: bool,
}

impl UserView {
    pub(super) fn of(record: UserRecord, full: bool) -> Self {
        Self {
            effective_role: record.subject().role(),
            user: record.user,
            full,
        }
    }
}

impl Users {
    /// Returns one user in full: the caller themselves, or a user whom they administer.
    ///
    /// # Errors
    /// `NotFound`; `role_forbidden` for another member of the same organization.
    #[tracing::instrument(name = "users.get", level = "debug", skip_all)]
    pub async fn get(&self, caller: &Caller, id: UserId) -> Result<UserView, Error> {
        let record = self.ports.store.users().find(id).await?;
        let record = record.ok_or_else(|| Error::not_found("user"))?;
        caller.actor.read_user(&record.subject()).map_err(refused)?;
        Ok(UserView::of(record, true))
    }
}
