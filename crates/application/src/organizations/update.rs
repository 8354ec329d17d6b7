//! Changes an organization. Each field has its own access rule.

use accunode_domain::{
    access::{Actor, Denial, Forbidden, OrganizationChange, OrganizationGrant, fits_as_parent},
    audit::{AuditAction, AuditEvent},
    fault::Fault,
    id::OrganizationId,
    organization::{JoinPolicy, Organization, OrganizationDraft, Settings, SizeCategory},
    user::Role,
};
use accunode_ports::{UnitOfWork, repositories::OrganizationState};
use serde_json::json;

use super::{Organizations, looks_like, refused};
use crate::{
    Caller, ConfirmedOnly, Error, ErrorCode, overtaken::Overtaken, predictions::version_asked,
};

/// The changes to make. Fields that are not named keep their values; `Some(None)` empties a field.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the body's fields")]
pub struct UpdateOrganization {
    pub name: Option<String>,
    pub domain: Option<Option<String>>,
    pub description: Option<Option<String>>,
    pub industry: Option<Option<String>>,
    pub size_category: Option<Option<SizeCategory>>,
    /// The values that programs keep with it; they replace all former ones.
    pub values: Option<Settings>,
    /// Settings, which only a caller with a recent proof of identity can change.
    pub settings: Option<ConfirmedOnly<OrganizationSettings>>,
    /// The row version that the caller read.
    pub if_match: Option<i64>,
}

/// Changes to who belongs to an organization, what its members must prove and what they may see:
/// everything that is not a mere description.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the body's fields")]
pub struct OrganizationSettings {
    pub join_policy: Option<JoinPolicy>,
    pub is_active: Option<bool>,
    pub max_users: Option<Option<u32>>,
    pub hide_system_data: Option<bool>,
    pub require_second_factor: Option<bool>,
    pub second_factor_approval: Option<bool>,
    pub parent: Option<Option<OrganizationId>>,
}

impl UpdateOrganization {
    fn settings(&self) -> OrganizationSettings {
        self.settings
            .map_or_else(OrganizationSettings::default, |named| *named.get())
    }

    /// The fields that are named, each with the change that it makes.
    fn fields(&self) -> impl Iterator<Item = (&'static str, OrganizationChange)> {
        use OrganizationChange as Change;
        let settings = self.settings();
        [
            ("name", self.name.is_some(), Change::Profile),
            ("domain", self.domain.is_some(), Change::Profile),
            ("description", self.description.is_some(), Change::Profile),
            ("industry", self.industry.is_some(), Change::Profile),
            (
                "size_category",
                self.size_category.is_some(),
                Change::Profile,
            ),
            ("settings", self.values.is_some(), Change::Profile),
            (
                "join_policy",
                settings.join_policy.is_some(),
                Change::JoinToken,
            ),
            ("is_active", settings.is_active.is_some(), Change::IsActive),
            ("max_users", settings.max_users.is_some(), Change::MaxUsers),
            (
                "hide_system_data",
                settings.hide_system_data.is_some(),
                Change::HideSystemData,
            ),
            (
                "require_second_factor",
                settings.require_second_factor.is_some(),
                Change::RequireSecondFactor,
            ),
            (
                "second_factor_approval",
                settings.second_factor_approval.is_some(),
                Change::SecondFactorApproval,
            ),
            ("parent_id", settings.parent.is_some(), Change::Parent),
        ]
        .into_iter()
        .filter(|(_, named, _)| *named)
        .map(|(field, _, change)| (field, change))
    }

    /// The grants for every named field, or an error that lists the fields that the actor may not
    /// change.
    fn allowed(&self, actor: &Actor, id: OrganizationId) -> Result<Vec<OrganizationGrant>, Error> {
        let (mut grants, mut forbidden) = (Vec::new(), Vec::new());
        for (field, change) in self.fields() {
            match actor.change_organization(id, change) {
                Ok(grant) => grants.push(grant),
                Err(Denial::Forbidden(Forbidden::FieldForbidden)) => forbidden.push(field),
                Err(other) => return Err(refused(other)),
            }
        }
        if forbidden.is_empty() {
            return Ok(grants);
        }
        Err(Error::Denied {
            code: ErrorCode::Forbidden(Forbidden::FieldForbidden),
            detail: format!("your role cannot change {}", forbidden.join(", ")),
        })
    }
}

impl Organizations {
    /// Changes an organization. The rights of its members change with their next request.
    ///
    /// # Errors
    /// `NotFound`; `field_forbidden`, with the names of the fields; `NotFound` for a parent that
    /// does not exist; `not_a_root`, `has_children`; every fault of the description; `Stale`;
    /// `domain_taken`, `name_taken`.
    #[tracing::instrument(name = "organizations.update", level = "debug", skip_all)]
    pub async fn update(
        &self,
        caller: &Caller,
        id: OrganizationId,
        command: &UpdateOrganization,
    ) -> Result<Organization, Error> {
        let mut overtaken = Overtaken::by(command.if_match);
        loop {
            let attempt = self.update_once(caller, id, command).await;
            if let Some(result) = overtaken.evaluate(attempt) {
                return result;
            }
        }
    }

