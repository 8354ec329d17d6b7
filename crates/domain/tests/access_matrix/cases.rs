//! Access rules that the table does not contain.

use accunode_domain::{
    access::{
        Actor, Contradiction, DashboardScope, Denial, Forbidden, Inconsistency, JoinTarget,
        KeyScope, OrganizationChange, Reading, Removal, fits_as_parent, prediction_fits_company,
        super_admin_remains,
    },
    organization::JoinPolicy,
    owner::{AccessLevel, Owner},
    user::Role,
};

use crate::fixture::{Fixture, organization};

const OUTSIDE: Denial = Denial::Forbidden(Forbidden::OutsideScope);

fn row_of(place: &str) -> Owner {
    Owner::Organization(organization(place))
}

#[test]
fn user_who_moves_loses_organization_rows_and_keeps_personal_ones() {
    let fixture = Fixture::given("m1_moved_to_b").unwrap();
    let m1 = fixture.actor("m1");
    assert_eq!(m1.read(row_of("A")), Err(Denial::NotFound));
    assert_eq!(m1.write(row_of("A"), m1.user()), Err(Denial::NotFound));
    assert!(m1.write(Owner::User(m1.user()), m1.user()).is_ok());
    assert_eq!(m1.read(row_of("B")), Ok(Reading::Open));
}

#[test]
fn members_of_a_deleted_organization_act_as_users() {
    let mut fixture = Fixture::given("a_deleted").unwrap();
    for name in ["m1", "m2", "oA"] {
        let actor = fixture.actor(name);
        assert_eq!(actor.role(), Role::User);
        assert_eq!(
            actor.create(None, None).unwrap().owner(),
            Owner::User(actor.user())
        );
        assert_eq!(
            actor.create(Some(AccessLevel::Organization), None),
            Err(Denial::Forbidden(Forbidden::LevelForbidden))
        );
    }
    assert!(!fixture.actor("tR").sees_organization(organization("A")));
    // Even a row that the trigger missed fails closed.
    fixture.add("m2", Role::OrgAdmin, Some("A"));
    let stale = fixture.actor("m2");
    assert_eq!((stale.role(), stale.organization()), (Role::User, None));
    assert_eq!(stale.read(row_of("A")), Err(Denial::NotFound));
}

#[test]
fn inactive_organization_blocks_its_members_but_not_tenant_admin() {
    let fixture = Fixture::given("a_inactive").unwrap();
    let inactive = Err(Denial::Forbidden(Forbidden::OrganizationInactive));
    for name in ["m1", "m2", "oA"] {
        assert_eq!(fixture.actor(name).require_active_organization(), inactive);
        assert_eq!(fixture.actor(name).use_models(), inactive);
    }
    for name in ["u0", "mB", "tR", "tZ", "sa"] {
        assert_eq!(fixture.actor(name).require_active_organization(), Ok(()));
    }
}

#[test]
fn new_child_is_in_scope_of_the_tenant_admin_only() {
    let mut fixture = Fixture::given("r_has_new_child_c").unwrap();
    fixture.add("mR", Role::OrgMember, Some("R"));
    fixture.add("oR", Role::OrgAdmin, Some("R"));
    assert!(fixture.actor("tR").scope().contains(row_of("C")));
    for name in ["mR", "oR", "oA", "mB", "tZ"] {
        assert!(!fixture.actor(name).scope().contains(row_of("C")), "{name}");
    }
}

#[test]
fn personal_rows_stay_personal_after_joining_an_organization() {
    let fixture = Fixture::given("u0_joined_a").unwrap();
    let u0 = fixture.actor("u0");
    let own = Owner::User(u0.user());
    assert_eq!(u0.read(own), Ok(Reading::Open));
    assert_eq!(fixture.actor("oA").read(own), Err(Denial::NotFound));
    let default = u0.create(None, None).unwrap();
    assert_eq!(
        default.owner(),
        row_of("A"),
        "new rows are the organization's"
    );
}

