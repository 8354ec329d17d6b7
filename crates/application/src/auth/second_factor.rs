//! The caller's second factor: enrol, confirm, verify, remove.

use accunode_domain::{
    Timestamp,
    access::Actor,
    audit::{AuditAction, AuditEvent},
    fault::Fault,
    id::{EnrolmentId, UserId},
    second_factor::{Code, RECOVERY_CODES, RecoveryCode},
    session::Session,
    user::Email,
};
use accunode_ports::{
    UnitOfWork,
    mail::Message,
    repositories::{ShownFrom, StoredFactor},
    sessions::SessionChange,
    throttle::{Admission, Attempt},
};
use serde_json::json;

use super::Auth;
use crate::{Caller, Confirmed, Error, ErrorCode, mail::Letter};

/// A second factor that is yet to be confirmed, with its secrets, which the user sees once.
#[derive(Clone)]
pub struct NewFactor {
    /// The secret in base32, for manual entry into a device.
    pub secret: String,
    /// The same secret as a URI, for the device's camera.
    pub uri: String,
    /// Recovery codes for a lost device, each valid once.
    pub recovery_codes: Vec<String>,
}

impl std::fmt::Debug for NewFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewFactor(…)")
    }
}

/// The state of a second factor after its code was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolled {
    /// The factor is required from now on.
    Active,
    /// An administrator must approve this enrolment first.
    Waits(EnrolmentId),
}

