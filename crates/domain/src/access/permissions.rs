//! The permissions of a user, computed in advance: for menus, and for readers who ask why.
//!
//! This is not a second list of rules. Every permission is the answer of the policy for a
//! row, an organization or a user of that kind; what this module does not ask is decided
//! only where the operation is performed.

use super::{Actor, DashboardScope, JoinTarget, OrganizationChange, Reading, Subject};
use crate::{
    id::{OrganizationId, UserId},
    organization::JoinPolicy,
    owner::{AccessLevel, Owner},
    user::Role,
};

/// Something that a user may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The kind of object: `company`, `organization`, `user` and so on.
    pub resource: &'static str,
    /// The operation: `read`, `create` and so on.
    pub action: &'static str,
    /// The access level of the rows, if the permission is about rows.
    pub level: Option<AccessLevel>,
    /// The roles of the users, if the permission is about users.
    pub roles: Vec<Role>,
    /// The organizations, if the permission is about organizations, in addition to
    /// `every_organization`.
    pub organizations: Vec<OrganizationId>,
    /// Whether the permission covers every organization (that of a super_admin).
    pub every_organization: bool,
    /// Whether the permission covers only rows that the actor made themselves.
    pub own_only: bool,
}

type OfRow = fn(&Actor, Owner, UserId) -> bool;
type OfPlace = fn(&Actor, OrganizationId) -> bool;
type OfUsers = fn(&Actor, Role, OrganizationId) -> bool;
type OfAnything = fn(&Actor) -> bool;

/// Permissions for rows: an owner and a creator.
const ROWS: [(&str, &str, OfRow); 26] = [
    ("company", "read", |actor, owner, _| reads(actor, owner)),
    ("company", "create", |actor, owner, _| creates(actor, owner)),
    ("company", "update", writes),
    ("company", "delete", writes),
    ("company", "raise", |actor, owner, _| raises(actor, owner)),
    ("prediction", "read", |actor, owner, _| reads(actor, owner)),
    ("prediction", "create", |actor, owner, _| {
        creates(actor, owner)
    }),
    ("prediction", "update", writes),
    ("prediction", "delete", writes),
    ("prediction", "raise", |actor, owner, _| {
        raises(actor, owner)
    }),
    ("outcome", "read", |actor, owner, _| reads(actor, owner)),
    ("outcome", "create", |actor, owner, _| creates(actor, owner)),
    ("outcome", "withdraw", writes),
    ("outcome_coverage", "set", |actor, owner, _| {
        actor
            .set_coverage(Some(owner.level()), owner.organization())
            .is_ok()
    }),
    ("validation", "read", |actor, owner, _| reads(actor, owner)),
    ("validation", "create", |actor, owner, _| {
        actor
            .validate(Some(owner.level()), owner.organization())
            .is_ok()
    }),
    ("rating_scale", "read", |actor, owner, _| {
        reads(actor, owner)
    }),
    ("rating_scale", "create", |actor, owner, _| {
        actor
            .create_scale(Some(owner.level()), owner.organization())
            .is_ok()
    }),
    ("default_definition", "read", |actor, owner, _| {
        reads(actor, owner)
    }),
    ("default_definition", "create", |actor, owner, _| {
        actor
            .create_definition(Some(owner.level()), owner.organization())
            .is_ok()
    }),
    ("default_definition", "retire", |actor, owner, _| {
        actor.retire_definition(owner).is_ok()
    }),
    ("bulk_upload", "read", |actor, owner, _| reads(actor, owner)),
    ("bulk_upload", "create", |actor, owner, _| {
        actor
            .upload(Some(owner.level()), owner.organization())
            .is_ok()
    }),
    ("bulk_upload", "control", |actor, owner, creator| {
        actor.control_upload(owner, creator).is_ok()
    }),
    ("rescoring", "create", |actor, owner, _| {
        actor
            .upload(Some(owner.level()), owner.organization())
            .is_ok()
    }),
    ("dashboard", "read", |actor, owner, _| {
        let scope = match owner.level() {
            AccessLevel::Personal => DashboardScope::Personal,
            AccessLevel::Organization => DashboardScope::Organization,
            AccessLevel::System => DashboardScope::System,
        };
        actor.dashboard(scope, owner.organization(), &[]).is_ok()
    }),
];

