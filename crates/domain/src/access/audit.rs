//! Which events of the audit log a user may read.

use super::{Actor, Denial, Forbidden, KeyScope};
use crate::{
    id::{OrganizationId, UserId},
    user::Role,
};

/// The events of the audit log that a user may read. Made only by an [`Actor`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditScope {
    own: Option<UserId>,
    organizations: Vec<OrganizationId>,
    everything: bool,
}

impl AuditScope {
    /// The user whose own events are included.
    #[must_use]
    pub const fn own(&self) -> Option<UserId> {
        self.own
    }

    /// The organizations whose events are included.
    #[must_use]
    pub fn organizations(&self) -> &[OrganizationId] {
        &self.organizations
    }

    /// Whether every event is included (for a super_admin).
    #[must_use]
    pub const fn everything(&self) -> bool {
        self.everything
    }

    /// Returns whether an event by `user` in `organization` is included.
    #[must_use]
    pub fn contains(&self, user: Option<UserId>, organization: Option<OrganizationId>) -> bool {
        self.everything
            || (user.is_some() && user == self.own)
            || organization.is_some_and(|id| self.organizations.contains(&id))
    }
}

impl Actor {
    /// Returns the events that the actor may read: their own, and those of the
    /// organizations that they administer. `organization` narrows the scope to the events
    /// of that organization.
    ///
    /// # Errors
    /// For a named organization `Forbidden`: `role_forbidden` if the actor administers no
    /// organization, `outside_scope` if not this one.
    pub fn audit_log(&self, organization: Option<OrganizationId>) -> Result<AuditScope, Denial> {
        self.require_key_scope(KeyScope::Audit)?;
        if let Some(organization) = organization {
            if self.role() < Role::OrgAdmin {
                return Err(Denial::Forbidden(Forbidden::RoleForbidden));
            }
            self.names_organization(organization)?;
            return Ok(AuditScope {
                own: None,
                organizations: vec![organization],
                everything: false,
            });
        }
        Ok(AuditScope {
            own: Some(self.user()),
            organizations: if self.role() >= Role::OrgAdmin {
                self.organizations()
            } else {
                Vec::new()
            },
            everything: self.role() == Role::SuperAdmin,
        })
    }

    /// Returns a scope of the actor's own events only.
    ///
    /// # Errors
    /// `Forbidden::KeyScope` for an API key without the scope for the audit log.
    pub fn own_audit_log(&self) -> Result<AuditScope, Denial> {
        self.require_key_scope(KeyScope::Audit)?;
        Ok(AuditScope {
            own: Some(self.user()),
            organizations: Vec::new(),
            everything: false,
        })
    }
}