#[test]
fn demotion_and_deactivation_take_effect_immediately() {
    let fixture = Fixture::given("oa_demoted").unwrap();
    let m1 = fixture.actor("m1").user();
    assert_eq!(
        fixture.actor("oA").write(row_of("A"), m1),
        Err(Denial::Forbidden(Forbidden::NotWritable))
    );
    let fixture = Fixture::given("m1_deactivated").unwrap();
    assert_eq!(
        fixture.sign_in("m1"),
        Err(Denial::Forbidden(Forbidden::Inactive))
    );
    assert_eq!(fixture.actor("m2").read(row_of("A")), Ok(Reading::Open));
}

#[test]
fn a_tenant_admin_of_a_child_acts_as_its_org_admin() {
    let mut fixture = Fixture::standard();
    fixture.add("tA", Role::TenantAdmin, Some("A"));
    let actor = fixture.actor("tA");
    assert_eq!(actor.role(), Role::OrgAdmin);
    assert_eq!(actor.organizations(), [organization("A")]);
    let delete = actor.delete_organization(organization("A"));
    assert_eq!(delete, Err(Denial::Forbidden(Forbidden::RoleForbidden)));
    // Also as a subject: the org_admin of the same organization does not outrank them.
    let subject = fixture.subject("tA").unwrap();
    assert_eq!(subject.role(), Role::OrgAdmin);
    assert!(fixture.actor("oA").administer_user(&subject).is_err());
    assert!(fixture.actor("tR").administer_user(&subject).is_ok());
}

#[test]
fn default_level_follows_the_role_and_is_never_system() {
    let fixture = Fixture::standard();
    let default = |name: &str| fixture.actor(name).create(None, None).unwrap().owner();
    let own = |name: &str| Owner::User(fixture.user(name).unwrap());
    assert_eq!(default("u0"), own("u0"));
    assert_eq!(default("sa"), own("sa"));
    assert_eq!(default("m1"), row_of("A"));
    assert_eq!(default("oA"), row_of("A"));
    assert_eq!(default("tR"), row_of("R"));
}

#[test]
fn organization_outside_scope_is_forbidden_whether_or_not_it_exists() {
    let fixture = Fixture::standard();
    for name in ["m1", "oA", "tZ"] {
        let actor = fixture.actor(name);
        for place in ["B", "no such organization"] {
            let id = Some(organization(place));
            assert_eq!(actor.create(None, id), Err(OUTSIDE));
            assert_eq!(actor.upload(None, id), Err(OUTSIDE));
            assert_eq!(actor.narrowed(None, id), Err(OUTSIDE));
            let dashboard = actor.dashboard(DashboardScope::Organization, id, &[]);
            assert_eq!(dashboard, Err(OUTSIDE));
            assert_eq!(actor.directory(id), Err(OUTSIDE));
        }
    }
}

#[test]
fn access_checks_run_in_a_fixed_order() {
    let fixture = Fixture::standard();
    let (m1, sa) = (fixture.actor("m1"), fixture.actor("sa"));
    let other = Some(organization("Z"));
    let own = Owner::User(m1.user());
    // The level of the role is checked before the organization in the body, and that before a
    // contradiction.
    assert_eq!(
        m1.create(Some(AccessLevel::System), other),
        Err(Denial::Forbidden(Forbidden::LevelForbidden))
    );
    assert_eq!(m1.create(Some(AccessLevel::Personal), other), Err(OUTSIDE));
    assert_eq!(
        m1.create(Some(AccessLevel::Personal), Some(organization("A"))),
        Err(Denial::Unprocessable(Inconsistency::OrganizationMismatch))
    );
    assert_eq!(
        sa.create(Some(AccessLevel::Organization), None),
        Err(Denial::Unprocessable(Inconsistency::OrganizationRequired))
    );
    // The row in the path is checked before everything in the body.
    let foreign = Owner::User(fixture.user("u0").unwrap());
    assert_eq!(
        m1.widen_access(
            foreign,
            fixture.user("u0").unwrap(),
            AccessLevel::Organization,
            other
        ),
        Err(Denial::NotFound)
    );
    // The organization in the body is checked before I4, and I4 before writing.
    let raise = |actor: &Actor, owner, level, place, company| {
        actor.widen_prediction_access(owner, m1.user(), level, place, company)
    };
    let mismatch = Err(Denial::Unprocessable(Inconsistency::LevelMismatch));
    let level = AccessLevel::Organization;
    assert_eq!(raise(&m1, own, level, other, own), Err(OUTSIDE));
    assert_eq!(raise(&m1, own, level, None, own), mismatch);
    assert_eq!(
        raise(&sa, row_of("A"), AccessLevel::System, None, row_of("A")),
        mismatch
    );
    // A 422 does not reveal rows that only break-glass access shows.
    assert_eq!(
        raise(&sa, own, AccessLevel::System, None, own),
        Err(Denial::Forbidden(Forbidden::NotWritable))
    );
}

