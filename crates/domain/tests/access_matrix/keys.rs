//! API keys: the owner's role, restricted.

use accunode_domain::{
    access::{
        Actor, DashboardScope, Denial, Forbidden, KeyScope, OrganizationChange, Reading, Removal,
    },
    owner::{AccessLevel, Owner},
    user::Role,
};

use crate::fixture::{Fixture, organization};

fn key(fixture: &Fixture, name: &str, scopes: &[KeyScope], bound: Option<&str>) -> Actor {
    fixture
        .actor(name)
        .limited_to(scopes, bound.map(organization))
        .unwrap()
}

const MISSING: Denial = Denial::Forbidden(Forbidden::KeyScope);

#[test]
fn key_is_limited_by_its_scopes_and_its_owners_rights() {
    let fixture = Fixture::standard();
    let own = Owner::User(fixture.user("m1").unwrap());
    let m1 = fixture.user("m1").unwrap();
    let reader = key(&fixture, "m1", &[KeyScope::Read], None);
    assert_eq!(reader.read(own), Ok(Reading::Open));
    assert_eq!(reader.write(own, m1), Err(MISSING));
    assert_eq!(
        reader.widen_access(own, m1, AccessLevel::Organization, None),
        Err(MISSING)
    );
    assert_eq!(reader.create(None, None), Err(MISSING));
    assert_eq!(reader.upload(None, None), Err(MISSING));
    assert_eq!(reader.control_upload(own, m1), Err(MISSING));
    assert_eq!(reader.use_models(), Err(MISSING));
    assert_eq!(reader.audit_log(None), Err(MISSING));
    assert_eq!(reader.directory(None), Err(MISSING));
    let writer = key(&fixture, "m1", &[KeyScope::Write], None);
    assert!(writer.read(own).is_ok() && writer.write(own, m1).is_ok());
    let uploader = key(&fixture, "m1", &[KeyScope::Upload], None);
    assert!(uploader.upload(None, None).is_ok() && uploader.create(None, None).is_err());
    // Existence is not revealed before the scope is checked.
    let foreign = Owner::User(fixture.user("u0").unwrap());
    assert_eq!(reader.write(foreign, m1), Err(Denial::NotFound));
}

#[test]
fn key_with_score_scope_reads_no_rows() {
    let fixture = Fixture::standard();
    let sa = key(&fixture, "sa", &[KeyScope::Score], None);
    assert_eq!(sa.use_models(), Ok(()));
    let scope = sa.scope();
    assert!(scope.owners().is_empty() && !scope.every_organization() && !scope.super_admin());
    for owner in [
        Owner::System,
        Owner::Organization(organization("A")),
        Owner::User(fixture.user("m1").unwrap()),
        Owner::User(sa.user()),
    ] {
        assert_eq!(sa.read(owner), Err(Denial::NotFound));
    }
    let narrowed = sa.narrowed(None, Some(organization("A"))).unwrap();
    assert!(narrowed.owners().is_empty());
    assert!(sa.dashboard(DashboardScope::System, None, &[]).is_err());
    assert!(sa.scope_with_break_glass(uuid::Uuid::nil()).is_err());
    assert_eq!(sa.operate_installation(), Err(MISSING));
}

#[test]
fn key_bound_to_an_organization_is_at_most_org_admin() {
    let fixture = Fixture::standard();
    let a = organization("A");
    for (name, role) in [
        ("m1", Role::OrgMember),
        ("oA", Role::OrgAdmin),
        ("tR", Role::OrgAdmin),
        ("sa", Role::OrgAdmin),
    ] {
        let actor = key(&fixture, name, &KeyScope::ALL, Some("A"));
        assert_eq!(actor.role(), role, "{name}");
        assert_eq!(actor.organizations(), [a]);
        let own = Owner::User(actor.user());
        assert_eq!(actor.read(own), Err(Denial::NotFound));
        assert!(actor.create(Some(AccessLevel::Personal), None).is_err());
        assert_eq!(
            actor.create(None, None).unwrap().owner(),
            Owner::Organization(a)
        );
        assert!(actor.create(Some(AccessLevel::System), None).is_err());
        assert_eq!(actor.read(Owner::System), Ok(Reading::Open));
        assert!(actor.read(Owner::Organization(organization("B"))).is_err());
        assert!(actor.operate_installation().is_err());
        let active = actor
            .change_organization(a, OrganizationChange::IsActive)
            .map(drop);
        assert_eq!(active, Err(Denial::Forbidden(Forbidden::KeyForbidden)));
        assert!(!actor.scope().super_admin() && !actor.scope().every_organization());
    }
}

