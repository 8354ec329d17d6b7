//! The listed permissions of a user are exactly what the policy allows.

use accunode_domain::{
    access::{
        Actor, DashboardScope, JoinTarget, KeyScope, OrganizationChange, Permission, Reading,
    },
    id::{OrganizationId, UserId},
    organization::JoinPolicy,
    owner::{AccessLevel, Owner},
    user::Role,
};
use proptest::{prelude::*, sample::select};

use crate::{
    fixture::{Fixture, organization},
    properties::{actors, fixtures, places, rows},
};

/// Returns whether the listed permissions cover a row.
fn is_permitted(
    all: &[Permission],
    what: (&str, &str),
    actor: &Actor,
    row: (Owner, UserId),
) -> bool {
    let (owner, creator) = row;
    all.iter().any(|line| {
        (line.resource, line.action) == what
            && line.level == Some(owner.level())
            && owner.organization().is_none_or(|id| line.covers(id))
            && (!line.own_only || creator == actor.user())
            // Personal rows are those of the caller.
            && !matches!(owner, Owner::User(id) if id != actor.user())
    })
}

/// Returns whether the listed permissions cover an organization.
fn is_permitted_in(all: &[Permission], what: (&str, &str), id: OrganizationId) -> bool {
    all.iter()
        .any(|line| (line.resource, line.action) == what && line.covers(id))
}

fn is_permitted_for_role(
    all: &[Permission],
    what: (&str, &str),
    role: Role,
    id: OrganizationId,
) -> bool {
    all.iter().any(|line| {
        (line.resource, line.action) == what && line.covers(id) && line.roles.contains(&role)
    })
}

fn is_permitted_anywhere(all: &[Permission], what: (&str, &str)) -> bool {
    all.iter().any(|line| (line.resource, line.action) == what)
}

/// Returns whether the policy allows an operation on a row, asked as the use cases ask it.
fn allows(actor: &Actor, (resource, action): (&str, &str), owner: Owner, creator: UserId) -> bool {
    let (level, place) = (Some(owner.level()), owner.organization());
    match (resource, action) {
        (_, "read") if resource != "dashboard" => actor.read(owner) == Ok(Reading::Open),
        ("company" | "prediction" | "outcome", "create") => actor.create(level, place).is_ok(),
        ("company" | "prediction", "update" | "delete") | ("outcome", "withdraw") => {
            actor.write(owner, creator).is_ok()
        }
        ("outcome_coverage", "set") => actor.set_coverage(level, place).is_ok(),
        ("validation", "create") => actor.validate(level, place).is_ok(),
        ("rating_scale", "create") => actor.create_scale(level, place).is_ok(),
        ("default_definition", "create") => actor.create_definition(level, place).is_ok(),
        ("default_definition", "retire") => actor.retire_definition(owner).is_ok(),
        ("company" | "prediction", "raise") => {
            let own = Owner::User(actor.user());
            own != owner
                && actor
                    .widen_access(own, actor.user(), owner.level(), place)
                    .is_ok()
        }
        ("bulk_upload" | "rescoring", "create") => actor.upload(level, place).is_ok(),
        ("bulk_upload", "control") => actor.control_upload(owner, creator).is_ok(),
        ("dashboard", "read") => {
            let scope: DashboardScope = owner.level().as_str().parse().unwrap();
            actor.dashboard(scope, place, &[]).is_ok()
        }
        other => panic!("{other:?} is told of rows, and no one checks it"),
    }
}

