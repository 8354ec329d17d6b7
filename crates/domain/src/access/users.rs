//! Users: who may see whom, and who may change what.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use super::{
    Actor, Contradiction, Denial, Forbidden, Inconsistency, KeyScope, RoleGrant, UserGrant,
    UserRemoval, actor::effective_role,
};
use crate::{
    fault::text_enum,
    id::{OrganizationId, UserId},
    invitation::Invitation,
    user::{Role, User},
};

/// The user that an [`Actor`] wants to read or change, as the rules see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    id: UserId,
    role: Role,
    organization: Option<OrganizationId>,
}

impl Subject {
    /// Creates the subject from a stored user and the parent of their organization, if any. Their
    /// effective role counts, as it does for an [`Actor`]; whether they are active does not.
    #[must_use]
    pub fn new(user: &User, parent: Option<OrganizationId>) -> Self {
        let role = effective_role(user.role, user.organization.map(|_| parent));
        Self {
            id: user.id,
            role,
            organization: user.organization.filter(|_| role.needs_organization()),
        }
    }

    /// Returns a placeholder for a user with this role in this organization.
    pub(super) const fn stand_in(role: Role, organization: OrganizationId) -> Self {
        Self {
            id: UserId(uuid::Uuid::max()),
            role,
            organization: Some(organization),
        }
    }

    /// The user's id.
    #[must_use]
    pub const fn id(&self) -> UserId {
        self.id
    }

    /// The effective role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The organization of the user, if they have one.
    #[must_use]
    pub const fn organization(&self) -> Option<OrganizationId> {
        self.organization
    }
}

/// How a user is removed.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Removal {
    /// The user leaves their organization and gets the role `user`.
    RemoveFromOrg,
    /// The user's account is closed and everything that identifies them is removed; their rows
    /// stay.
    Anonymize,
}

text_enum!(Removal);

/// The users that a user may list, and how much of them is shown. Made only by an [`Actor`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    organizations: Vec<OrganizationId>,
    everyone: bool,
    full: bool,
}

impl Directory {
    /// The organizations whose members are listed, unless [`Self::everyone`] is true.
    #[must_use]
    pub fn organizations(&self) -> &[OrganizationId] {
        &self.organizations
    }

    /// Whether every user is listed, with and without an organization.
    #[must_use]
    pub const fn everyone(&self) -> bool {
        self.everyone
    }

    /// Whether users are shown in full; otherwise by id, name, e-mail address and role.
    #[must_use]
    pub const fn full(&self) -> bool {
        self.full
    }
}

/// Which second factors a user may approve or refuse: those of the members of one organization who
/// are below their rank. Made only by an [`Actor`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approvals {
    organization: OrganizationId,
    roles: Vec<Role>,
}

impl Approvals {
    /// The organization.
    #[must_use]
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// The effective roles of the members whose second factors may be decided on.
    #[must_use]
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }
}

/// A role, and the organization in which it is held (I1). Made only by an [`Actor`] who may assign
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    role: Role,
    organization: Option<OrganizationId>,
}

impl Assignment {
    /// The role.
    #[must_use]
    pub const fn role(self) -> Role {
        self.role
    }

    /// The organization; set exactly if the role needs one.
    #[must_use]
    pub const fn organization(self) -> Option<OrganizationId> {
        self.organization
    }

    /// Checks that the role fits the organization with this parent: a tenant_admin's organization
    /// is a root.
    ///
    /// # Errors
    /// `Inconsistency::NotARoot`.
    pub fn fits(self, parent: Option<OrganizationId>) -> Result<(), Denial> {
        if self.role == Role::TenantAdmin && parent.is_some() {
            Err(Denial::Unprocessable(Inconsistency::NotARoot))
        } else {
            Ok(())
        }
    }
}

impl Actor {
    /// Returns the users that the actor may list: the members of S(u), or of the one organization
    /// that a filter names.
    ///
    /// # Errors
    /// `Forbidden`: `role_forbidden` for a user, `outside_scope`.
    pub fn directory(&self, organization: Option<OrganizationId>) -> Result<Directory, Denial> {
        self.require_key_scope(KeyScope::Admin)?;
        if self.role() == Role::User {
            return Err(Denial::Forbidden(Forbidden::RoleForbidden));
        }
        if let Some(organization) = organization {
            self.names_organization(organization)?;
        }
        Ok(Directory {
            organizations: organization.map_or_else(|| self.organizations(), |id| vec![id]),
            everyone: organization.is_none() && self.role() == Role::SuperAdmin,
            full: self.role() >= Role::OrgAdmin,
        })
    }