#[test]
fn row_cannot_move_to_another_organization() {
    let fixture = Fixture::standard();
    let (t, m1) = (fixture.actor("tR"), fixture.user("m1").unwrap());
    let level = AccessLevel::Organization;
    assert_eq!(
        t.widen_access(row_of("A"), m1, level, Some(organization("B"))),
        Err(Denial::Conflict(Contradiction::LevelChange))
    );
    // Naming the current level changes nothing, whatever the caller's own organization is.
    for name in ["tR", "sa", "oA", "m1"] {
        let grant = fixture
            .actor(name)
            .widen_access(row_of("A"), m1, level, None);
        assert_eq!(grant.unwrap().owner(), row_of("A"), "{name}");
    }
}

#[test]
fn prediction_fits_a_company_of_its_owner_or_the_system() {
    let fixture = Fixture::standard();
    let m1 = Owner::User(fixture.user("m1").unwrap());
    let (a, b) = (row_of("A"), row_of("B"));
    for (prediction, company, fits) in [
        (m1, m1, true),
        (m1, a, true),
        (m1, Owner::System, true),
        (a, a, true),
        (a, Owner::System, true),
        (a, b, false),
        (a, m1, false),
        (Owner::System, Owner::System, true),
        (Owner::System, a, false),
    ] {
        let answer = prediction_fits_company(prediction, company, true);
        assert_eq!(answer.is_ok(), fits, "{prediction:?} on {company:?}");
    }
    assert!(prediction_fits_company(m1, a, false).is_err());
}

#[test]
fn tenant_dashboard_counts_only_the_root_and_its_children() {
    let fixture = Fixture::standard();
    let children = fixture.children("R");
    for (name, root) in [("tR", None), ("tR", Some("R")), ("sa", Some("R"))] {
        let scope = fixture
            .actor(name)
            .dashboard(DashboardScope::Tenant, root.map(organization), &children)
            .unwrap();
        let mut owners = scope.owners().to_vec();
        owners.sort();
        let mut expected = vec![row_of("A"), row_of("B"), row_of("R")];
        expected.sort();
        assert_eq!(owners, expected);
        assert!(!scope.every_organization());
    }
    // What the caller claims about a user's tenant is ignored.
    let forged = [organization("Z")];
    let scope = fixture
        .actor("tR")
        .dashboard(DashboardScope::Tenant, None, &forged);
    assert!(!scope.unwrap().contains(row_of("Z")));
    let dashboard = |name: &str, root: Option<&str>| {
        let root = root.map(organization);
        fixture
            .actor(name)
            .dashboard(DashboardScope::Tenant, root, &[])
    };
    let unprocessable = |code| Err(Denial::Unprocessable(code));
    assert_eq!(
        dashboard("tR", Some("A")),
        unprocessable(Inconsistency::NotARoot)
    );
    assert_eq!(
        dashboard("sa", None),
        unprocessable(Inconsistency::OrganizationRequired)
    );
}

#[test]
fn break_glass_is_for_super_admins_and_one_row() {
    let fixture = Fixture::standard();
    let row = uuid::Uuid::from_u128(7);
    let scope = fixture.actor("sa").scope_with_break_glass(row).unwrap();
    assert_eq!(scope.break_glass(), Some(row));
    assert!(!scope.contains(Owner::User(fixture.user("m1").unwrap())));
    for name in ["u0", "m1", "oA", "tR"] {
        let answer = fixture.actor(name).scope_with_break_glass(row);
        assert_eq!(answer, Err(Denial::NotFound));
    }
}