fn allows_in(actor: &Actor, (resource, action): (&str, &str), id: OrganizationId) -> bool {
    use OrganizationChange as Change;
    let change = |change| actor.change_organization(id, change).is_ok();
    match (resource, action) {
        ("organization", "read") => actor.read_organization(id).is_ok(),
        ("organization", "change_profile") => change(Change::Profile),
        ("organization", "change_join_token") => change(Change::JoinToken),
        ("organization", "change_allowed_emails") => change(Change::AllowedEmails),
        ("organization", "change_is_active") => change(Change::IsActive),
        ("organization", "change_max_users") => change(Change::MaxUsers),
        ("organization", "change_hide_system_data") => change(Change::HideSystemData),
        ("organization", "change_require_second_factor") => change(Change::RequireSecondFactor),
        ("organization", "change_second_factor_approval") => change(Change::SecondFactorApproval),
        ("second_factor", "approve") => actor.approvals(id).is_ok(),
        ("organization", "set_parent") => change(Change::Parent),
        ("organization", "delete") => actor.delete_organization(id).is_ok(),
        ("organization", "create_child") => actor.create_organization(Some(id)).is_ok(),
        ("tenant_dashboard", "read") => actor
            .dashboard(DashboardScope::Tenant, Some(id), &[])
            .is_ok(),
        ("audit_log", "read") => actor.audit_log(Some(id)).is_ok(),
        ("directory", "read") => actor.directory(Some(id)).is_ok(),
        other => panic!("{other:?} is told of organizations, and no one checks it"),
    }
}

const OF_ROWS: [(&str, &str); 26] = [
    ("company", "read"),
    ("company", "create"),
    ("company", "update"),
    ("company", "delete"),
    ("company", "raise"),
    ("prediction", "read"),
    ("prediction", "create"),
    ("prediction", "update"),
    ("prediction", "delete"),
    ("prediction", "raise"),
    ("outcome", "read"),
    ("outcome", "create"),
    ("outcome", "withdraw"),
    ("outcome_coverage", "set"),
    ("validation", "read"),
    ("validation", "create"),
    ("rating_scale", "read"),
    ("rating_scale", "create"),
    ("default_definition", "read"),
    ("default_definition", "create"),
    ("default_definition", "retire"),
    ("bulk_upload", "read"),
    ("bulk_upload", "create"),
    ("bulk_upload", "control"),
    ("rescoring", "create"),
    ("dashboard", "read"),
];

const OF_PLACES: [(&str, &str); 16] = [
    ("organization", "read"),
    ("organization", "change_profile"),
    ("organization", "change_join_token"),
    ("organization", "change_allowed_emails"),
    ("organization", "change_is_active"),
    ("organization", "change_max_users"),
    ("organization", "change_hide_system_data"),
    ("organization", "change_require_second_factor"),
    ("organization", "change_second_factor_approval"),
    ("second_factor", "approve"),
    ("organization", "set_parent"),
    ("organization", "delete"),
    ("organization", "create_child"),
    ("tenant_dashboard", "read"),
    ("audit_log", "read"),
    ("directory", "read"),
];

/// Making and raising depend on owners only, no matter who made the row; the other operations are
/// about existing rows.
fn is_about_oneself(action: &str, owner: Owner, actor: &Actor) -> bool {
    matches!(owner, Owner::User(id) if id != actor.user())
        && matches!(action, "create" | "raise" | "read" | "set")
}