#[test]
fn key_loses_rights_with_its_organization_and_its_owners_role() {
    let moved = Fixture::given("m1_moved_to_b").unwrap().actor("m1");
    let bound = moved.limited_to(&KeyScope::ALL, Some(organization("A")));
    assert_eq!(bound, Err(Denial::Forbidden(Forbidden::OutsideScope)));
    let demoted = Fixture::given("oa_demoted").unwrap();
    let admin = key(&demoted, "oA", &KeyScope::ALL, Some("A"));
    let m1 = demoted.user("m1").unwrap();
    let row = Owner::Organization(organization("A"));
    assert_eq!(
        admin.write(row, m1),
        Err(Denial::Forbidden(Forbidden::NotWritable))
    );
}

#[test]
fn key_cannot_manage_keys_users_or_sessions() {
    let fixture = Fixture::standard();
    let sa = key(&fixture, "sa", &KeyScope::ALL, None);
    let forbidden = Err(Denial::Forbidden(Forbidden::KeyForbidden));
    assert_eq!(sa.require_user(), forbidden);
    assert_eq!(sa.create_key(&[KeyScope::Read], None).map(drop), forbidden);
    assert_eq!(
        sa.invite(Role::OrgMember, Some(organization("A")))
            .map(|_| ()),
        forbidden
    );
    assert_eq!(
        sa.end_key(&fixture.subject("m1").unwrap(), None).map(drop),
        forbidden
    );
    assert_eq!(sa.key_directory(None).map(|_| ()), forbidden);
    let itself = fixture.subject("sa").unwrap();
    assert_eq!(
        sa.set_role(&itself, Role::User, None).map(|_| ()),
        forbidden
    );
}

#[test]
fn key_cannot_change_memberships_organizations_or_join_rules() {
    let fixture = Fixture::standard();
    let a = organization("A");
    let forbidden = Err(Denial::Forbidden(Forbidden::KeyForbidden));
    let m1 = fixture.subject("m1").unwrap();
    for (name, bound) in [("sa", None), ("tR", None), ("oA", None), ("tR", Some("A"))] {
        let key = key(&fixture, name, &KeyScope::ALL, bound);
        for change in OrganizationChange::ALL {
            let got = key.change_organization(a, change).map(drop);
            assert_eq!(got, forbidden, "{name} {bound:?}: {change:?}");
        }
        assert_eq!(key.delete_organization(a).map(drop), forbidden, "{name}");
        assert_eq!(key.create_organization(None).map(drop), forbidden, "{name}");
        assert_eq!(
            key.create_organization(Some(a)).map(drop),
            forbidden,
            "{name}"
        );
        let first = key.invite_first_admin(a, None).map(|_| ());
        assert_eq!(first, forbidden, "{name}");
        assert_eq!(key.administer_user(&m1).map(drop), forbidden, "{name}");
        let role = key.set_role(&m1, Role::User, None).map(|_| ());
        assert_eq!(role, forbidden, "{name}");
        for removal in Removal::ALL {
            assert_eq!(key.remove_user(&m1, removal).map(drop), forbidden, "{name}");
        }
        assert_eq!(key.edit_user(&m1).map(drop), forbidden, "{name}");
        let itself = fixture.subject(name).unwrap();
        assert_eq!(key.edit_user(&itself).map(drop), forbidden, "{name}");
        // A key for administration can only inspect.
        assert_eq!(key.inspect_organization(a), Ok(()), "{name} {bound:?}");
        assert_eq!(key.require_key_scope(KeyScope::Admin), Ok(()));
    }
    // It can neither make rows of everyone's nor share with everyone what belonged to one
    // tenant.
    let writer = key(&fixture, "sa", &KeyScope::ALL, None);
    let (row, maker) = (Owner::Organization(a), fixture.user("m1").unwrap());
    let raised = writer.widen_access(row, maker, AccessLevel::System, None);
    assert_eq!(raised.map(|_| ()), forbidden);
    let company = Owner::System;
    let raised = writer.widen_prediction_access(row, maker, AccessLevel::System, None, company);
    assert_eq!(raised.map(|_| ()), forbidden);
    let same = writer.widen_access(Owner::System, maker, AccessLevel::System, None);
    assert!(same.is_ok());
    let system = Some(AccessLevel::System);
    assert_eq!(writer.create(system, None).map(|_| ()), forbidden);
    assert_eq!(writer.upload(system, None).map(|_| ()), forbidden);
    let predicted = writer.predict(system, None, Owner::System).map(|_| ());
    assert_eq!(predicted, forbidden);
    let own = Some(AccessLevel::Personal);
    assert!(writer.create(own, None).is_ok() && writer.upload(own, None).is_ok());
    let super_admin = fixture.actor("sa");
    let everyone = super_admin.create(system, None).map(|grant| grant.owner());
    assert_eq!(everyone, Ok(Owner::System));
    assert_eq!(
        super_admin.upload(system, None),
        super_admin.create(system, None)
    );
    let reader = key(&fixture, "sa", &[KeyScope::Read], None);
    assert_eq!(reader.inspect_organization(a), Err(MISSING));
    // Rows that the owner cannot see stay hidden.
    let elsewhere = key(&fixture, "tZ", &KeyScope::ALL, None);
    assert_eq!(
        elsewhere.administer_user(&m1).map(drop),
        Err(Denial::NotFound)
    );
    assert_eq!(elsewhere.edit_user(&m1).map(drop), Err(Denial::NotFound));
    assert_eq!(
        elsewhere.delete_organization(a).map(drop),
        Err(Denial::NotFound)
    );
    assert_eq!(elsewhere.inspect_organization(a), Err(Denial::NotFound));
    let token = elsewhere
        .change_organization(a, OrganizationChange::JoinToken)
        .map(drop);
    assert_eq!(token, Err(Denial::NotFound));
}

