//! The second factor: enrolled, confirmed, shown, taken away.

use accunode_domain::{
    Timestamp,
    audit::{AuditAction, AuditEvent},
    fault::Fault,
    id::UserId,
    second_factor::{Code, RECOVERY_CODES, RecoveryCode},
    user::Email,
};
use accunode_ports::{
    UnitOfWork,
    mail::Message,
    repositories::StoredFactor,
    throttle::{Admission, Attempt},
};
use serde_json::json;

use super::Accounts;
use crate::{Caller, Error, mail::Letter};

/// A second factor that is yet to be confirmed: what its person is told, once.
#[derive(Clone)]
pub struct NewFactor {
    /// For his device, to be typed, in base32.
    pub secret: String,
    /// The same for his device's camera.
    pub uri: String,
    /// For the day when he has lost his device, each good once.
    pub recovery_codes: Vec<String>,
}

impl std::fmt::Debug for NewFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewFactor(…)")
    }
}

impl Accounts {
    /// Makes a secret and recovery codes, in place of those that were not confirmed.
    /// Nothing is asked for before [`Self::confirm_factor`].
    ///
    /// # Errors
    /// `key_forbidden`; `step_up_required`; `already_enrolled`.
    pub async fn enrol_factor(&self, caller: &Caller) -> Result<NewFactor, Error> {
        self.require_proof(caller)?;
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
                        "already_enrolled",
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

    /// Confirms it by its first code: it is asked for from then on, and sessions that
    /// were started without it end.
    ///
    /// # Errors
    /// `key_forbidden`; `step_up_required`; `not_enrolled`, `already_enrolled`;
    /// `invalid_code`.
    pub async fn confirm_factor(&self, caller: &Caller, code: &str) -> Result<(), Error> {
        self.require_proof(caller)?;
        let user = caller.actor.user();
        let mut session = self.own_session(caller).await?;
        let now = self.ports.clock.now();
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let factors = unit.second_factors();
                let stored = factors.find(user).await?;
                let stored =
                    stored.ok_or_else(|| conflict("not_enrolled", "make a second factor first"))?;
                let step = match Code::typed(code) {
                    Code::Totp(code) => self.ports.codes.check(user, &stored.sealed, &code, now)?,
                    Code::Recovery(_) => None,
                };
                let wrong = "is not the code that the device shows now";
                let step =
                    step.ok_or_else(|| Error::invalid(Fault::new("/code", "invalid_code", wrong)))?;
                if !factors.confirm(user, step, now).await? {
                    return Err(conflict(
                        "already_enrolled",
                        "the second factor is confirmed already",
                    ));
                }
                self.note(
                    &*unit,
                    caller,
                    "user.second_factor_confirmed",
                    json!({ "confirmed": true }),
                )
                .await?;
                Ok(())
            })
            .await?;
        session.second_factor = true;
        self.ports.sessions.update(&session).await?;
        self.end_sessions(user, caller.session).await?;
        self.ports
            .mail
            .post(Letter::notice(told(caller.actor.email(), true)));
        Ok(())
    }

    /// Takes it away, and ends the other sessions.
    ///
    /// # Errors
    /// `key_forbidden`; `step_up_required`; `not_enrolled`.
    pub async fn remove_factor(&self, caller: &Caller) -> Result<(), Error> {
        self.require_proof(caller)?;
        let user = caller.actor.user();
        let mut session = self.own_session(caller).await?;
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                if !unit.second_factors().remove(user).await? {
                    return Err(conflict("not_enrolled", "there is no second factor"));
                }
                self.note(&*unit, caller, "user.second_factor_removed", json!(null))
                    .await?;
                Ok(())
            })
            .await?;
        session.second_factor = false;
        self.ports.sessions.update(&session).await?;
        self.end_sessions(user, caller.session).await?;
        self.ports
            .mail
            .post(Letter::notice(told(caller.actor.email(), false)));
        Ok(())
    }

    fn require_proof(&self, caller: &Caller) -> Result<(), Error> {
        let person = caller.actor.require_person();
        person.map_err(|denial| Error::denied(denial, "user"))?;
        caller.require_recent_confirmation(self.ports.clock.now())
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
            .audit()
            .record(&caller.context, caller.sign(event))
            .await?)
    }

    /// A person's second factor, where it is one that is asked for.
    pub(super) async fn factor(&self, user: UserId) -> Result<Option<StoredFactor>, Error> {
        let found = self.ports.store.second_factors().find(user).await?;
        Ok(found.filter(|factor| factor.is_confirmed))
    }

    /// That another code may be tried for this person: those who guess wait.
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

    /// Uses a code up within the unit of work: no code is good twice.
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

fn conflict(code: &'static str, detail: &str) -> Error {
    Error::Conflict {
        code,
        detail: detail.to_owned(),
        existing: None,
    }
}

/// What a wrong code is answered with.
pub(super) fn invalid_code() -> Error {
    Error::Unauthenticated {
        code: "invalid_code",
        detail: "the code is wrong, or was used before".to_owned(),
    }
}

/// The mail that tells a person that a second factor came or went.
pub(crate) fn told(to: &Email, there: bool) -> Message {
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
            "Whoever signs in to your account on AccuNode {what}.\n\n\
             If you did not want this, change your password at once and tell your administrator.\n"
        ),
    }
}