#[test]
fn users_are_removed_by_rank_and_may_remove_themselves() {
    let fixture = Fixture::standard();
    let remove = |who: &str, whom: &str, how| {
        let subject = fixture.subject(whom).unwrap();
        fixture.actor(who).remove_user(&subject, how).map(drop)
    };
    let (out, gone) = (Removal::RemoveFromOrg, Removal::Anonymize);
    assert_eq!(remove("oA", "m1", out), Ok(()));
    assert_eq!(remove("m1", "m1", out), Ok(()), "they leave");
    assert_eq!(remove("tR", "tR", out), Ok(()), "they leave");
    let forbidden = |code| Err(Denial::Forbidden(code));
    assert_eq!(remove("m1", "m2", out), forbidden(Forbidden::RankTooLow));
    assert_eq!(
        remove("oA", "m1", gone),
        forbidden(Forbidden::RoleForbidden)
    );
    assert_eq!(remove("tR", "oA", gone), Ok(()));
    assert_eq!(remove("tR", "tR", gone), forbidden(Forbidden::RankTooLow));
    assert_eq!(remove("tZ", "m1", gone), Err(Denial::NotFound));
    assert_eq!(remove("sa", "u0", gone), Ok(()));
    assert_eq!(
        remove("sa", "u0", out),
        Err(Denial::Conflict(Contradiction::NotAMember))
    );
}

#[test]
fn last_super_admin_cannot_be_demoted() {
    let fixture = Fixture::standard();
    let sa = fixture.subject("sa").unwrap();
    assert!(fixture.actor("sa").set_role(&sa, Role::User, None).is_ok());
    assert_eq!(
        super_admin_remains(&sa, 0),
        Err(Denial::Conflict(Contradiction::LastSuperAdmin))
    );
    assert_eq!(super_admin_remains(&sa, 1), Ok(()));
    assert_eq!(
        super_admin_remains(&fixture.subject("oA").unwrap(), 0),
        Ok(())
    );
}

#[test]
fn role_and_organization_must_be_consistent() {
    let fixture = Fixture::standard();
    let (sa, t, m2) = (
        fixture.actor("sa"),
        fixture.actor("tR"),
        fixture.subject("m2").unwrap(),
    );
    let unprocessable = |code| Err(Denial::Unprocessable(code));
    let a = organization("A");
    assert_eq!(
        sa.set_role(&m2, Role::SuperAdmin, Some(a)).map(drop),
        unprocessable(Inconsistency::OrganizationMismatch)
    );
    assert_eq!(
        sa.invite(Role::OrgMember, None).map(drop),
        unprocessable(Inconsistency::OrganizationRequired)
    );
    let kept = t.set_role(&m2, Role::OrgAdmin, None).unwrap();
    assert_eq!(
        (kept.role(), kept.organization()),
        (Role::OrgAdmin, Some(a))
    );
    let child = sa.set_role(&m2, Role::TenantAdmin, Some(a)).unwrap();
    assert_eq!(
        child.fits(Some(organization("R"))).map_err(Denial::code),
        Err("not_a_root")
    );
    assert_eq!(child.fits(None), Ok(()));
    assert_eq!(
        t.invite(Role::OrgMember, Some(organization("Z"))),
        Err(OUTSIDE)
    );
}

#[test]
fn tenants_are_one_level_deep() {
    let fixture = Fixture::standard();
    let t = fixture.actor("tR");
    assert_eq!(
        t.create_organization(Some(organization("A"))),
        Err(Denial::Unprocessable(Inconsistency::NotARoot))
    );
    assert_eq!(fits_as_parent(true, false), Ok(()));
    assert!(fits_as_parent(true, true).is_err());
    assert!(fits_as_parent(false, false).is_err());
}

#[test]
fn first_admin_of_a_root_is_tenant_admin_and_of_a_child_org_admin() {
    let fixture = Fixture::standard();
    let (new, r) = (organization("new"), organization("R"));
    let first = |who: &str, parent| fixture.actor(who).invite_first_admin(new, parent);
    let given = |role| (role, Some(new));
    let root = first("sa", None).unwrap();
    assert_eq!((root.role(), root.organization()), given(Role::TenantAdmin));
    for who in ["sa", "tR"] {
        let child = first(who, Some(r)).unwrap();
        assert_eq!((child.role(), child.organization()), given(Role::OrgAdmin));
    }
    assert!(first("tR", None).is_err() && first("tZ", Some(r)).is_err());
    assert!(first("oA", Some(organization("A"))).is_err());
    let key = fixture
        .actor("sa")
        .limited_to(&KeyScope::ALL, None)
        .unwrap();
    assert_eq!(
        key.invite_first_admin(new, None),
        Err(Denial::Forbidden(Forbidden::KeyForbidden))
    );
}