/// Permissions for organizations.
const PLACES: [(&str, &str, OfPlace); 16] = [
    ("organization", "read", |actor, id| {
        actor.read_organization(id).is_ok()
    }),
    ("organization", "change_profile", |actor, id| {
        changes(actor, id, OrganizationChange::Profile)
    }),
    ("organization", "change_join_token", |actor, id| {
        changes(actor, id, OrganizationChange::JoinToken)
    }),
    ("organization", "change_allowed_emails", |actor, id| {
        changes(actor, id, OrganizationChange::AllowedEmails)
    }),
    ("organization", "change_is_active", |actor, id| {
        changes(actor, id, OrganizationChange::IsActive)
    }),
    ("organization", "change_max_users", |actor, id| {
        changes(actor, id, OrganizationChange::MaxUsers)
    }),
    (
        "organization",
        "change_require_second_factor",
        |actor, id| changes(actor, id, OrganizationChange::RequireSecondFactor),
    ),
    (
        "organization",
        "change_second_factor_approval",
        |actor, id| changes(actor, id, OrganizationChange::SecondFactorApproval),
    ),
    ("second_factor", "approve", |actor, id| {
        actor.approvals(id).is_ok()
    }),
    ("organization", "change_hide_system_data", |actor, id| {
        changes(actor, id, OrganizationChange::HideSystemData)
    }),
    ("organization", "set_parent", |actor, id| {
        changes(actor, id, OrganizationChange::Parent)
    }),
    ("organization", "delete", |actor, id| {
        actor.delete_organization(id).is_ok()
    }),
    ("organization", "create_child", |actor, id| {
        actor.create_organization(Some(id)).is_ok()
    }),
    ("tenant_dashboard", "read", |actor, id| {
        actor
            .dashboard(DashboardScope::Tenant, Some(id), &[])
            .is_ok()
    }),
    ("audit_log", "read", |actor, id| {
        actor.audit_log(Some(id)).is_ok()
    }),
    ("directory", "read", |actor, id| {
        actor.directory(Some(id)).is_ok()
    }),
];

/// Permissions for users of a role in an organization.
const USERS: [(&str, &str, OfUsers); 4] = [
    ("invitation", "create", |actor, role, id| {
        actor.invite(role, Some(id)).is_ok()
    }),
    ("user", "read", |actor, role, id| {
        actor.read_user(&Subject::stand_in(role, id)).is_ok()
    }),
    ("user", "administer", |actor, role, id| {
        actor.administer_user(&Subject::stand_in(role, id)).is_ok()
    }),
    // The role that a member gets.
    ("user", "set_role", |actor, role, id| {
        let member = Subject::stand_in(Role::OrgMember, id);
        actor.set_role(&member, role, Some(id)).is_ok()
    }),
];

/// Permissions for none of these.
const ANYTHING: [(&str, &str, OfAnything); 6] = [
    ("scoring", "use", |actor| actor.use_models().is_ok()),
    ("audit_log", "read_own", |actor| {
        actor.own_audit_log().is_ok()
    }),
    ("api_key", "create", |actor| {
        actor.create_key(&[], None).is_ok()
    }),
    ("organization", "create_root", |actor| {
        actor.create_organization(None).is_ok()
    }),
    ("organization", "join", |actor| {
        let open = JoinTarget {
            organization: OrganizationId(uuid::Uuid::nil()),
            policy: JoinPolicy::Token,
            is_active: true,
            is_listed: false,
        };
        actor.join_organization(Some(&open)).is_ok()
    }),
    ("installation", "operate", |actor| {
        actor.operate_installation().is_ok()
    }),
];

impl Actor {
    /// Returns all permissions of the actor, by asking the policy about each kind of
    /// object. Personal rows are the actor's own: that a super_admin may break the glass is
    /// not a permission.
    #[must_use]
    pub fn permissions(&self) -> Vec<Permission> {
        let mut all = Vec::new();
        for (resource, action, may) in ROWS {
            self.of_rows(resource, action, may, &mut all);
        }
        for (resource, action, may) in PLACES {
            self.of_places(resource, action, None, |id| may(self, id), &mut all);
        }
        for (resource, action, may) in USERS {
            self.of_users(resource, action, may, &mut all);
        }
        for (resource, action, may) in ANYTHING {
            if may(self) {
                all.push(Permission::new(resource, action));
            }
        }
        all
    }

    fn of_rows(
        &self,
        resource: &'static str,
        action: &'static str,
        may: OfRow,
        all: &mut Vec<Permission>,
    ) {
        let other = UserId(STAND_IN);
        for owner in [Owner::User(self.user()), Owner::System] {
            let alone = may(self, owner, self.user());
            let anyones = matches!(owner, Owner::User(_)) || may(self, owner, other);
            if alone {
                all.push(Permission {
                    level: Some(owner.level()),
                    own_only: !anyones,
                    ..Permission::new(resource, action)
                });
            }
        }
        let level = Some(AccessLevel::Organization);
        let anyones = |id| may(self, Owner::Organization(id), other);
        let alone = |id| may(self, Owner::Organization(id), self.user()) && !anyones(id);
        self.of_places(resource, action, level, anyones, all);
        let before = all.len();
        self.of_places(resource, action, level, alone, all);
        for own in &mut all[before..] {
            own.own_only = true;
        }
    }

