//! Locks a user and the caller for a change.

use accunode_domain::{
    access::{Actor, Denial, Subject},
    id::UserId,
};
use accunode_ports::{UnitOfWork, repositories::UserRecord};

use super::{Users, refused};
use crate::{Caller, Error, auth::unusable};

/// The locked user, with the proof that the access rules returned.
pub(super) struct LockedUser<T> {
    pub(super) record: UserRecord,
    pub(super) granted: T,
}

impl Users {
    /// Asks the access rules, and asks them again when both users are locked within the unit
    /// of work: two administrators who remove each other's rights cannot both succeed by
    /// rights that one of them has lost.
    ///
    /// # Errors
    /// `NotFound` and the denials of `allow`; `Unauthenticated` if the caller was deactivated
    /// meanwhile.
    pub(super) async fn lock_user<T: Send>(
        &self,
        unit: &dyn UnitOfWork,
        caller: &Caller,
        id: UserId,
        allow: impl Fn(&Actor, &Subject) -> Result<T, Denial> + Send,
    ) -> Result<LockedUser<T>, Error> {
        let found = unit.reads().users().find(id).await?;
        let found = found.ok_or_else(|| Error::not_found("user"))?;
        allow(&caller.actor, &found.subject()).map_err(refused)?;

        let me = caller.actor.user();
        let locked = unit.users().lock_for_update(&[me, id]).await?;
        let one = |id: UserId| locked.iter().find(|record| record.user.id == id).cloned();
        let (Some(myself), Some(record)) = (one(me), one(id)) else {
            return Err(Error::not_found("user"));
        };
        let actor = caller
            .actor
            .renewed(&myself.user, myself.membership)
            .map_err(unusable)?;
        let granted = allow(&actor, &record.subject()).map_err(refused)?;
        Ok(LockedUser { record, granted })
    }
}