fn check(fixture: &Fixture, actor: &Actor) {
    let all = actor.permissions();
    for what in OF_ROWS {
        for (owner, creator) in rows(fixture) {
            // For making and counting, "personal" means the caller's own.
            if is_about_oneself(what.1, owner, actor) {
                assert!(!is_permitted(&all, what, actor, (owner, creator)));
                continue;
            }
            assert_eq!(
                is_permitted(&all, what, actor, (owner, creator)),
                allows(actor, what, owner, creator),
                "{what:?} {owner:?} by {creator} as {actor:?}"
            );
        }
    }
    for id in places(fixture) {
        for what in OF_PLACES {
            assert_eq!(
                is_permitted_in(&all, what, id),
                allows_in(actor, what, id),
                "{what:?} {id} as {actor:?}"
            );
        }
        for role in [Role::OrgMember, Role::OrgAdmin, Role::TenantAdmin] {
            assert_eq!(
                is_permitted_for_role(&all, ("invitation", "create"), role, id),
                actor.invite(role, Some(id)).is_ok()
            );
        }
    }
    for name in fixture.users.keys() {
        let subject = fixture.subject(name).unwrap();
        let (Some(id), true) = (subject.organization(), subject.id() != actor.user()) else {
            continue;
        };
        for (action, may) in [
            ("read", actor.read_user(&subject).is_ok()),
            ("administer", actor.administer_user(&subject).is_ok()),
        ] {
            let permitted = is_permitted_for_role(&all, ("user", action), subject.role(), id);
            assert_eq!(permitted, may, "{action} {subject:?} as {actor:?}");
        }
        for role in [Role::OrgMember, Role::OrgAdmin, Role::TenantAdmin] {
            if subject.role() == Role::OrgMember {
                assert_eq!(
                    is_permitted_for_role(&all, ("user", "set_role"), role, id),
                    actor.set_role(&subject, role, Some(id)).is_ok()
                );
            }
        }
    }
    let open = JoinTarget {
        organization: organization("somewhere"),
        policy: JoinPolicy::Token,
        is_active: true,
        is_listed: false,
    };
    for (what, may) in [
        (("scoring", "use"), actor.use_models().is_ok()),
        (("audit_log", "read_own"), actor.own_audit_log().is_ok()),
        (("api_key", "create"), actor.create_key(&[], None).is_ok()),
        (
            ("organization", "create_root"),
            actor.create_organization(None).is_ok(),
        ),
        (
            ("organization", "join"),
            actor.join_organization(Some(&open)).is_ok(),
        ),
        (
            ("installation", "operate"),
            actor.operate_installation().is_ok(),
        ),
    ] {
        assert_eq!(
            is_permitted_anywhere(&all, what),
            may,
            "{what:?} as {actor:?}"
        );
    }
}

proptest! {
    #[test]
    fn listed_permissions_equal_the_policy(
        fixture in fixtures(),
        scopes in prop::collection::vec(select(&KeyScope::ALL[..]), 0..4),
    ) {
        for actor in actors(&fixture) {
            check(&fixture, &actor);
            let key = actor.clone().limited_to(&scopes, None).unwrap();
            check(&fixture, &key);
            if let Some(place) = actor.organization() {
                check(&fixture, &actor.limited_to(&scopes, Some(place)).unwrap());
            }
        }
    }
}

#[test]
fn every_listed_permission_is_checked_against_the_policy() {
    let fixture = Fixture::standard();
    let plain = [
        ("scoring", "use"),
        ("audit_log", "read_own"),
        ("api_key", "create"),
        ("organization", "create_root"),
        ("organization", "join"),
        ("installation", "operate"),
        ("invitation", "create"),
        ("user", "read"),
        ("user", "administer"),
        ("user", "set_role"),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for actor in actors(&fixture) {
        for line in actor.permissions() {
            let what = (line.resource, line.action);
            assert!(
                OF_ROWS.contains(&what) || OF_PLACES.contains(&what) || plain.contains(&what),
                "{what:?}"
            );
            seen.insert(what);
        }
    }
    assert_eq!(seen.len(), OF_ROWS.len() + OF_PLACES.len() + plain.len());
}

#[test]
fn permissions_list_own_rows_for_members_and_all_for_administrators() {
    let fixture = Fixture::standard();
    let line = |who: &str| {
        let all = fixture.actor(who).permissions();
        let level = Some(AccessLevel::Organization);
        let mut lines = all.into_iter().filter(|line| {
            (line.resource, line.action, line.level) == ("company", "update", level)
        });
        let line = lines.next().unwrap();
        assert_eq!(lines.next(), None);
        (
            line.organizations.len(),
            line.every_organization,
            line.own_only,
        )
    };
    assert_eq!(line("m1"), (1, false, true));
    assert_eq!(line("oA"), (1, false, false));
    assert_eq!(line("tR"), (3, false, false));
    assert_eq!(line("sa"), (0, true, false));
}
