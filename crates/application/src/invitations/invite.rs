//! Invites a user.

use accunode_domain::access::Contradiction;
use accunode_domain::{
    access::{Actor, Assignment},
    audit::{AuditAction, AuditEvent},
    fault::Fault,
    id::{InvitationId, OrganizationId},
    invitation::{Invitation, VALID_DAYS},
    secret::Secret,
    text::defang,
    user::{Email, Role},
};
use accunode_ports::{UnitOfWork, mail::Message, repositories::NewInvitation};
use time::Duration;
use tokio::sync::OnceCell;

use super::{Invitations, values};
use crate::{
    Confirmed, Error, ErrorCode, Idempotency, Replayable,
    mail::{Letter, MailKind, MailPermit, MailSender},
    users::refused,
};

/// The request for an invitation.
#[derive(Clone, Debug)]
pub struct Invite {
    /// The address, with or without an account.
    pub email: String,
    /// The role that the user will have.
    pub role: Role,
    /// The organization; the caller's own if none is named.
    pub organization: Option<OrganizationId>,
}

/// An invitation that exists once its unit of work is committed.
#[derive(Clone, Debug)]
#[must_use = "the mail with the token is posted after the commit"]
pub(crate) struct Invited {
    /// The invitation as stored.
    pub(crate) invitation: Invitation,
    /// The mail that contains its token.
    pub(crate) mail: Letter,
}

impl Invitations {
    /// Invites a user to an organization. They set their own password, and join when they
    /// accept. The response reveals whether the address has an account only if the caller may
    /// see that user anyway.
    ///
    /// # Errors
    /// `role_forbidden`, `role_not_assignable`, `outside_scope`; every
    /// fault of the command; `NotFound` for an organization that does not exist;
    /// `already_member` for a member of one of the caller's organizations;
    /// `too_many_mails`.
    #[tracing::instrument(name = "invitations.invite", level = "debug", skip_all)]
    pub async fn invite(
        &self,
        caller: &Confirmed,
        command: &Invite,
        idempotency: Option<&Idempotency<'_, Invitation>>,
    ) -> Result<Replayable<Invitation>, Error> {
        let (_, email) = check(&caller.actor, command)?;
        let email = &email;
        let mail_permit = &OnceCell::new();
        let done: Replayable<Invited> = self.ports.transaction(&caller.actor.scope(), |unit| async move {
        let actor = &caller.renewed(&*unit).await?;
        let (assignment, _) = check(actor, command)?;
        if let Some(answer) = Idempotency::claim(idempotency, &*unit, actor).await? {
            return Ok(Replayable::Replayed(answer));
        }
        let organization = assignment.organization();
        let home = match organization {
            Some(id) => unit.reads().organizations().find(id).await?,
            None => None,
        };
        let home = home.ok_or_else(|| Error::not_found("organization"))?;
        assignment.fits(home.parent).map_err(refused)?;
        if let Some(there) = unit.reads().users().by_email(email).await?
            && there
                .user
                .organization
                .is_some_and(|theirs| actor.sees_organization(theirs))
        {
            return Err(Error::Conflict {
                code: ErrorCode::Contradiction(Contradiction::AlreadyMember),
                detail: "this user belongs to one of your organizations already; change the role instead"
                    .to_owned(),
                existing: Some(there.user.id.0),
            });
        }
        // A caller who could not withdraw an invitation must not replace it either.
        if let Some(before) = unit.invitations().lock_waiting(home.id, email).await? {
            actor.invite(before.role, Some(home.id)).map_err(refused)?;
        }
        let invited = self
            .add_within(
                &*unit,
                caller,
                assignment,
                email.clone(),
                &home.profile.name,
                mail_permit,
            )
            .await?;
        Idempotency::store(idempotency, &*unit, actor, &invited.invitation).await?;
Ok(Replayable::Fresh(invited))
}).await?;
        Ok(match done {
            Replayable::Fresh(invited) => {
                self.ports.mail.post(invited.mail);
                Replayable::Fresh(invited.invitation)
            }
            Replayable::Replayed(answer) => Replayable::Replayed(answer),
        })
    }

