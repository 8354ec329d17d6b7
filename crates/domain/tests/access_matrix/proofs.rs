//! The values that the proofs return, field by field. Adapters build queries and policies
//! from these values, so each of them is compared with the fixture, in addition to whether
//! an operation is allowed.

use accunode_domain::{
    access::{Actor, Contradiction, Denial, Forbidden, Inconsistency, Scope},
    id::OrganizationId,
    organization::Membership,
    owner::{AccessLevel, Owner},
    user::Role,
};
use uuid::Uuid;

use crate::fixture::{Fixture, organization};

fn actor(name: &str) -> Actor {
    Fixture::standard().actor(name)
}

fn personal(name: &str) -> Owner {
    Owner::User(Fixture::standard().user(name).unwrap())
}

fn of(name: &str) -> Owner {
    Owner::Organization(organization(name))
}

/// An actor whose organization was changed before they signed in.
fn with_membership(name: &str, change: impl FnOnce(&mut Membership)) -> Actor {
    let fixture = Fixture::standard();
    let mut membership = actor(name).membership().unwrap().clone();
    change(&mut membership);
    Actor::new(&fixture.users[name], Some(membership)).unwrap()
}

#[test]
fn scope_has_the_owners_and_administered_organizations_of_each_role() {
    let a = vec![organization("A")];
    let tenant = vec![organization("R"), organization("A"), organization("B")];
    let rows: [(&str, Vec<Owner>, Vec<OrganizationId>); 5] = [
        ("u0", vec![personal("u0"), Owner::System], vec![]),
        ("m1", vec![personal("m1"), of("A"), Owner::System], vec![]),
        ("oA", vec![personal("oA"), of("A"), Owner::System], a),
        (
            "tR",
            vec![personal("tR"), of("R"), of("A"), of("B"), Owner::System],
            tenant,
        ),
        ("sa", vec![personal("sa"), Owner::System], vec![]),
    ];
    for (name, owners, administers) in rows {
        let actor = actor(name);
        let scope = actor.scope();
        assert_eq!(scope.user(), Some(actor.user()), "{name}");
        assert_eq!(scope.owners(), owners, "{name}");
        assert_eq!(scope.administers(), administers, "{name}");
        assert_eq!(scope.super_admin(), name == "sa");
        assert_eq!(scope.every_organization(), name == "sa");
        assert_eq!(scope.break_glass(), None);
    }
}

#[test]
fn empty_scope_reads_nothing() {
    let none = Scope::none();
    assert_eq!((none.user(), none.owners()), (None, &[][..]));
    assert_eq!(none.administers(), &[]);
    assert!(!none.every_organization() && !none.super_admin());
    assert_eq!(none.break_glass(), None);
    for owner in [Owner::System, of("A"), personal("u0")] {
        assert!(!none.contains(owner), "{owner:?}");
    }
}

#[test]
fn super_admin_scope_has_every_organization_but_no_other_user() {
    let scope = actor("sa").scope();
    assert!(scope.contains(of("A")) && scope.contains(of("an unknown one")));
    assert!(!scope.contains(personal("m1")));
    let glass = Uuid::from_u128(5);
    let broken = actor("sa").scope_with_break_glass(glass).unwrap();
    assert_eq!(broken.break_glass(), Some(glass));
    assert_eq!(broken.owners(), scope.owners());
    let level = |level| actor("sa").narrowed(Some(level), None).unwrap();
    assert!(level(AccessLevel::Organization).every_organization());
    for narrow in [AccessLevel::Personal, AccessLevel::System] {
        assert!(!level(narrow).every_organization(), "{narrow}");
    }
}

#[test]
fn grant_has_the_owner_and_the_writer_of_the_row() {
    let m1 = actor("m1");
    let grant = m1.create(Some(AccessLevel::Organization), None).unwrap();
    assert_eq!((grant.owner(), grant.by()), (of("A"), m1.user()));
    let sa = actor("sa");
    let written = sa.write(of("A"), m1.user()).unwrap();
    assert_eq!((written.owner(), written.by()), (of("A"), sa.user()));
}