impl Auth {
    /// Creates a secret and recovery codes, replacing unconfirmed ones. The factor is not
    /// required before [`Self::confirm_factor`].
    ///
    /// # Errors
    /// `already_enrolled`.
    #[tracing::instrument(name = "auth.enrol_factor", level = "debug", skip_all)]
    pub async fn enrol_factor(&self, caller: &Confirmed) -> Result<NewFactor, Error> {
        let (user, email) = (caller.actor.user(), caller.actor.email());
        let random = &self.ports.randomness;
        let made = self.ports.codes.enrol(user, email, random.bits())?;
        let recovery: Vec<_> = (0..RECOVERY_CODES)
            .map(|_| RecoveryCode::from_random(random.bits()))
            .collect();
        let hashes: Vec<_> = recovery.iter().map(RecoveryCode::hash).collect();
        let (sealed, hashes) = (&made.sealed, &hashes);
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let factors = unit.second_factors();
                if !factors.put(user, sealed, hashes).await? {
                    return Err(conflict(
                        ErrorCode::AlreadyEnrolled,
                        "there is a second factor already; take it away first",
                    ));
                }
                self.note(
                    &*unit,
                    caller,
                    "user.second_factor_made",
                    json!({ "confirmed": false }),
                )
                .await?;
                Ok(())
            })
            .await?;
        Ok(NewFactor {
            secret: made.secret,
            uri: made.uri,
            recovery_codes: recovery.iter().map(RecoveryCode::expose).collect(),
        })
    }

    /// Confirms the factor by its first code: it is required from then on, and sessions that
    /// were started without it end. If the organization requires approval, the factor is
    /// required once an administrator has approved it: until then someone who knows only the
    /// password can neither gain access nor lock the user out.
    ///
    /// # Errors
    /// `not_enrolled`, `already_enrolled`, `approval_pending`; `invalid_code`.
    #[tracing::instrument(name = "auth.confirm_factor", level = "debug", skip_all)]
    pub async fn confirm_factor(&self, caller: &Confirmed, code: &str) -> Result<Enrolled, Error> {
        let user = caller.actor.user();
        let session = self.own_session(caller).await?;
        let waiting = self
            .ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let must_wait = must_wait(&*unit, &caller.renewed(&*unit).await?).await?;
                let step = self.first_step(&*unit, user, code, must_wait).await?;
                if must_wait {
                    return self.begin_to_wait(&*unit, caller, step).await.map(Some);
                }
                let now = self.ports.clock.now();
                if !unit.second_factors().confirm(user, step, now).await? {
                    return Err(confirmed_already());
                }
                self.note(
                    &*unit,
                    caller,
                    "user.second_factor_confirmed",
                    json!({ "confirmed": true }),
                )
                .await?;
                Ok(None)
            })
            .await?;
        let email = caller.actor.email();
        if let Some((enrolment, approvers)) = waiting {
            self.ports.mail.post(Letter::notice(waits(email)));
            for approver in &approvers {
                self.ports
                    .mail
                    .post(Letter::notice(approval_request(approver, email)));
            }
            return Ok(Enrolled::Waits(enrolment));
        }
        self.mark_session(&session, true).await?;
        self.end_sessions(user, caller.session).await?;
        self.ports
            .mail
            .post(Letter::notice(factor_notice(email, true)));
        Ok(Enrolled::Active)
    }

    /// Returns the time step of the first code of a second factor that is yet to be
    /// confirmed.
    async fn first_step(
        &self,
        unit: &dyn UnitOfWork,
        user: UserId,
        code: &str,
        must_wait: bool,
    ) -> Result<i64, Error> {
        let stored = unit.reads().second_factors().find(user).await?;
        let stored =
            stored.ok_or_else(|| conflict(ErrorCode::NotEnrolled, "make a second factor first"))?;
        if stored.is_confirmed {
            return Err(confirmed_already());
        }
        if must_wait && stored.waits_since.is_some() {
            return Err(conflict(
                ErrorCode::ApprovalPending,
                "the code was shown; an administrator has yet to approve it",
            ));
        }
        let now = self.ports.clock.now();
        let step = match Code::typed(code) {
            Code::Totp(code) => self.ports.codes.check(user, &stored.sealed, &code, now)?,
            Code::Recovery(_) => None,
        };
        let wrong = "is not the code that the device shows now";
        step.ok_or_else(|| Error::invalid(Fault::new("/code", "invalid_code", wrong)))
    }

    /// Stores that the enrolment waits for an administrator; returns who is to be asked.
    async fn begin_to_wait(
        &self,
        unit: &dyn UnitOfWork,
        caller: &Confirmed,
        step: i64,
    ) -> Result<(EnrolmentId, Vec<Email>), Error> {
        let user = caller.actor.user();
        let from = ShownFrom {
            ip: caller.context.ip,
            user_agent: caller.context.user_agent.as_deref(),
        };
        let factors = unit.second_factors();
        let now = self.ports.clock.now();
        let waiting = factors.wait(user, step, from, now).await?;
        let waiting = waiting.ok_or_else(confirmed_already)?;
        let approvers = if waiting.notify_approvers {
            unit.reads().second_factors().approvers(user).await?
        } else {
            Vec::new()
        };
        self.note(
            unit,
            caller,
            "user.second_factor_pending",
            json!({ "confirmed": false, "enrolment_id": waiting.enrolment }),
        )
        .await?;
        Ok((waiting.enrolment, approvers))
    }

    /// Returns the state of the caller's own second factor.
    ///
    /// # Errors
    /// `key_forbidden`.
    #[tracing::instrument(name = "auth.own_factor", level = "debug", skip_all)]
    pub async fn own_factor(&self, caller: &Caller) -> Result<Option<StoredFactor>, Error> {
        let allowed = caller.actor.require_user();
        allowed.map_err(|denial| Error::denied(denial, "user"))?;
        let factors = self.ports.store.second_factors();
        Ok(factors.find(caller.actor.user()).await?)
    }

    /// Removes the caller's own second factor, and ends the other sessions.
    ///
    /// # Errors
    /// `not_enrolled`, `approval_pending`.
    #[tracing::instrument(name = "auth.remove_factor", level = "debug", skip_all)]
    pub async fn remove_factor(&self, caller: &Confirmed) -> Result<(), Error> {
        let user = caller.actor.user();
        let session = self.own_session(caller).await?;
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let stored = unit.reads().second_factors().find(user).await?;
                if stored.is_some_and(|stored| stored.waits_since.is_some()) {
                    // Repeated removal and enrolment would mail the administrators each time.
                    return Err(conflict(
                        ErrorCode::ApprovalPending,
                        "it counts for nothing yet; enrol another in its place, or have it refused",
                    ));
                }
                if !unit.second_factors().remove_own(user).await? {
                    return Err(conflict(
                        ErrorCode::NotEnrolled,
                        "there is no second factor",
                    ));
                }
                self.note(&*unit, caller, "user.second_factor_removed", json!(null))
                    .await?;
                Ok(())
            })
            .await?;
        self.mark_session(&session, false).await?;
        self.end_sessions(user, caller.session).await?;
        self.ports
            .mail
            .post(Letter::notice(factor_notice(caller.actor.email(), false)));
        Ok(())
    }

    /// Stores in a session whether its second factor was verified, and leaves its other
    /// fields unchanged.
    async fn mark_session(&self, session: &Session, second_factor: bool) -> Result<(), Error> {
        let change = SessionChange {
            second_factor: Some(second_factor),
            ..SessionChange::default()
        };
        let sessions = &self.ports.sessions;
        Ok(sessions.update(session.id, session.user, &change).await?)
    }

    async fn note(
        &self,
        unit: &dyn UnitOfWork,
        caller: &Caller,
        event_type: &'static str,
        state: serde_json::Value,
    ) -> Result<(), Error> {
        let event = AuditEvent {
            entity_id: Some(caller.actor.user().0),
            new_values: Some(json!({ "second_factor": state })),
            ..AuditEvent::new(event_type, "user", AuditAction::Update)
        };
        Ok(unit
            .audit_log()
            .record(&caller.context, caller.sign(event))
            .await?)
    }

    /// Returns a user's second factor, if it is one that is required.
    pub(super) async fn factor(&self, user: UserId) -> Result<Option<StoredFactor>, Error> {
        let found = self.ports.store.second_factors().find(user).await?;
        Ok(found.filter(|factor| factor.is_confirmed))
    }

    /// Checks that another code may be tried for this user: repeated failures must wait.
    ///
    /// # Errors
    /// `LockedOut`.
    pub(super) async fn admit_code(&self, user: UserId) -> Result<Attempt, Error> {
        let attempt = Attempt::second_factor(user);
        match self.ports.throttle.admit(&attempt).await? {
            Admission::Go => Ok(attempt),
            Admission::Wait(seconds) => Err(Error::LockedOut { seconds }),
        }
    }

    /// Marks a code as used within the unit of work: no code is valid twice.
    pub(super) async fn spend(
        &self,
        unit: &dyn UnitOfWork,
        user: UserId,
        factor: &StoredFactor,
        code: &Code,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let factors = unit.second_factors();
        Ok(match code {
            Code::Totp(digits) => {
                match self.ports.codes.check(user, &factor.sealed, digits, now)? {
                    Some(step) => factors.use_step(user, step).await?,
                    None => false,
                }
            }
            Code::Recovery(code) => factors.use_recovery(user, &code.hash(), now).await?,
        })
    }
}