    /// Adds an invitation, and its audit row, within a larger unit of work. A pending
    /// invitation is renewed, with another token. The caller checks that the role fits the
    /// organization, and provides the organization's name. The postage is consumed at the
    /// first attempt, unless a stored response is returned, and reused if the unit of work is
    /// repeated.
    ///
    /// # Errors
    /// `too_many_mails`; those of the repositories.
    pub(crate) async fn add_within(
        &self,
        unit: &dyn UnitOfWork,
        caller: &Confirmed,
        assignment: Assignment,
        email: Email,
        organization_name: &str,
        mail_permit: &OnceCell<MailPermit>,
    ) -> Result<Invited, Error> {
        let organization = assignment
            .organization()
            .ok_or_else(|| Error::not_found("organization"))?;
        let sender = MailSender::of(caller);
        let mail_permit = mail_permit
            .get_or_try_init(|| self.ports.mail_permit(MailKind::Invitation, &email, sender));
        let mail_permit = *mail_permit.await?;
        let before = unit
            .invitations()
            .lock_waiting(organization, &email)
            .await?;
        let token = Secret::from_random("inv", self.ports.randomness.bits());
        let now = self.ports.clock.now();
        let new = NewInvitation {
            id: InvitationId(self.ports.ids.new_id()),
            assignment,
            email,
            token_hash: token.hash(),
            invited_by: caller.actor.user(),
            created_at: now,
            expires_at: now + Duration::days(VALID_DAYS),
        };
        let invitation = unit.invitations().add(&new).await?;
        let event = AuditEvent {
            entity_id: Some(invitation.id.0),
            organization: Some(organization),
            old_values: before.as_ref().map(values),
            new_values: Some(values(&invitation)),
            ..match before {
                None => AuditEvent::new("invitation.created", "invitation", AuditAction::Create),
                Some(_) => AuditEvent::new("invitation.renewed", "invitation", AuditAction::Update),
            }
        };
        unit.audit_log()
            .record(&caller.context, caller.sign(event))
            .await?;
        let mail = self.mail(caller, &invitation, organization_name, &token);
        Ok(Invited {
            invitation,
            mail: Letter::permitted(mail, mail_permit),
        })
    }

    fn mail(
        &self,
        caller: &Confirmed,
        invitation: &Invitation,
        organization: &str,
        token: &Secret,
    ) -> Message {
        let by = caller.actor.email().as_str();
        // The name may have been stored before names were checked for links.
        let organization = defang(organization);
        let link = self.ports.link("accept-invitation", token);
        let until = invitation.expires_at.date();
        Message {
            to: invitation.email.clone(),
            subject: format!("You are invited to {organization}"),
            text: format!(
                "{by} invites you to join {organization} on AccuNode as {}.\n\n\
                 Accept until {until}:\n{link}\n\n\
                 Anyone who has this link can accept in your name: do not hand it on. If you do not \
                 know what this is about, do nothing.\n",
                invitation.role
            ),
        }
    }
}

/// Checks that the caller may invite, and reports all faults of the command together.
fn check(actor: &Actor, command: &Invite) -> Result<(Assignment, Email), Error> {
    let assignment = actor
        .invite(command.role, command.organization)
        .map_err(refused)?;
    let mut faults = Vec::new();
    if assignment.organization().is_none() {
        faults.push(Fault::new(
            "/role",
            "not_invitable",
            "users are invited into organizations, as org_member, org_admin or tenant_admin",
        ));
    }
    match Email::parse("/email", &command.email) {
        Ok(email) if faults.is_empty() => Ok((assignment, email)),
        Ok(_) => Err(Error::Invalid(faults)),
        Err(fault) => {
            faults.push(fault);
            Err(Error::Invalid(faults))
        }
    }
}