#[test]
fn actor_exposes_its_role_organization_and_membership() {
    let m1 = actor("m1");
    assert_eq!(m1.email().as_str(), "m1@example.com");
    assert_eq!(m1.role(), Role::OrgMember);
    assert_eq!(m1.organization(), Some(organization("A")));
    assert_eq!(
        m1.membership(),
        Fixture::standard().membership("A").as_ref()
    );
    assert!(!m1.is_key() && !m1.hides_system_data());
    let user = actor("u0");
    assert_eq!((user.organization(), user.membership()), (None, None));
    assert_eq!(user.organizations(), []);
    assert!(!user.sees_organization(organization("A")));
    let hiding = with_membership("m1", |m| m.hide_system_data = true);
    assert!(hiding.hides_system_data());
}

#[test]
fn administrators_administer_their_organizations_and_members_none() {
    let administers = |name: &str, of: &str| actor(name).administers(organization(of));
    assert!(administers("oA", "A") && !administers("oA", "B"));
    assert!(administers("tR", "B") && !administers("tR", "Z"));
    assert!(administers("sa", "Z"));
    assert!(!administers("m1", "A") && !administers("u0", "A"));
}

#[test]
fn membership_of_another_organization_is_ignored() {
    let fixture = Fixture::standard();
    let foreign = fixture.membership("B");
    let m1 = Actor::new(&fixture.users["m1"], foreign).unwrap();
    assert_eq!((m1.role(), m1.organization()), (Role::User, None));
}

#[test]
fn second_factor_is_required_where_the_organization_requires_it() {
    let demanded = Err(Denial::Forbidden(Forbidden::SecondFactorRequired));
    let asked = with_membership("m1", |m| m.require_second_factor = true);
    assert_eq!(asked.require_second_factor(false), demanded);
    assert_eq!(asked.require_second_factor(true), Ok(()));
    // A key depends on what its owner may do.
    let key = asked.limited_to(&[], None).unwrap();
    assert_eq!(key.require_second_factor(false), demanded);
    assert_eq!(key.require_second_factor(true), Ok(()));
    for name in ["m1", "u0", "sa"] {
        assert_eq!(actor(name).require_second_factor(false), Ok(()), "{name}");
    }
}

#[test]
fn only_members_of_an_inactive_organization_are_blocked() {
    let inactive = with_membership("m1", |m| m.is_active = false);
    let stopped = Err(Denial::Forbidden(Forbidden::OrganizationInactive));
    assert_eq!(inactive.require_active_organization(), stopped);
    assert_eq!(inactive.use_models(), stopped);
    for name in ["m1", "u0", "sa"] {
        assert_eq!(actor(name).require_active_organization(), Ok(()), "{name}");
        assert_eq!(actor(name).use_models(), Ok(()), "{name}");
    }
}

#[test]
fn key_binds_only_to_its_owners_organizations_and_keeps_their_rules() {
    for (name, place) in [("m1", "B"), ("oA", "R"), ("tR", "Z"), ("u0", "A")] {
        let bound = actor(name).limited_to(&[], Some(organization(place)));
        let outside = Err(Denial::Forbidden(Forbidden::OutsideScope));
        assert_eq!(bound.map(|_| ()), outside, "{name} in {place}");
    }
    let inactive = with_membership("m1", |m| {
        m.is_active = false;
        m.hide_system_data = true;
        m.require_second_factor = true;
    });
    let key = inactive.limited_to(&[], Some(organization("A"))).unwrap();
    let membership = key.membership().unwrap();
    assert_eq!(membership.organization, organization("A"));
    assert_eq!(membership.parent, Some(organization("R")));
    assert_eq!(membership.children, []);
    assert!(!membership.is_active && membership.hide_system_data);
    assert!(membership.require_second_factor);

    let in_child = actor("tR")
        .limited_to(&[], Some(organization("A")))
        .unwrap();
    let membership = in_child.membership().unwrap();
    assert_eq!(membership.parent, Some(organization("R")));
    assert!(membership.is_active && !membership.require_second_factor);
    let everywhere = actor("sa")
        .limited_to(&[], Some(organization("A")))
        .unwrap();
    assert_eq!(everywhere.membership().unwrap().parent, None);
    assert!(everywhere.membership().unwrap().is_active);
}

#[test]
fn renewed_key_keeps_its_restrictions() {
    let fixture = Fixture::standard();
    let user = &fixture.users["tR"];
    let home = fixture.membership("R");
    let renewed = |actor: &Actor| actor.renewed(user, home.clone()).unwrap();
    let personal = actor("tR");
    assert_eq!(renewed(&personal), personal);
    let free = actor("tR").limited_to(&[], None).unwrap();
    assert_eq!(renewed(&free), free);
    let bound = actor("tR")
        .limited_to(&[], Some(organization("A")))
        .unwrap();
    assert_eq!(renewed(&bound), bound);
    assert_eq!(bound.organization(), Some(organization("A")));
}