#[test]
fn key_cannot_exceed_the_rights_of_its_owner() {
    let fixture = Fixture::standard();
    let m1 = fixture.actor("m1");
    assert_eq!(
        m1.create_key(&[KeyScope::Write], Some(organization("A")))
            .map(drop),
        Ok(())
    );
    assert_eq!(
        m1.create_key(&[KeyScope::Admin], None),
        Err(Denial::Forbidden(Forbidden::ScopeExceedsRole))
    );
    assert_eq!(
        m1.create_key(&[KeyScope::Read], Some(organization("B"))),
        Err(Denial::Forbidden(Forbidden::OutsideScope))
    );
    // Limiting a key again never gives it more than the first limit.
    let twice = key(&fixture, "m1", &[KeyScope::Read], Some("A"))
        .limited_to(&KeyScope::ALL, None)
        .unwrap();
    assert!(twice.create(None, None).is_err());
    assert!(twice.read(Owner::User(twice.user())).is_err());
}

#[test]
fn keys_are_revoked_by_their_owners_and_administrators() {
    let fixture = Fixture::standard();
    let a = Some(organization("A"));
    let end = |who: &str, whose: &str, bound| {
        fixture
            .actor(who)
            .end_key(&fixture.subject(whose).unwrap(), bound)
            .map(drop)
    };
    let rank = Err(Denial::Forbidden(Forbidden::RankTooLow));
    for (who, whose, bound, expected) in [
        ("m1", "m1", None, Ok(())),
        ("m1", "m2", None, Err(Denial::NotFound)),
        ("oA", "m2", None, Ok(())),
        ("oA", "mB", None, Err(Denial::NotFound)),
        ("oA", "tR", None, Err(Denial::NotFound)),
        ("oA", "tR", a, rank),
        ("mB", "tR", a, Err(Denial::NotFound)),
        ("tR", "oA", None, Ok(())),
        ("tZ", "oA", None, Err(Denial::NotFound)),
        ("sa", "u0", None, Ok(())),
        ("sa", "tR", a, Ok(())),
    ] {
        assert_eq!(end(who, whose, bound), expected, "{who} ends {whose}'s");
    }
    let listed = |who: &str, named| fixture.actor(who).key_directory(named);
    let own = listed("m1", None).unwrap();
    assert_eq!(
        (own.owner(), own.organization()),
        (fixture.user("m1"), None)
    );
    let theirs = listed("oA", a).unwrap();
    assert_eq!((theirs.owner(), theirs.organization()), (None, a));
    for (who, code) in [
        ("m1", Forbidden::RoleForbidden),
        ("u0", Forbidden::RoleForbidden),
        ("tZ", Forbidden::OutsideScope),
    ] {
        assert_eq!(listed(who, a), Err(Denial::Forbidden(code)), "{who}");
    }
}
