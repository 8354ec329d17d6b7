//! Who calls, and from where.

use std::ops::Deref;

use accunode_domain::{
    Timestamp,
    access::Actor,
    audit::{AuditEvent, RequestContext},
    id::{ApiKeyId, SessionId},
    owner::AccessLevel,
    session::CONFIRMATION_SECONDS,
};
use accunode_ports::UnitOfWork;
use serde_json::Value;
use time::Duration;
use uuid::Uuid;

use crate::{
    Error, ErrorCode, Ports,
    auth::{gone, unusable},
};

/// A user who is signed in, making one request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who they are and what they may do.
    pub actor: Actor,
    /// Where the request came from.
    pub context: RequestContext,
    /// The session it was made in; `None` for the worker.
    pub session: Option<SessionId>,
    /// When they last proved their identity in this session; `None` where it has no user.
    pub confirmed_at: Option<Timestamp>,
    /// The API key that they are here by.
    pub key: Option<ApiKeyId>,
    /// Whether they showed a second factor in it.
    pub second_factor: bool,
}

impl Caller {
    /// Whose budget of requests they draw on: a key has one of its own, so that a program
    /// that runs wild does not lock its owner out.
    #[must_use]
    pub fn principal(&self) -> Uuid {
        self.key.map_or(self.actor.user().0, |key| key.0)
    }

    /// The tenant that they work for: the root of their organization, or themselves where
    /// they have none. Whatever is shared out fairly is shared among tenants, not among
    /// the users or keys of one.
    #[must_use]
    pub fn tenant(&self) -> Uuid {
        self.actor.membership().map_or(self.actor.user().0, |own| {
            own.parent.unwrap_or(own.organization).0
        })
    }

    /// The event with them as its actor, and with the key that they are here by.
    #[must_use]
    pub fn sign(&self, mut event: AuditEvent) -> AuditEvent {
        if let (Some(key), Value::Object(metadata)) = (self.key, &mut event.metadata) {
            metadata.insert("api_key_id".to_owned(), key.to_string().into());
        }
        AuditEvent {
            user: Some(self.actor.user()),
            actor_email: Some(self.actor.email().as_str().to_owned()),
            organization: event.organization.or(self.actor.organization()),
            ..event
        }
    }
}

/// A caller who proved who they are a short while ago. Use cases that give rights, take
/// them away or hand out what a stolen token must not reach demand one in place of a
/// [`Caller`]; [`Caller::confirmed`] is the only place that makes it.
#[derive(Clone, Debug)]
pub struct Confirmed {
    caller: Caller,
}

impl Deref for Confirmed {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Confirmed {
    /// Vouches for a value that not every caller may set.
    #[must_use]
    pub const fn vouch<T>(&self, value: T) -> Vouched<T> {
        Vouched { value }
    }
}

/// A part of a command that only a [`Confirmed`] caller may name, where other parts of the
/// same command need no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vouched<T> {
    value: T,
}

impl<T> Vouched<T> {
    /// What was vouched for.
    pub const fn get(&self) -> &T {
        &self.value
    }
}

/// The level that rows are made at or raised to. Showing them to everyone takes a recent
/// proof: every tenant works with them from then on, and a row cannot be taken back from
/// everyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowLevel(AccessLevel);

impl RowLevel {
    /// A level of a user's or an organization's rows; nothing for that of everyone's.
    #[must_use]
    pub fn limited(level: AccessLevel) -> Option<Self> {
        (level != AccessLevel::System).then_some(Self(level))
    }

    /// That of everyone's rows.
    #[must_use]
    pub const fn everyone(_by: &Confirmed) -> Self {
        Self(AccessLevel::System)
    }

    /// The level.
    #[must_use]
    pub const fn level(self) -> AccessLevel {
        self.0
    }
}

impl Caller {
    /// The same caller, where they are a user who proved who they are at most
    /// [`CONFIRMATION_SECONDS`] before `now`.
    ///
    /// # Errors
    /// `key_forbidden` for an API key, which cannot prove anything; `step_up_required`.
    pub fn confirmed(&self, now: Timestamp) -> Result<Confirmed, Error> {
        let allowed = self.actor.require_user();
        allowed.map_err(|denial| Error::denied(denial, "user"))?;
        let limit = Duration::seconds(CONFIRMATION_SECONDS);
        if self.confirmed_at.is_some_and(|at| now - at <= limit) {
            return Ok(Confirmed {
                caller: self.clone(),
            });
        }
        Err(Error::Unauthenticated {
            code: ErrorCode::StepUpRequired,
            detail: "confirm that it is you: send your password to /auth/step-up and try again"
                .to_owned(),
        })
    }

    /// The actor as they are stored now, locked until the unit of work ends: their rights
    /// may have changed since the request began, and cannot change until it is committed.
    ///
    /// # Errors
    /// `Unauthenticated` where the account is gone or not active any more.
    pub(crate) async fn renewed(&self, unit: &dyn UnitOfWork) -> Result<Actor, Error> {
        let mut found = unit.users().lock_for_update(&[self.actor.user()]).await?;
        let me = found.pop().ok_or_else(gone)?;
        let renewed = self.actor.renewed(&me.user, me.membership);
        renewed.map_err(unusable)
    }

    /// Writes an event that comes with no change (reads, exports), in a short unit
    /// of work of its own, before anything is answered.
    pub(crate) async fn record(&self, ports: &Ports, event: AuditEvent) -> Result<(), Error> {
        let scope = self.actor.scope();
        ports.record(&scope, &self.context, self.sign(event)).await
    }
}