#[test]
fn audit_scope_has_the_user_and_organizations_of_each_role() {
    let own = |name: &str| Fixture::standard().user(name);
    let log = |name: &str| actor(name).audit_log(None).unwrap();
    for name in ["u0", "m1", "oA", "tR", "sa"] {
        assert_eq!(log(name).own(), own(name), "{name}");
        assert_eq!(log(name).everything(), name == "sa");
        let only_own = actor(name).own_audit_log().unwrap();
        assert_eq!(
            (only_own.own(), only_own.organizations()),
            (own(name), &[][..])
        );
        assert!(!only_own.everything(), "{name}");
        assert!(
            !only_own.contains(own("mB"), Some(organization("A"))),
            "{name}"
        );
    }
    assert_eq!(log("m1").organizations(), []);
    assert_eq!(log("oA").organizations(), [organization("A")]);
    assert_eq!(log("tR").organizations().len(), 3);

    let named = actor("sa").audit_log(Some(organization("A"))).unwrap();
    assert_eq!(
        (named.own(), named.organizations()),
        (None, &[organization("A")][..])
    );
    assert!(!named.everything());
    assert!(named.contains(own("m1"), Some(organization("A"))));
    assert!(!named.contains(own("sa"), None));
    // An event without a user is not an own event of any user.
    assert!(!log("m1").contains(None, None));
    assert!(log("sa").contains(None, None));
}

#[test]
fn directory_and_organization_list_have_the_scope_of_each_role() {
    let directory = |name: &str, of| actor(name).directory(of).unwrap();
    assert_eq!(directory("m1", None).organizations(), [organization("A")]);
    for (name, full) in [("m1", false), ("oA", true), ("tR", true), ("sa", true)] {
        let all = directory(name, None);
        assert_eq!((all.full(), all.everyone()), (full, name == "sa"), "{name}");
    }
    let one = directory("sa", Some(organization("A")));
    assert_eq!(one.organizations(), [organization("A")]);
    assert!(!one.everyone());

    let list = |name: &str| actor(name).list_organizations(None).unwrap();
    assert_eq!(list("m1").ids(), [organization("A")]);
    assert!(list("m1").contains(organization("A")));
    assert!(!list("m1").contains(organization("B")) && !list("m1").every());
    assert!(list("sa").every() && list("sa").contains(organization("Z")));
}

#[test]
fn assignment_has_the_role_and_organization() {
    let a = Some(organization("A"));
    let invited = actor("oA").invite(Role::OrgMember, None).unwrap();
    assert_eq!(
        (invited.role(), invited.organization()),
        (Role::OrgMember, a)
    );
    let m1 = Fixture::standard().subject("m1").unwrap();
    let left = actor("m1").set_role(&m1, Role::User, None).unwrap();
    assert_eq!((left.role(), left.organization()), (Role::User, None));
    assert_eq!(invited.fits(Some(organization("R"))), Ok(()));
    let first = actor("sa")
        .invite_first_admin(organization("Z"), None)
        .unwrap();
    assert_eq!(first.role(), Role::TenantAdmin);
    assert_eq!(first.fits(None), Ok(()));
    assert_eq!(
        first.fits(Some(organization("R"))),
        Err(Denial::Unprocessable(Inconsistency::NotARoot))
    );
}

#[test]
fn subject_has_the_effective_role_of_its_user() {
    let fixture = Fixture::standard();
    let m1 = fixture.subject("m1").unwrap();
    assert_eq!(Some(m1.id()), fixture.user("m1"));
    assert_eq!(
        (m1.role(), m1.organization()),
        (Role::OrgMember, Some(organization("A")))
    );
    let u0 = fixture.subject("u0").unwrap();
    assert_eq!((u0.role(), u0.organization()), (Role::User, None));
}

#[test]
fn denial_codes_are_stable() {
    assert_eq!(Denial::NotFound.code(), "not_found");
    assert_eq!(
        Denial::Forbidden(Forbidden::RoleForbidden).code(),
        "role_forbidden"
    );
    assert_eq!(
        Denial::Conflict(Contradiction::LevelChange).code(),
        "level_change"
    );
    assert_eq!(
        Denial::Unprocessable(Inconsistency::NotARoot).code(),
        "not_a_root"
    );
}
