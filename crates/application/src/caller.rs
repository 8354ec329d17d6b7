//! The caller of a use case, and the origin of the request.

use std::ops::Deref;

use accunode_domain::{
    Timestamp,
    access::{Actor, Grant},
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

/// An authenticated user who makes one request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The actor: their identity and rights.
    pub actor: Actor,
    /// The origin of the request.
    pub context: RequestContext,
    /// The session; `None` for an API key and for the worker.
    pub session: Option<SessionId>,
    /// When the user last proved their identity in this session; `None` without a session.
    pub confirmed_at: Option<Timestamp>,
    /// The API key that was used, if any.
    pub key: Option<ApiKeyId>,
    /// Whether the session was proved with a second factor.
    pub second_factor: bool,
}

impl Caller {
    /// Returns the principal whose rate limits count: a key has its own, so that a program
    /// out of control does not lock its owner out.
    #[must_use]
    pub fn principal(&self) -> Uuid {
        self.key.map_or(self.actor.user().0, |key| key.0)
    }

    /// Returns the tenant: the root of the caller's organization, or the user if they have
    /// none. Resources are shared fairly among tenants, not among the users or keys of one
    /// tenant.
    #[must_use]
    pub fn tenant(&self) -> Uuid {
        self.actor.membership().map_or(self.actor.user().0, |own| {
            own.parent.unwrap_or(own.organization).0
        })
    }

    /// Returns the event with this caller as its actor, and with their API key, if any.
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

    /// Records a change of a row in the organization that owns it. If the change raised the row,
    /// it is also recorded in the organization that owned it before: its auditors see who made
    /// the row readable to others.
    pub(crate) async fn record_change(
        &self,
        unit: &dyn UnitOfWork,
        grant: Grant,
        event: AuditEvent,
    ) -> Result<(), Error> {
        let event = self.sign(AuditEvent {
            organization: grant.owner().organization(),
            ..event
        });
        let former = grant.from().organization();
        if former.is_some() && former != event.organization {
            let copy = AuditEvent {
                organization: former,
                ..event.clone()
            };
            unit.audit_log().record(&self.context, copy).await?;
        }
        unit.audit_log().record(&self.context, event).await?;
        Ok(())
    }
}

/// A caller who proved their identity recently. Use cases that give or remove rights, or
/// return what a stolen token must not reach, take one in place of a [`Caller`]; only
/// [`Caller::confirmed`] creates it.
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
    /// Wraps a value that only a confirmed caller may set.
    #[must_use]
    pub const fn confirmed_only<T>(&self, value: T) -> ConfirmedOnly<T> {
        ConfirmedOnly { value }
    }
}

/// A part of a command that only a [`Confirmed`] caller may set, while other parts of the
/// same command need no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfirmedOnly<T> {
    value: T,
}

impl<T> ConfirmedOnly<T> {
    /// The value.
    pub const fn get(&self) -> &T {
        &self.value
    }
}

/// The level at which rows are created or to which access is widened. The level `system`
/// requires a recent proof: every tenant works with the rows from then on, and this cannot
/// be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowLevel(AccessLevel);

impl RowLevel {
    /// Returns the level of a user's or an organization's rows; `None` for the level
    /// `system`.
    #[must_use]
    pub fn limited(level: AccessLevel) -> Option<Self> {
        (level != AccessLevel::System).then_some(Self(level))
    }

    /// Returns the level `system`.
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
    /// Returns the caller as confirmed, if they are a user who proved their identity at
    /// most [`CONFIRMATION_SECONDS`] before `now`.
    ///
    /// # Errors
    /// `key_forbidden` for an API key, which cannot give a proof; `step_up_required`.
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

    /// Returns the actor as currently stored, locked until the unit of work ends: their
    /// rights may have changed since the request began, and cannot change until it is
    /// committed.
    ///
    /// # Errors
    /// `Unauthenticated` if the account does not exist or is not active any more.
    pub(crate) async fn renewed(&self, unit: &dyn UnitOfWork) -> Result<Actor, Error> {
        let mut found = unit.users().lock_for_update(&[self.actor.user()]).await?;
        let me = found.pop().ok_or_else(gone)?;
        let renewed = self.actor.renewed(&me.user, me.membership);
        renewed.map_err(unusable)
    }

    /// Writes an event without a change (reads, exports), in a short unit of work of its
    /// own, before anything is sent to the client.
    pub(crate) async fn record(&self, ports: &Ports, event: AuditEvent) -> Result<(), Error> {
        let scope = self.actor.scope();
        ports.record(&scope, &self.context, self.sign(event)).await
    }
}