    /// Checks that the actor may see a user in full: themselves, or as an administrator of the
    /// user's organization.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden::RoleForbidden` for other members of the organization.
    pub fn read_user(&self, subject: &Subject) -> Result<(), Denial> {
        self.find_user(subject)?;
        if subject.id == self.user() {
            return Ok(());
        }
        self.require_key_scope(KeyScope::Admin)?;
        if self.role() >= Role::OrgAdmin {
            Ok(())
        } else {
            Err(Denial::Forbidden(Forbidden::RoleForbidden))
        }
    }

    /// Returns proof that the actor may change a user's names and telephone number: their own, or
    /// those of a user below their rank.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`: `key_forbidden` for an API key, `rank_too_low`.
    pub fn edit_user(&self, subject: &Subject) -> Result<UserGrant, Denial> {
        self.find_user(subject)?;
        self.require_user()?;
        if subject.id == self.user() || self.outranks(subject) {
            Ok(UserGrant {
                user: subject.id,
                administers: false,
                by: self.user(),
            })
        } else {
            Err(Denial::Forbidden(Forbidden::RankTooLow))
        }
    }

    /// Returns proof that the actor may deactivate or reactivate a user, have their password
    /// reset, and see and end their sessions: as an administrator of the user's organization with
    /// a higher rank, or as super_admin; never for themselves.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`: `key_forbidden` for an API key, `rank_too_low`.
    pub fn administer_user(&self, subject: &Subject) -> Result<UserGrant, Denial> {
        self.find_user(subject)?;
        self.require_user()?;
        if subject.id != self.user() && self.outranks(subject) {
            Ok(UserGrant {
                user: subject.id,
                administers: true,
                by: self.user(),
            })
        } else {
            Err(Denial::Forbidden(Forbidden::RankTooLow))
        }
    }

    /// Returns which second factors in an organization this actor may approve or refuse.
    /// [`Self::administer_user`] checks each decision.
    ///
    /// # Errors
    /// `NotFound` if the organization is not in S(u); `Forbidden`: `key_forbidden` for an API key,
    /// `role_forbidden` for its other members.
    pub fn approvals(&self, organization: OrganizationId) -> Result<Approvals, Denial> {
        if !self.sees_organization(organization) {
            return Err(Denial::NotFound);
        }
        self.require_user()?;
        if !self.administers(organization) {
            return Err(Denial::Forbidden(Forbidden::RoleForbidden));
        }
        let roles = Role::ALL.into_iter();
        Ok(Approvals {
            organization,
            roles: roles.filter(|role| *role < self.role()).collect(),
        })
    }

    /// Returns proof that the actor may assign a role: to a user below their rank a role below
    /// their rank; to themselves only `user`, to leave. Without an organization it is the
    /// subject's own.
    ///
    /// # Errors
    /// In this order: `NotFound`; `Forbidden`: `rank_too_low`,
    /// `role_not_assignable`, `outside_scope`; `Unprocessable`:
    /// `organization_mismatch`, `organization_required` (I1).
    pub fn set_role(
        &self,
        subject: &Subject,
        role: Role,
        organization: Option<OrganizationId>,
    ) -> Result<RoleGrant, Denial> {
        self.find_user(subject)?;
        let default = if subject.id == self.user() {
            self.require_user()?;
            if role != Role::User {
                return Err(Denial::Forbidden(Forbidden::RoleNotAssignable));
            }
            None
        } else {
            self.administer_user(subject)?;
            self.require_assignable(role)?;
            subject.organization
        };
        Ok(RoleGrant {
            user: subject.id,
            assignment: self.assignment(role, organization, default)?,
        })
    }

    /// Returns proof that the actor may invite a user to this role. Without an organization it is
    /// the actor's own.
    ///
    /// # Errors
    /// In this order: `Forbidden`: `key_forbidden`, `role_forbidden` if the actor administers no
    /// organization, `role_not_assignable`, `outside_scope`;
    /// `Unprocessable` as in [`Self::set_role`].
    pub fn invite(
        &self,
        role: Role,
        organization: Option<OrganizationId>,
    ) -> Result<Assignment, Denial> {
        self.require_user()?;
        if self.role() < Role::OrgAdmin {
            return Err(Denial::Forbidden(Forbidden::RoleForbidden));
        }
        self.require_assignable(role)?;
        self.assignment(role, organization, self.organization())
    }

    /// Returns proof that the actor may invite the first administrator of an organization that
    /// they create under `parent`: tenant_admin of a root, org_admin of a child. The new
    /// organization is not yet in any S(u), so [`Self::invite`] would refuse.
    ///
    /// # Errors
    /// `Forbidden::KeyForbidden` for an API key; those of
    /// [`Self::create_organization`].
    pub fn invite_first_admin(
        &self,
        organization: OrganizationId,
        parent: Option<OrganizationId>,
    ) -> Result<Assignment, Denial> {
        self.require_user()?;
        self.create_organization(parent)?;
        Ok(Assignment {
            role: if parent.is_some() {
                Role::OrgAdmin
            } else {
                Role::TenantAdmin
            },
            organization: Some(organization),
        })
    }

