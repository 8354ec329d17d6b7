//! Rules that sort several rows, or choose a default, beside the table.

use accunode_domain::{
    Timestamp,
    access::{
        CompanySharing, CompanyUse, Contradiction, Denial, Forbidden, KeyScope, OnCompany,
        RowsOnCompany, Scope,
    },
    id::{InvitationId, UserId},
    invitation::Invitation,
    owner::{AccessLevel, Owner},
    user::Role,
};

use crate::fixture::{Fixture, organization};

fn rows(what: OnCompany, owner: Owner, created_by: UserId, count: u64) -> RowsOnCompany {
    RowsOnCompany {
        what,
        owner,
        created_by,
        count,
    }
}

#[test]
fn rows_on_a_company_are_counted_by_the_actors_rights() {
    use OnCompany::{Outcomes, Predictions};
    let fixture = Fixture::standard();
    let id = |name| fixture.user(name).unwrap();
    let (m1, m2, sa) = (id("m1"), id("m2"), id("sa"));
    let a = Owner::Organization(organization("A"));
    let found = fixture.actor("m1").company_use(&[
        rows(Predictions, Owner::User(m1), m1, 2),
        rows(Predictions, a, m1, 3),
        rows(Predictions, Owner::System, sa, 17),
        rows(Outcomes, a, m2, 11),
        rows(Predictions, Owner::User(m2), m2, 7),
    ]);
    let expected = CompanyUse {
        removable: 5,
        not_writable: 17,
        outcomes: 11,
        unseen: true,
    };
    assert_eq!(found, expected);
    assert!(found.is_used() && !found.may_go());
    let own = fixture
        .actor("m1")
        .company_use(&[rows(Predictions, Owner::User(m1), m1, 2)]);
    assert!(own.is_used() && own.may_go());
    assert!(!fixture.actor("m1").company_use(&[]).is_used());
    // Break-glass opens a personal row for one read, and reveals nothing here.
    let of_admin = fixture
        .actor("sa")
        .company_use(&[rows(Predictions, Owner::User(m2), m2, 7)]);
    assert_eq!((of_admin.unseen, of_admin.removable), (true, 0));
}

#[test]
fn widening_a_company_sorts_its_rows_into_moving_and_refused() {
    use OnCompany::{Outcomes, Predictions};
    let fixture = Fixture::standard();
    let id = |name| fixture.user(name).unwrap();
    let (m1, m2) = (id("m1"), id("m2"));
    let a = organization("A");
    let actor = fixture.actor("m1");
    let raise = actor
        .widen_access(Owner::User(m1), m1, AccessLevel::Organization, Some(a))
        .unwrap();
    let found = actor.company_sharing(
        raise,
        &[
            rows(Predictions, Owner::User(m1), m1, 2),
            rows(Predictions, Owner::Organization(a), m2, 5),
            rows(Predictions, Owner::User(m2), m2, 7),
            rows(Outcomes, Owner::User(m1), m1, 11),
            rows(Outcomes, Owner::User(m2), m2, 13),
        ],
    );
    let expected = CompanySharing {
        moving: 2,
        refused: 0,
        staying: 5,
        outcomes: 11,
    };
    assert_eq!(found, expected);
    // Another member may raise none of them, and reads none of the outcomes.
    let found = fixture.actor("m2").company_sharing(
        raise,
        &[
            rows(Predictions, Owner::User(m1), m1, 2),
            rows(Outcomes, Owner::User(m1), m1, 11),
        ],
    );
    assert_eq!((found.moving, found.refused, found.outcomes), (0, 2, 0));
}

#[test]
fn monitoring_covers_the_administered_organization_or_own_predictions() {
    let fixture = Fixture::standard();
    let a = Owner::Organization(organization("A"));
    let owner = |name: &str, level| {
        let found = fixture.actor(name).monitor(level, None);
        found.map(|(_, owner)| owner)
    };
    assert_eq!(owner("oA", None), Ok(a));
    let m1 = Owner::User(fixture.user("m1").unwrap());
    assert_eq!(owner("m1", None), Ok(m1));
    assert_eq!(
        owner("m1", Some(AccessLevel::Organization)),
        Err(Denial::Forbidden(Forbidden::RoleForbidden))
    );
}