    fn of_places(
        &self,
        resource: &'static str,
        action: &'static str,
        level: Option<AccessLevel>,
        may: impl Fn(OrganizationId) -> bool,
        all: &mut Vec<Permission>,
    ) {
        let mut organizations = self.organizations();
        organizations.retain(|id| may(*id));
        // A super_admin's organizations are all organizations, so one represents each.
        let every_organization = self.role() == Role::SuperAdmin && may(OrganizationId(STAND_IN));
        if every_organization || !organizations.is_empty() {
            all.push(Permission {
                level,
                organizations,
                every_organization,
                ..Permission::new(resource, action)
            });
        }
    }

    fn of_users(
        &self,
        resource: &'static str,
        action: &'static str,
        may: OfUsers,
        all: &mut Vec<Permission>,
    ) {
        let mut found: Vec<Permission> = Vec::new();
        for role in Role::ALL
            .into_iter()
            .filter(|role| role.needs_organization())
        {
            let mut lines = Vec::new();
            self.of_places(resource, action, None, |id| may(self, role, id), &mut lines);
            for mut line in lines {
                let same = found.iter_mut().find(|other| {
                    other.organizations == line.organizations
                        && other.every_organization == line.every_organization
                });
                match same {
                    Some(other) => other.roles.push(role),
                    None => {
                        line.roles.push(role);
                        found.push(line);
                    }
                }
            }
        }
        all.append(&mut found);
    }
}

/// An id that no object has.
const STAND_IN: uuid::Uuid = uuid::Uuid::max();

impl Permission {
    const fn new(resource: &'static str, action: &'static str) -> Self {
        Self {
            resource,
            action,
            level: None,
            roles: Vec::new(),
            organizations: Vec::new(),
            every_organization: false,
            own_only: false,
        }
    }

    /// Whether the permission covers this organization.
    #[must_use]
    pub fn covers(&self, organization: OrganizationId) -> bool {
        self.every_organization || self.organizations.contains(&organization)
    }
}

fn reads(actor: &Actor, owner: Owner) -> bool {
    actor.read(owner) == Ok(Reading::Open)
}

fn creates(actor: &Actor, owner: Owner) -> bool {
    actor
        .create(Some(owner.level()), owner.organization())
        .is_ok()
}

fn writes(actor: &Actor, owner: Owner, creator: UserId) -> bool {
    actor.write(owner, creator).is_ok()
}

/// Whether a personal row of the actor can become a row of this owner.
fn raises(actor: &Actor, owner: Owner) -> bool {
    let own = Owner::User(actor.user());
    owner != own
        && actor
            .widen_access(own, actor.user(), owner.level(), owner.organization())
            .is_ok()
}

fn changes(actor: &Actor, id: OrganizationId, change: OrganizationChange) -> bool {
    actor.change_organization(id, change).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Timestamp,
        organization::Membership,
        user::{Email, Profile, User},
    };

    const A: OrganizationId = OrganizationId(uuid::Uuid::from_u128(1));
    const B: OrganizationId = OrganizationId(uuid::Uuid::from_u128(2));

    /// The administrator of a tenant with a root, A and B.
    fn administrator() -> Actor {
        let root = OrganizationId(uuid::Uuid::from_u128(3));
        let user = User {
            id: UserId(uuid::Uuid::from_u128(4)),
            email: Email::parse("/email", "ana@example.com").unwrap(),
            role: Role::TenantAdmin,
            organization: Some(root),
            profile: Profile::default(),
            is_verified: true,
            is_active: true,
            last_login: None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            row_version: 1,
        };
        let home = Membership {
            organization: root,
            parent: None,
            children: vec![A, B],
            is_active: true,
            hide_system_data: false,
            require_second_factor: false,
        };
        Actor::new(&user, Some(home)).unwrap()
    }

    #[test]
    fn permission_on_own_rows_only_is_listed_as_own_only() {
        let mut found = Vec::new();
        let own = |actor: &Actor, owner: Owner, creator: UserId| {
            owner == Owner::System && creator == actor.user()
        };
        administrator().of_rows("thing", "change", own, &mut found);
        assert_eq!(found.len(), 1);
        assert!(found[0].own_only && found[0].level == Some(AccessLevel::System));
        let every = |_: &Actor, owner: Owner, _: UserId| owner == Owner::System;
        let mut found = Vec::new();
        administrator().of_rows("thing", "change", every, &mut found);
        assert!(!found[0].own_only);
    }

    #[test]
    fn only_roles_with_equal_organizations_share_a_permission_line() {
        let mut found = Vec::new();
        let rule = |_: &Actor, role: Role, id: OrganizationId| match role {
            Role::OrgMember | Role::OrgAdmin => id == A || id == B,
            _ => id == A,
        };
        administrator().of_users("user", "change", rule, &mut found);
        let lines: Vec<_> = found
            .iter()
            .map(|line| (line.roles.clone(), line.organizations.clone()))
            .collect();
        assert_eq!(
            lines,
            [
                (vec![Role::OrgMember, Role::OrgAdmin], vec![A, B]),
                (vec![Role::TenantAdmin], vec![A]),
            ]
        );
    }
}