#[test]
fn joining_depends_on_policy_activity_and_allowed_emails() {
    let fixture = Fixture::standard();
    let target = |policy, is_active, is_listed| JoinTarget {
        organization: organization("A"),
        policy,
        is_active,
        is_listed,
    };
    let join = |who: &str, target: Option<JoinTarget>| {
        fixture
            .actor(who)
            .join_organization(target.as_ref())
            .map(drop)
    };
    let open = Some(target(JoinPolicy::Token, true, false));
    assert_eq!(join("u0", open), Ok(()));
    assert_eq!(
        join("u0", Some(target(JoinPolicy::AllowedEmails, true, true))),
        Ok(())
    );
    assert_eq!(
        join("u0", Some(target(JoinPolicy::AllowedEmails, true, false))),
        Err(Denial::Forbidden(Forbidden::EmailNotAllowed))
    );
    for shut in [
        None,
        Some(target(JoinPolicy::Closed, true, true)),
        Some(target(JoinPolicy::Token, false, true)),
    ] {
        assert_eq!(join("u0", shut), Err(Denial::NotFound));
    }
    for member in ["m1", "oA", "tR"] {
        assert_eq!(
            join(member, open),
            Err(Denial::Conflict(Contradiction::AlreadyMember))
        );
    }
    assert_eq!(
        join("sa", open),
        Err(Denial::Forbidden(Forbidden::RoleForbidden))
    );
    let key = fixture
        .actor("u0")
        .limited_to(&KeyScope::ALL, None)
        .unwrap();
    assert_eq!(
        key.join_organization(open.as_ref()).map(drop),
        Err(Denial::Forbidden(Forbidden::KeyForbidden))
    );
}

#[test]
fn members_see_the_directory_and_administrators_full_users() {
    let fixture = Fixture::standard();
    let directory = |name: &str| fixture.actor(name).directory(None).unwrap();
    assert!(!directory("m1").full() && directory("oA").full());
    assert_eq!(directory("oA").organizations(), [organization("A")]);
    assert!(directory("sa").everyone() && !directory("tR").everyone());
    assert_eq!(directory("tR").organizations().len(), 3);
}

#[test]
fn audit_log_scope_is_own_events_and_administered_organizations() {
    let fixture = Fixture::standard();
    let events = |name: &str| fixture.actor(name).audit_log(None).unwrap();
    let (m1, m2) = (fixture.user("m1"), fixture.user("m2"));
    let (a, b) = (Some(organization("A")), Some(organization("B")));
    assert!(events("m1").contains(m1, a) && !events("m1").contains(m2, a));
    assert!(events("oA").contains(m2, a) && !events("oA").contains(m2, b));
    assert!(events("tR").contains(m2, b) && !events("tR").contains(None, None));
    assert!(events("sa").contains(None, None));
    assert!(!fixture.actor("sa").audit_log(a).unwrap().contains(None, b));
    assert!(!fixture.actor("oA").own_audit_log().unwrap().contains(m2, a));
}

#[test]
fn members_of_a_child_do_not_see_the_root() {
    let fixture = Fixture::standard();
    let r = organization("R");
    let oa = fixture.actor("oA");
    assert_eq!(oa.read_organization(r), Err(Denial::NotFound));
    for change in OrganizationChange::ALL {
        assert_eq!(oa.change_organization(r, change), Err(Denial::NotFound));
    }
    let listed = oa.list_organizations(None).unwrap();
    assert!(listed.contains(organization("A")) && !listed.contains(r));
    assert!(
        fixture
            .actor("sa")
            .list_organizations(None)
            .unwrap()
            .every()
    );
    assert!(fixture.actor("u0").list_organizations(None).is_err());
    assert_eq!(oa.list_organizations(Some(r)), Err(OUTSIDE));
}