/// Returns whether the current organization of an actor requires that an administrator
/// approves second factors.
async fn must_wait(unit: &dyn UnitOfWork, actor: &Actor) -> Result<bool, Error> {
    let home = match actor.organization() {
        Some(id) => unit.reads().organizations().find(id).await?,
        None => None,
    };
    Ok(home.is_some_and(|home| home.second_factor_approval))
}

fn confirmed_already() -> Error {
    conflict(
        ErrorCode::AlreadyEnrolled,
        "the second factor is confirmed already",
    )
}

/// The mail that notifies a user that their second factor waits for an administrator.
fn waits(to: &Email) -> Message {
    Message {
        to: to.clone(),
        subject: "Your second factor waits for approval".to_owned(),
        text: "A second factor was enrolled for your account on AccuNode. Your organization \
               demands that an administrator approves it; until then it counts for nothing. Tell \
               them that it is you.\n\n\
               If it was not you, someone knows your password: change it at once, and tell your \
               administrator to refuse.\n"
            .to_owned(),
    }
}

/// The mail that asks an administrator to decide.
fn approval_request(to: &Email, whose: &Email) -> Message {
    Message {
        to: to.clone(),
        subject: "A second factor waits for your approval".to_owned(),
        text: format!(
            "{} has enrolled a second factor on AccuNode, and your organization demands that an \
             administrator approves it.\n\n\
             Anyone who knows the password can enrol one. Ask the user, in another way than by mail, \
             for the enrolment_id that they were shown, compare it, and approve or refuse.\n",
            whose.as_str()
        ),
    }
}

fn conflict(code: ErrorCode, detail: &str) -> Error {
    Error::Conflict {
        code,
        detail: detail.to_owned(),
        existing: None,
    }
}

/// The error for a wrong code.
pub(super) fn invalid_code() -> Error {
    Error::Unauthenticated {
        code: ErrorCode::InvalidCode,
        detail: "the code is wrong, or was used before".to_owned(),
    }
}

/// The mail that notifies a user that a second factor was added or removed.
pub(crate) fn factor_notice(to: &Email, there: bool) -> Message {
    let (subject, what) = if there {
        (
            "A second factor was added",
            "is asked for a code of your device from now on",
        )
    } else {
        (
            "Your second factor was removed",
            "is not asked for a code any more",
        )
    };
    Message {
        to: to.clone(),
        subject: subject.to_owned(),
        text: format!(
            "Anyone who signs in to your account on AccuNode {what}.\n\n\
             If you did not want this, change your password at once and tell your administrator.\n"
        ),
    }
}
