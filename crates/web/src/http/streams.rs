//! The number of open event streams, limited for each user, for each organization and for
//! the whole process: each of them holds a connection and queries the database from time to
//! time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use accunode_application::{Error, ErrorCode};
use accunode_domain::{
    access::Actor,
    id::{OrganizationId, UserId},
};

/// Seconds after which a stream may have ended.
const RETRY_SECONDS: u32 = 15;

/// The limits on open event streams in one process; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// Streams of one user, with all sessions and API keys.
    pub per_user: u32,
    /// Streams of all members of one organization.
    pub per_organization: u32,
    /// Streams of all users.
    pub total: u32,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            per_user: 10,
            per_organization: 100,
            total: 1_000,
        }
    }
}

/// The event streams of this process.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    limits: StreamLimits,
    open: Arc<Mutex<HashMap<Holder, u32>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Holder {
    Everyone,
    Organization(OrganizationId),
    User(UserId),
}

impl Streams {
    /// Creates it without open streams.
    #[must_use]
    pub fn new(limits: StreamLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Returns the number of open streams.
    #[must_use]
    pub fn open(&self) -> u64 {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(&Holder::Everyone).copied().unwrap_or(0).into()
    }

    /// Counts one more stream, until the returned value is dropped.
    ///
    /// # Errors
    /// `TooMany("too_many_event_streams")` with the limit that is reached.
    pub(crate) fn enter(&self, actor: &Actor) -> Result<OpenStream, Error> {
        let shown = Holder::User(actor.user());
        let mut holders = vec![
            (shown, self.limits.per_user, "of yours"),
            (Holder::Everyone, self.limits.total, "of this service"),
        ];
        if let Some(organization) = actor.organization() {
            let holder = Holder::Organization(organization);
            let limit = self.limits.per_organization;
            holders.insert(1, (holder, limit, "of your organization"));
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for (holder, limit, whose) in &holders {
            let used = open.get(holder).copied().unwrap_or(0);
            if *limit > 0 && used >= *limit {
                return Err(Error::TooMany {
                    code: ErrorCode::TooManyEventStreams,
                    detail: format!(
                        "{used} event streams {whose} are open, and at most {limit} may be; close \
                         one, or ask for the upload itself now and again"
                    ),
                    seconds: RETRY_SECONDS,
                });
            }
        }
        let holders: Vec<_> = holders.into_iter().map(|(holder, ..)| holder).collect();
        for holder in &holders {
            *open.entry(*holder).or_default() += 1;
        }
        Ok(OpenStream {
            holders,
            open: self.open.clone(),
        })
    }
}

/// A stream that is counted as long as this value lives.
#[derive(Debug)]
pub(crate) struct OpenStream {
    holders: Vec<Holder>,
    open: Arc<Mutex<HashMap<Holder, u32>>>,
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for holder in &self.holders {
            if let Some(count) = open.get_mut(holder) {
                *count -= 1;
                if *count == 0 {
                    open.remove(holder);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use accunode_domain::{
        Timestamp,
        organization::Membership,
        user::{Email, Profile, Role, User},
    };
    use uuid::Uuid;

    use super::*;

    fn actor(n: u128) -> Actor {
        let organization = OrganizationId(Uuid::from_u128(9));
        let user = User {
            id: UserId(Uuid::from_u128(n)),
            email: Email::from_stored("a@example.com".to_owned()),
            role: Role::OrgMember,
            organization: Some(organization),
            profile: Profile::default(),
            is_verified: true,
            is_active: true,
            last_login: None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            row_version: 1,
        };
        let membership = Membership {
            organization,
            parent: None,
            children: Vec::new(),
            is_active: true,
            hide_system_data: false,
            require_second_factor: false,
        };
        Actor::new(&user, Some(membership)).unwrap()
    }

    fn refusal(streams: &Streams, n: u128) -> String {
        match streams.enter(&actor(n)) {
            Err(Error::TooMany { code, detail, .. }) => {
                assert_eq!(code, ErrorCode::TooManyEventStreams);
                detail
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn stream_limits_apply_and_a_closed_stream_frees_its_slot() {
        let streams = Streams::new(StreamLimits {
            per_user: 2,
            per_organization: 3,
            total: 0,
        });
        let first = streams.enter(&actor(1)).unwrap();
        let _second = streams.enter(&actor(1)).unwrap();
        assert!(refusal(&streams, 1).contains("of yours"));
        let _third = streams.enter(&actor(2)).unwrap();
        assert!(refusal(&streams, 2).contains("of your organization"));
        drop(first);
        let _fourth = streams.enter(&actor(2)).unwrap();

        let streams = Streams::new(StreamLimits {
            per_user: 0,
            per_organization: 0,
            total: 1,
        });
        let only = streams.enter(&actor(1)).unwrap();
        assert!(refusal(&streams, 2).contains("of this service"));
        drop(only);
        assert!(streams.open.lock().unwrap().is_empty());
    }
}