    /// Returns proof that the actor, a user with the role `user`, may accept an invitation to
    /// their own address.
    ///
    /// # Errors
    /// In this order: `Forbidden`: `key_forbidden`, `other_account`;
    /// `Contradiction::AlreadyMember`; `Forbidden::RoleForbidden` for a super_admin.
    pub fn accept_invitation(&self, invitation: &Invitation) -> Result<RoleGrant, Denial> {
        self.require_user()?;
        if *self.email() != invitation.email {
            return Err(Denial::Forbidden(Forbidden::OtherAccount));
        }
        match self.role() {
            Role::User => Ok(RoleGrant {
                user: self.user(),
                assignment: Assignment {
                    role: invitation.role,
                    organization: Some(invitation.organization),
                },
            }),
            Role::SuperAdmin => Err(Denial::Forbidden(Forbidden::RoleForbidden)),
            _ => Err(Denial::Conflict(Contradiction::AlreadyMember)),
        }
    }

    /// Returns proof that the actor may remove a user: from their organization if the actor may
    /// assign them the role `user`, themselves included; for good as tenant_admin and above, never
    /// themselves, for which there is [`Self::end_own_account`].
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`: `rank_too_low`, `role_forbidden`;
    /// `Contradiction::NotAMember` for a user without an organization.
    pub fn remove_user(&self, subject: &Subject, removal: Removal) -> Result<UserRemoval, Denial> {
        match removal {
            Removal::RemoveFromOrg => {
                self.set_role(subject, Role::User, None)?;
                if subject.organization.is_none() {
                    return Err(Denial::Conflict(Contradiction::NotAMember));
                }
            }
            Removal::Anonymize => {
                self.administer_user(subject)?;
                if self.role() < Role::TenantAdmin {
                    return Err(Denial::Forbidden(Forbidden::RoleForbidden));
                }
            }
        }
        Ok(UserRemoval {
            user: subject.id,
            removal,
        })
    }

    /// Returns proof that the actor may close their own account for good.
    ///
    /// # Errors
    /// `Forbidden::KeyForbidden` for an API key.
    pub fn end_own_account(&self) -> Result<UserRemoval, Denial> {
        self.require_user()?;
        Ok(UserRemoval {
            user: self.user(),
            removal: Removal::Anonymize,
        })
    }

    /// Checks that the actor may know that the user exists: themselves, the members of S(u), and
    /// as super_admin every user.
    fn find_user(&self, subject: &Subject) -> Result<(), Denial> {
        let known = subject.id == self.user()
            || self.role() == Role::SuperAdmin
            || subject
                .organization
                .is_some_and(|id| self.sees_organization(id));
        if known { Ok(()) } else { Err(Denial::NotFound) }
    }

    fn outranks(&self, subject: &Subject) -> bool {
        self.role() == Role::SuperAdmin
            || (subject.role < self.role()
                && subject.organization.is_some_and(|id| self.administers(id)))
    }

    fn require_assignable(&self, role: Role) -> Result<(), Denial> {
        if role < self.role() || self.role() == Role::SuperAdmin {
            Ok(())
        } else {
            Err(Denial::Forbidden(Forbidden::RoleNotAssignable))
        }
    }

    fn assignment(
        &self,
        role: Role,
        organization: Option<OrganizationId>,
        default: Option<OrganizationId>,
    ) -> Result<Assignment, Denial> {
        if let Some(organization) = organization {
            self.names_organization(organization)?;
        }
        let organization = match (role.needs_organization(), organization) {
            (false, None) => None,
            (false, Some(_)) => {
                return Err(Denial::Unprocessable(Inconsistency::OrganizationMismatch));
            }
            (true, named) => Some(
                named
                    .or(default)
                    .ok_or(Denial::Unprocessable(Inconsistency::OrganizationRequired))?,
            ),
        };
        Ok(Assignment { role, organization })
    }
}

/// Checks I7: at least one active super_admin always remains. `others` is their number without the
/// user who is demoted, deactivated or removed.
///
/// # Errors
/// `Contradiction::LastSuperAdmin`.
pub fn super_admin_remains(subject: &Subject, others: u64) -> Result<(), Denial> {
    if subject.role == Role::SuperAdmin && others == 0 {
        Err(Denial::Conflict(Contradiction::LastSuperAdmin))
    } else {
        Ok(())
    }
}
