//! Accepts an invitation.

use accunode_domain::access::Forbidden;
use accunode_domain::{
    access::{Actor, Scope},
    audit::{AuditAction, AuditEvent, RequestContext},
    fault::Fault,
    id::UserId,
    invitation::{Invitation, InvitationStatus},
    secret::{Secret, SecretHash},
    user::{Email, Profile, User},
};
use accunode_ports::{
    UnitOfWork,
    repositories::{NewUser, Repositories},
};
use serde_json::json;

use super::{Invitations, values};
use crate::{
    Confirmed, Error, ErrorCode,
    auth::{Me, unusable},
};

fn gone() -> Error {
    Error::Gone {
        code: ErrorCode::TokenExpired,
        detail: "this invitation was accepted, withdrawn, replaced by a newer one, or is too old; ask for another"
            .to_owned(),
    }
}

/// Checks that the inviting user may still invite: an invitation is worth no more than their
/// present rights, and no one can join an inactive organization.
pub(super) async fn still_offered(
    reads: &dyn Repositories,
    invitation: &Invitation,
) -> Result<Offer, Error> {
    let home = reads.organizations().find(invitation.organization).await?;
    let home = home.filter(|home| home.is_active).ok_or_else(gone)?;
    let inviter = invitation.invited_by.ok_or_else(gone)?;
    let inviter = reads.auth().with_membership(inviter).await?;
    let (user, membership, _) = inviter.ok_or_else(gone)?;
    let actor = Actor::new(&user, membership).map_err(|_| gone())?;
    let offered = actor
        .invite(invitation.role, Some(invitation.organization))
        .and_then(|assignment| assignment.fits(home.parent));
    offered.map_err(|_| gone())?;
    Ok(Offer {
        organization_name: home.profile.name,
        invited_by: user.email,
    })
}

/// The organization of an invitation and the user who sent it.
pub(super) struct Offer {
    pub(super) organization_name: String,
    pub(super) invited_by: Email,
}

/// The form of a user who accepts an invitation.
#[derive(Clone)]
pub struct AcceptInvitation {
    /// The token from the mail.
    pub token: String,
    /// The password of a new account.
    pub password: Option<String>,
    /// The first name for a new account.
    pub first_name: Option<String>,
    /// The last name for a new account.
    pub last_name: Option<String>,
}

impl std::fmt::Debug for AcceptInvitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AcceptInvitation").finish_non_exhaustive()
    }
}

impl Invitations {
    /// Accepts an invitation. If its address has no account, one is created, and the token proves
    /// the address. If it has one, the user must be signed in, with a second factor if they have
    /// one, and must have proved their identity recently: access to a mailbox alone opens no
    /// account, and a stolen access token cannot place an account under the administrators of
    /// another organization.
    ///
    /// # Errors
    /// `Gone("token_expired")` for a token that is unknown, used, withdrawn or too old;
    /// `sign_in_required`; `other_account`, `already_member`, `role_forbidden`; every fault of the
    /// form; `organization_full`.
    #[tracing::instrument(name = "invitations.accept", level = "debug", skip_all)]
    pub async fn accept(
        &self,
        caller: Option<&Confirmed>,
        form: &AcceptInvitation,
        context: &RequestContext,
    ) -> Result<Me, Error> {
        let token = Secret::shown(&form.token).hash();
        let invitation = self.open(self.ports.store.invitations().by_token(&token).await?)?;
        let found = self.ports.store.users().by_email(&invitation.email).await?;
        let user = match (found, caller) {
            (None, _) => self.register(form, &token, &invitation, context).await?,
            (Some(there), Some(caller)) if caller.actor.user() == there.user.id => {
                self.join(caller, &token).await?
            }
            (Some(_), Some(_)) => {
                return Err(Error::Denied {
                    code: ErrorCode::Forbidden(Forbidden::OtherAccount),
                    detail:
                        "this invitation is for another account than the one you are signed in to"
                            .to_owned(),
                });
            }
            (Some(_), None) => {
                return Err(Error::Unauthenticated {
                    code: ErrorCode::SignInRequired,
                    detail: "this address has an account: sign in to it and accept again"
                        .to_owned(),
                });
            }
        };
        let record = self.ports.store.users().find(user).await?;
        let record = record.ok_or_else(|| Error::not_found("user"))?;
        Me::of(record.user, record.membership)
    }

