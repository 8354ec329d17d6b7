//! Creates an organization.

use accunode_domain::{
    access::fits_as_parent,
    audit::{AuditAction, AuditEvent},
    id::OrganizationId,
    organization::{Organization, OrganizationDraft},
    user::Email,
};
use accunode_ports::repositories::OrganizationState;
use serde_json::json;
use tokio::sync::OnceCell;

use super::{
    Organizations, looks_like, refused,
    update::{OrganizationSettings, check_seats},
};
use crate::{Confirmed, Error, Idempotency, Replayable, invitations::Invitations};

/// An organization to be created.
#[derive(Clone, Debug, Default)]
pub struct CreateOrganization {
    /// Its description.
    pub draft: OrganizationDraft,
    /// Its root. Without one, the organization is a root itself.
    pub parent: Option<OrganizationId>,
    /// The address of its first administrator, who is invited.
    pub admin_email: Option<String>,
    /// Its settings except for the parent. Settings that are not named have their defaults.
    pub settings: OrganizationSettings,
}

impl Organizations {
    /// Creates an organization: a child of the caller's root, or any organization as super_admin.
    /// If an administrator is named, their invitation is created in the same unit of work.
    ///
    /// # Errors
    /// `role_forbidden`, `outside_scope`; `NotFound` for a parent that does not exist;
    /// `not_a_root`; every fault of the command; `domain_taken`, `name_taken`.
    #[tracing::instrument(name = "organizations.create", level = "debug", skip_all)]
    pub async fn create(
        &self,
        caller: &Confirmed,
        command: &CreateOrganization,
        idempotency: Option<&Idempotency<'_, Organization>>,
    ) -> Result<Replayable<Organization>, Error> {
        let may = caller.actor.create_organization(command.parent);
        may.map_err(refused)?;
        if let Some(parent) = command.parent {
            let parent = self.stored(parent).await?;
            fits_as_parent(parent.parent.is_none(), false).map_err(refused)?;
        }
        let (state, admin) = check(command)?;
        let id = OrganizationId(self.ports.ids.new_id());
        let (state, admin) = (&state, &admin);
        let mail_permit = &OnceCell::new();
        let (done, invited) = self
            .ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let actor = &caller.renewed(&*unit).await?;
                let grant = actor.create_organization(command.parent).map_err(refused)?;
                if let Some(answer) = Idempotency::claim(idempotency, &*unit, actor).await? {
                    return Ok((Replayable::Replayed(answer), None));
                }
                if command.parent.is_none() {
                    let key = state.profile.name_key();
                    // Only super_admins create roots, so this reveals no tenant to another.
                    let organizations = unit.reads().organizations();
                    if let Some(other) = organizations.root_like(&key, id).await? {
                        return Err(looks_like(other));
                    }
                }
                let made = unit.organizations().add(grant, id, state).await?;
                let event = AuditEvent {
                    entity_id: Some(made.id.0),
                    organization: Some(made.id),
                    new_values: Some(json!(OrganizationState::from(&made))),
                    ..AuditEvent::new("organization.created", "organization", AuditAction::Create)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                let mut invited = None;
                if let Some(admin) = admin {
                    let assignment = actor.invite_first_admin(made.id, made.parent);
                    let assignment = assignment.map_err(refused)?;
                    let invitations = Invitations {
                        ports: self.ports.clone(),
                    };
                    let name = &made.profile.name;
                    invited = Some(
                        invitations
                            .add_within(
                                &*unit,
                                caller,
                                assignment,
                                admin.clone(),
                                name,
                                mail_permit,
                            )
                            .await?,
                    );
                }
                Idempotency::store(idempotency, &*unit, actor, &made).await?;
                Ok((Replayable::Fresh(made), invited))
            })
            .await?;
        if let Some(invited) = invited {
            self.ports.mail.post(invited.mail);
        }
        Ok(done)
    }
}

/// Checks the command: returns every fault, or the state and the administrator's address.
fn check(command: &CreateOrganization) -> Result<(OrganizationState, Option<Email>), Error> {
    let admin = command.admin_email.as_deref();
    let admin = admin.map(|email| Email::parse("/admin_email", email));
    let settings = command.settings;
    let seats = check_seats(settings.max_users.flatten());
    match (command.draft.check(), admin.transpose(), seats) {
        (Ok(profile), Ok(admin), Ok(max_users)) => {
            let state = OrganizationState {
                profile,
                parent_id: command.parent,
                is_active: settings.is_active.unwrap_or(true),
                hide_system_data: settings.hide_system_data.unwrap_or_default(),
                require_second_factor: settings.require_second_factor.unwrap_or_default(),
                second_factor_approval: settings.second_factor_approval.unwrap_or_default(),
                max_users,
                join_policy: settings.join_policy.unwrap_or_default(),
            };
            Ok((state, admin))
        }
        (profile, admin, seats) => {
            let mut faults = profile.err().unwrap_or_default();
            faults.extend(admin.err());
            faults.extend(seats.err());
            Err(Error::Invalid(faults))
        }
    }
}