    async fn update_once(
        &self,
        caller: &Caller,
        id: OrganizationId,
        command: &UpdateOrganization,
    ) -> Result<Organization, Error> {
        // Not checked by reading it: an API key with the scope `admin` need not have `read`.
        if !caller.actor.sees_organization(id) {
            return Err(Error::not_found("organization"));
        }
        command.allowed(&caller.actor, id)?;
        let stored = self.stored(id).await?;
        if let Some(Some(parent)) = command.settings().parent {
            self.check_parent(id, parent).await?;
        }
        let next = state(&stored, command)?;
        let version = version_asked(command.if_match, stored.row_version)?;

        let (next, stored) = (&next, &stored);
        let updated = self
            .ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let grants = command.allowed(&caller.renewed(&*unit).await?, id)?;
                let lookalike = self.lookalike(&*unit, caller, stored, next).await?;
                let organizations = unit.organizations();
                let updated = organizations.update(id, &grants, next, version).await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: Some(id),
                    old_values: Some(json!(OrganizationState::from(stored))),
                    new_values: Some(json!(OrganizationState::from(&updated))),
                    ..AuditEvent::new("organization.updated", "organization", AuditAction::Update)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                if let Some(other) = lookalike {
                    warn_of(&*unit, caller, id, other).await?;
                }
                Ok(updated)
            })
            .await?;
        // Cached statistics by organization contain its name.
        self.ports.invalidate_cached_stats(&[id.0]).await;
        Ok(updated)
    }

    /// Another root whose name the new name looks like. For a super_admin this is an error. For
    /// others it is not, since it would reveal one tenant to another.
    async fn lookalike(
        &self,
        unit: &dyn UnitOfWork,
        caller: &Caller,
        stored: &Organization,
        next: &OrganizationState,
    ) -> Result<Option<OrganizationId>, Error> {
        let is_renamed = next.profile.name != stored.profile.name;
        let becomes_root = stored.parent.is_some();
        if next.parent_id.is_some() || !(is_renamed || becomes_root) {
            return Ok(None);
        }
        let key = next.profile.name_key();
        let organizations = unit.reads().organizations();
        let other = organizations.root_like(&key, stored.id).await?;
        match other {
            Some(other) if caller.actor.role() == Role::SuperAdmin => Err(looks_like(other)),
            other => Ok(other),
        }
    }

    /// A tenant is one level deep. The database enforces it against concurrent changes.
    async fn check_parent(&self, id: OrganizationId, parent: OrganizationId) -> Result<(), Error> {
        let parent = self.stored(parent).await?;
        let children = self.ports.store.auth().children(id).await?;
        let is_root = parent.parent.is_none() && parent.id != id;
        fits_as_parent(is_root, !children.is_empty()).map_err(refused)
    }
}

/// Tells super_admins, and no one else, that a tenant has a name like another's: the audit event
/// has no owner and no organization.
async fn warn_of(
    unit: &dyn UnitOfWork,
    caller: &Caller,
    id: OrganizationId,
    other: OrganizationId,
) -> Result<(), Error> {
    tracing::warn!(organization = %id, looks_like = %other, "two roots have names that look alike");
    let event = AuditEvent {
        entity_id: Some(id.0),
        metadata: json!({ "looks_like": other }),
        ..AuditEvent::new(
            "organization.looks_alike",
            "organization",
            AuditAction::Update,
        )
    };
    Ok(unit.audit_log().record(&caller.context, event).await?)
}

/// The stored state with the changes applied.
fn state(stored: &Organization, command: &UpdateOrganization) -> Result<OrganizationState, Error> {
    let settings = command.settings();
    let kept = OrganizationDraft::from(stored.profile.clone());
    let draft = OrganizationDraft {
        name: command.name.clone().unwrap_or(kept.name),
        domain: command.domain.clone().unwrap_or(kept.domain),
        description: command.description.clone().unwrap_or(kept.description),
        industry: command.industry.clone().unwrap_or(kept.industry),
        size_category: command.size_category.unwrap_or(kept.size_category),
        settings: command.values.clone().unwrap_or(kept.settings),
    };
    let profile = draft.check_change(&stored.profile);
    let seats = check_seats(settings.max_users.unwrap_or(stored.max_users));
    match (profile, seats) {
        (Ok(profile), Ok(max_users)) => Ok(OrganizationState {
            profile,
            parent_id: settings.parent.unwrap_or(stored.parent),
            is_active: settings.is_active.unwrap_or(stored.is_active),
            hide_system_data: settings.hide_system_data.unwrap_or(stored.hide_system_data),
            require_second_factor: settings
                .require_second_factor
                .unwrap_or(stored.require_second_factor),
            second_factor_approval: settings
                .second_factor_approval
                .unwrap_or(stored.second_factor_approval),
            max_users,
            join_policy: settings.join_policy.unwrap_or(stored.join_policy),
        }),
        (profile, seats) => {
            let mut faults = profile.err().unwrap_or_default();
            faults.extend(seats.err());
            Err(Error::Invalid(faults))
        }
    }
}

/// Checks the limit of members.
pub(super) fn check_seats(max_users: Option<u32>) -> Result<Option<u32>, Fault> {
    match max_users {
        Some(seats) if !(1..=MOST_USERS).contains(&seats) => Err(Fault::new(
            "/max_users",
            "out_of_range",
            format!("{seats} is not within 1 to {MOST_USERS}; null allows any number"),
        )),
        allowed => Ok(allowed),
    }
}

/// The largest limit of members that can be set.
const MOST_USERS: u32 = 1_000_000;