    /// Creates a new user, who is a member from the start.
    async fn register(
        &self,
        form: &AcceptInvitation,
        token: &SecretHash,
        seen: &Invitation,
        context: &RequestContext,
    ) -> Result<UserId, Error> {
        let mut faults = Vec::new();
        let profile = Profile::parse(
            form.first_name.as_deref(),
            form.last_name.as_deref(),
            None,
            &mut faults,
        );
        let password = match &form.password {
            Some(text) => {
                self.ports
                    .choose_password("/password", text, &seen.email)
                    .await?
            }
            None => Err(Fault::new(
                "/password",
                "required",
                "choose a password for the account that is made",
            )),
        };
        let password = match password {
            Ok(password) if faults.is_empty() => password,
            Ok(_) => return Err(Error::Invalid(faults)),
            Err(fault) => {
                faults.push(fault);
                return Err(Error::Invalid(faults));
            }
        };
        let password_hash = self.ports.hasher.hash(password).await?;

        let (password_hash, profile) = (&password_hash, &profile);
        self.ports
            .transaction(&Scope::none(), |unit| async move {
                let invitation = self.open(unit.invitations().lock_by_token(token).await?)?;
                still_offered(unit.reads(), &invitation).await?;
                let new = NewUser {
                    id: UserId(self.ports.ids.new_id()),
                    email: invitation.email.clone(),
                    password_hash: password_hash.clone(),
                    role: invitation.role,
                    organization: Some(invitation.organization),
                    profile: profile.clone(),
                    is_verified: true,
                };
                let user = unit.auth().add(&new).await?;
                let registered = AuditEvent {
                    entity_id: Some(user.id.0),
                    new_values: Some(json!({
                        "email": user.email,
                        "first_name": user.profile.first_name,
                        "last_name": user.profile.last_name,
                        "role": user.role,
                        "organization_id": user.organization,
                    })),
                    ..AuditEvent::new("user.registered", "user", AuditAction::Create)
                };
                record(&*unit, context, &user, &invitation, registered).await?;
                self.close(&*unit, context, &invitation, &user).await?;
                Ok(user.id)
            })
            .await
    }

    /// Makes an existing user a member.
    async fn join(&self, caller: &Confirmed, token: &SecretHash) -> Result<UserId, Error> {
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let invitation = self.open(unit.invitations().lock_by_token(token).await?)?;
                still_offered(unit.reads(), &invitation).await?;
                let mut held = unit.users().lock_for_update(&[caller.actor.user()]).await?;
                let me = held.pop().ok_or_else(|| Error::not_found("user"))?;
                let granted = caller
                    .actor
                    .renewed(&me.user, me.membership)
                    .map_err(unusable)?
                    .accept_invitation(&invitation)
                    .map_err(|denial| Error::denied(denial, "invitation"))?;
                let user = unit
                    .users()
                    .assign(granted, me.user.row_version)
                    .await?
                    .user;
                let joined = AuditEvent {
                    entity_id: Some(user.id.0),
                    old_values: Some(json!({ "role": me.user.role, "organization_id": null })),
                    new_values: Some(
                        json!({ "role": user.role, "organization_id": user.organization }),
                    ),
                    ..AuditEvent::new("user.joined", "user", AuditAction::Update)
                };
                record(&*unit, &caller.context, &user, &invitation, joined).await?;
                self.close(&*unit, &caller.context, &invitation, &user)
                    .await?;
                Ok(user.id)
            })
            .await
    }

    /// Returns the invitation if it can still be accepted.
    pub(super) fn open(&self, found: Option<Invitation>) -> Result<Invitation, Error> {
        let now = self.ports.clock.now();
        found
            .filter(|invitation| invitation.status(now) == InvitationStatus::Pending)
            .ok_or_else(gone)
    }

    async fn close(
        &self,
        unit: &dyn UnitOfWork,
        context: &RequestContext,
        invitation: &Invitation,
        by: &User,
    ) -> Result<(), Error> {
        unit.invitations()
            .accept(invitation.id, by.id, self.ports.clock.now())
            .await?;
        let accepted = AuditEvent {
            entity_id: Some(invitation.id.0),
            new_values: Some(values(invitation)),
            ..AuditEvent::new("invitation.accepted", "invitation", AuditAction::Update)
        };
        record(unit, context, by, invitation, accepted).await
    }
}

/// Records in the organization's audit log that this user accepted.
async fn record(
    unit: &dyn UnitOfWork,
    context: &RequestContext,
    by: &User,
    invitation: &Invitation,
    event: AuditEvent,
) -> Result<(), Error> {
    let event = AuditEvent {
        user: Some(by.id),
        actor_email: Some(by.email.as_str().to_owned()),
        organization: Some(invitation.organization),
        metadata: json!({ "by": "invitation", "invitation_id": invitation.id }),
        ..event
    };
    Ok(unit.audit_log().record(context, event).await?)
}
