//! Whose events an auditor may read.

use super::{Actor, Denial, Forbidden, KeyScope};
use crate::{
    id::{OrganizationId, UserId},
    user::Role,
};

/// The events that a user may read. Made only by an [`Actor`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditScope {
    own: Option<UserId>,
    organizations: Vec<OrganizationId>,
    everything: bool,
}

impl AuditScope {
    /// The user whose own events are among them.
    #[must_use]
    pub const fn own(&self) -> Option<UserId> {
        self.own
    }

    /// The organizations whose events are among them.
    #[must_use]
    pub fn organizations(&self) -> &[OrganizationId] {
        &self.organizations
    }

    /// Whether every event is (a super_admin's).
    #[must_use]
    pub const fn everything(&self) -> bool {
        self.everything
    }

    /// Whether an event by `user` in `organization` is among them.
    #[must_use]
    pub fn contains(&self, user: Option<UserId>, organization: Option<OrganizationId>) -> bool {
        self.everything
            || (user.is_some() && user == self.own)
            || organization.is_some_and(|id| self.organizations.contains(&id))
    }
}

impl Actor {
    /// The events that the actor may read: their own, and those of the organizations that
    /// they administer. One that is named narrows them to its own.
    ///
    /// # Errors
    /// For a named organization `Forbidden`: `role_forbidden` where the actor administers
    /// nothing, `outside_scope` where not this one.
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

    /// Their own events and nothing else.
    ///
    /// # Errors
    /// `Forbidden::KeyScope` for an API key that is not for the audit log.
    pub fn own_audit_log(&self) -> Result<AuditScope, Denial> {
        self.require_key_scope(KeyScope::Audit)?;
        Ok(AuditScope {
            own: Some(self.user()),
            organizations: Vec::new(),
            everything: false,
        })
    }
}
