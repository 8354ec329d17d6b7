//! Approval of second factors that wait for an administrator.

use accunode_domain::{
    access::Actor,
    audit::{AuditAction, AuditEvent},
    id::{EnrolmentId, OrganizationId, UserId},
    page::{Cursor, Limit, Page},
    second_factor::Decision,
    user::Email,
};
use accunode_ports::{mail::Message, repositories::PendingFactor};
use serde_json::json;

use super::{Users, reason_of};
use crate::{Caller, Confirmed, Error, mail::Letter};

/// A decision about one enrolment.
#[derive(Clone, Debug)]
pub struct DecideFactor {
    /// The enrolment that was compared with what its user was shown. Another secret is
    /// another enrolment, so that a secret that replaced it meanwhile cannot be approved.
    pub enrolment: EnrolmentId,
    /// The decision.
    pub decision: Decision,
    /// The reason, for the audit log.
    pub reason: Option<String>,
}

impl Users {
    /// Returns a page of the second factors in an organization that wait for the caller to
    /// approve or refuse them, the longest first.
    ///
    /// # Errors
    /// `NotFound`; `role_forbidden` for members, `key_forbidden`.
    #[tracing::instrument(name = "users.pending_factors", level = "debug", skip_all)]
    pub async fn pending_factors(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<PendingFactor>, Error> {
        let approvals = caller
            .actor
            .approvals(organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let found = self.ports.store.organizations().find(organization).await?;
        found.ok_or_else(|| Error::not_found("organization"))?;
        let factors = self.ports.store.second_factors();
        Ok(factors.waiting(&approvals, limit, after).await?)
    }

    /// Approves or refuses the second factor of a user below the caller's rank. An approved
    /// factor is required from then on, and the user's sessions, which were started without
    /// it, end. A refused factor is removed.
    ///
    /// # Errors
    /// `NotFound`, also if this enrolment does not wait, or not any more; `rank_too_low`.
    #[tracing::instrument(name = "users.decide_factor", level = "debug", skip_all)]
    pub async fn decide_factor(
        &self,
        caller: &Confirmed,
        id: UserId,
        command: &DecideFactor,
    ) -> Result<(), Error> {
        let reason = reason_of(command.reason.as_deref()).map_err(Error::invalid)?;
        let reason = &reason;
        let email = self
            .ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let locked = self
                    .lock_user(&*unit, caller, id, Actor::administer_user)
                    .await?;
                let factors = unit.second_factors();
                let now = self.ports.clock.now();
                let (done, event_type, new) = match command.decision {
                    Decision::Approve => (
                        factors
                            .approve(locked.granted, command.enrolment, now)
                            .await?,
                        "user.second_factor_approved",
                        json!({ "confirmed": true }),
                    ),
                    Decision::Refuse => (
                        factors.refuse(locked.granted, command.enrolment).await?,
                        "user.second_factor_refused",
                        json!(null),
                    ),
                };
                if !done {
                    return Err(Error::not_found("enrolment that waits"));
                }
                let user = locked.record.user;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: user.organization,
                    new_values: Some(json!({ "second_factor": new })),
                    metadata: json!({ "enrolment_id": command.enrolment, "reason": reason }),
                    ..AuditEvent::new(event_type, "user", AuditAction::Update)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(user.email)
            })
            .await?;
        if command.decision == Decision::Approve {
            self.ports.sessions.end_all(id, None).await?;
        }
        let (record, admin) = (&email, caller.actor.email());
        self.ports
            .mail
            .post(Letter::notice(decided(record, command.decision)));
        self.ports
            .mail
            .post(Letter::notice(noted(admin, record, command.decision)));
        Ok(())
    }
}

/// The mail that notifies a user of the decision.
fn decided(to: &Email, decision: Decision) -> Message {
    let (subject, text) = match decision {
        Decision::Approve => (
            "Your second factor was approved",
            "An administrator has approved the second factor of your account on AccuNode. Your \
             sessions were ended: sign in again, with a code of your device.\n\n\
             If you enrolled none, tell your administrator at once.\n",
        ),
        Decision::Refuse => (
            "Your second factor was refused",
            "An administrator has refused the second factor that was enrolled for your account on \
             AccuNode. It was removed.\n\n\
             If you enrolled it, speak to your administrator; if you did not, change your \
             password.\n",
        ),
    };
    Message {
        to: to.clone(),
        subject: subject.to_owned(),
        text: text.to_owned(),
    }
}

/// The mail that notifies an administrator of a decision in their name.
fn noted(to: &Email, whose: &Email, decision: Decision) -> Message {
    let did = match decision {
        Decision::Approve => "approved",
        Decision::Refuse => "refused",
    };
    Message {
        to: to.clone(),
        subject: format!("You {did} a second factor"),
        text: format!(
            "The second factor of {} on AccuNode was {did} from your account.\n\n\
             If it was not you, someone is signed in to your account: change your password, and \
             remove that second factor.\n",
            whose.as_str()
        ),
    }
}