#[test]
fn figures_of_one_owner_take_an_organization_only_at_its_level() {
    let fixture = Fixture::standard();
    let actor = fixture.actor("m1");
    let a = organization("A");
    for level in [AccessLevel::Personal, AccessLevel::System] {
        let refused = actor.figures_of_one(Some(level), Some(a));
        assert!(matches!(refused, Err(Denial::Unprocessable(_))), "{level}");
    }
    let found = actor.figures_of_one(Some(AccessLevel::Personal), None);
    assert_eq!(found.unwrap().1, Owner::User(actor.user()));
}

#[test]
fn system_outcomes_count_only_where_system_rows_are_shown() {
    let mut fixture = Fixture::standard();
    assert_eq!(fixture.actor("m1").count_system_outcomes(), Ok(()));
    fixture.place("A").hide_system_data = true;
    assert_eq!(
        fixture.actor("m1").count_system_outcomes(),
        Err(Denial::Forbidden(Forbidden::OutsideScope))
    );
}

#[test]
fn admin_scope_of_a_key_needs_an_administrator() {
    let fixture = Fixture::standard();
    for name in ["oA", "tR", "sa"] {
        assert!(
            fixture
                .actor(name)
                .create_key(&[KeyScope::Admin], None)
                .is_ok(),
            "{name}"
        );
    }
    for name in ["m1", "u0"] {
        let refused = fixture.actor(name).create_key(&[KeyScope::Admin], None);
        assert_eq!(
            refused.map(|grant| grant.owner()),
            Err(Denial::Forbidden(Forbidden::ScopeExceedsRole)),
            "{name}"
        );
    }
}

#[test]
fn proofs_expose_what_they_allow() {
    let fixture = Fixture::standard();
    let m1 = fixture.subject("m1").unwrap();
    let admin = fixture.actor("oA");
    assert!(!admin.edit_user(&m1).unwrap().administers());
    assert!(admin.administer_user(&m1).unwrap().administers());

    let approvals = admin.approvals(organization("A")).unwrap();
    assert!(approvals.roles().contains(&Role::OrgMember));
    assert!(!approvals.roles().contains(&Role::OrgAdmin));

    let (actor, a) = (fixture.actor("m1"), organization("A"));
    let own = Owner::User(actor.user());
    let raise = actor
        .widen_access(own, actor.user(), AccessLevel::Organization, Some(a))
        .unwrap();
    assert_eq!(raise.from(), own);
    assert_eq!(raise.owner(), Owner::Organization(a));

    let nightly = Scope::of_monitoring(own);
    assert_eq!((nightly.owners(), nightly.user()), (&[own][..], None));
    let key = actor.limited_to(&[KeyScope::Score], None).unwrap();
    let scope = key.scope();
    assert_eq!((scope.user(), scope.owners()), (Some(key.user()), &[][..]));
}

#[test]
fn invitation_is_accepted_only_by_its_addressee_without_organization() {
    let mut fixture = Fixture::standard();
    let a = organization("A");
    let mut accept = |name: &str, to: &str| {
        let invitation = Invitation {
            id: InvitationId(uuid::Uuid::from_u128(1)),
            organization: a,
            email: fixture.user_mut(to).email.clone(),
            role: Role::OrgMember,
            invited_by: None,
            expires_at: Timestamp::UNIX_EPOCH,
            accepted_at: None,
            accepted_by: None,
            created_at: Timestamp::UNIX_EPOCH,
        };
        fixture.actor(name).accept_invitation(&invitation)
    };
    let assignment = accept("u0", "u0").unwrap();
    assert_eq!(
        (assignment.role(), assignment.organization()),
        (Role::OrgMember, Some(a))
    );
    let denials = [("u0", "m1"), ("sa", "sa"), ("m1", "m1")]
        .map(|(name, to)| accept(name, to).map(|grant| grant.user()));
    assert_eq!(
        denials,
        [
            Err(Denial::Forbidden(Forbidden::OtherAccount)),
            Err(Denial::Forbidden(Forbidden::RoleForbidden)),
            Err(Denial::Conflict(Contradiction::AlreadyMember)),
        ]
    );
}

#[test]
fn child_is_created_below_the_named_root() {
    let fixture = Fixture::standard();
    let root = organization("R");
    let child = fixture.actor("tR").create_organization(Some(root));
    assert_eq!(child.unwrap().parent(), Some(root));
    let root = fixture.actor("sa").create_organization(None);
    assert_eq!(root.unwrap().parent(), None);
}
