//! Laws for everyone and every row: random tenants, users and rows.

use std::net::{IpAddr, Ipv4Addr};

use accunode_domain::{
    Timestamp,
    access::{Actor, DashboardScope, KeyScope, Reading, Scope},
    id::{OrganizationId, SessionId, UserId},
    owner::{AccessLevel, Owner},
    session::Session,
    user::Role,
};
use proptest::{prelude::*, sample::select};

use crate::fixture::{Fixture, organization};

/// Generates a fixture of some tenants and users, with the names of both.
pub(crate) fn fixtures() -> impl Strategy<Value = Fixture> {
    let places = prop::collection::vec((any::<bool>(), 0..4_usize, any::<bool>()), 1..6);
    let users = prop::collection::vec((select(&Role::ALL[..]), 0..6_usize), 1..7);
    (places, users).prop_map(|(places, users)| {
        let mut fixture = Fixture::default();
        for (at, (child, parent, hides)) in places.iter().enumerate() {
            let roots: Vec<String> = fixture
                .places
                .iter()
                .filter(|(_, place)| place.parent.is_none())
                .map(|(name, _)| name.clone())
                .collect();
            let parent = (*child && !roots.is_empty()).then(|| roots[parent % roots.len()].clone());
            let name = format!("o{at}");
            fixture.found(&name, parent.as_deref());
            fixture.place(&name).hide_system_data = *hides;
        }
        for (at, (role, place)) in users.iter().enumerate() {
            let place = format!("o{}", place % places.len());
            let place = role.needs_organization().then_some(place.as_str());
            fixture.add(&format!("p{at}"), *role, place);
        }
        fixture
    })
}

fn owners(fixture: &Fixture) -> Vec<Owner> {
    let places = fixture.places.keys();
    let users = fixture.users.values();
    std::iter::once(Owner::System)
        .chain(places.map(|name| Owner::Organization(organization(name))))
        .chain(users.map(|user| Owner::User(user.id)))
        .collect()
}

/// Returns every possible row: its owner and who made it.
pub(crate) fn rows(fixture: &Fixture) -> Vec<(Owner, UserId)> {
    let mut rows = Vec::new();
    for owner in owners(fixture) {
        match owner {
            Owner::User(id) => rows.push((owner, id)),
            _ => rows.extend(fixture.users.values().map(|user| (owner, user.id))),
        }
    }
    rows
}

pub(crate) fn actors(fixture: &Fixture) -> Vec<Actor> {
    fixture
        .users
        .keys()
        .map(|name| fixture.actor(name))
        .collect()
}

pub(crate) fn places(fixture: &Fixture) -> Vec<OrganizationId> {
    let unknown = ["there is no such organization".to_owned()];
    fixture
        .places
        .keys()
        .chain(&unknown)
        .map(|name| organization(name))
        .collect()
}

/// The law itself, computed again from the stored users and organizations.
fn may_read(fixture: &Fixture, who: &str, owner: Owner) -> bool {
    let user = &fixture.users[who];
    let home = fixture
        .places
        .iter()
        .find(|(name, _)| user.organization == Some(organization(name)));
    match owner {
        Owner::User(id) => id == user.id,
        Owner::System => home.is_none_or(|(_, place)| !place.hide_system_data),
        Owner::Organization(id) => {
            user.role == Role::SuperAdmin
                || home.is_some_and(|(name, _)| {
                    organization(name) == id
                        || (user.role == Role::TenantAdmin && fixture.children(name).contains(&id))
                })
        }
    }
}

fn is_within(part: &Scope, whole: &Scope) -> bool {
    part.owners().iter().all(|owner| whole.contains(*owner))
        && (whole.every_organization() || !part.every_organization())
}

proptest! {
    #[test]
    fn scope_contains_exactly_the_rows_readable_without_break_glass(fixture in fixtures()) {
        for who in fixture.users.keys() {
            let actor = fixture.actor(who);
            for owner in owners(&fixture) {
                let open = actor.read(owner) == Ok(Reading::Open);
                prop_assert_eq!(actor.scope().contains(owner), open);
                prop_assert_eq!(may_read(&fixture, who, owner), open, "{} {:?}", who, owner);
                prop_assert_eq!(actor.may_reference(owner).is_ok(), open);
            }
        }
    }

    #[test]
    fn super_admin_scope_excludes_personal_rows_of_other_users(fixture in fixtures()) {
        for actor in actors(&fixture) {
            for user in fixture.users.values().filter(|user| user.id != actor.user()) {
                let row = Owner::User(user.id);
                prop_assert!(!actor.scope().contains(row));
                let broken = actor.read(row) == Ok(Reading::BreakGlass);
                prop_assert_eq!(broken, actor.role() == Role::SuperAdmin);
                prop_assert!(actor.write(row, user.id).is_err());
                prop_assert!(actor.control_upload(row, user.id).is_err());
            }
        }
    }

    #[test]
    fn writable_rows_are_readable_and_grants_name_their_owner(fixture in fixtures()) {
        for actor in actors(&fixture) {
            for (owner, creator) in rows(&fixture) {
                for grant in [actor.write(owner, creator), actor.control_upload(owner, creator)]
                    .into_iter()
                    .flatten()
                {
                    prop_assert_eq!(actor.read(owner), Ok(Reading::Open));
                    prop_assert_eq!((grant.owner(), grant.by()), (owner, actor.user()));
                }
            }
        }
    }

    #[test]
    fn only_writable_rows_are_widened_and_never_narrowed_or_moved(fixture in fixtures()) {
        for actor in actors(&fixture) {
            for (owner, creator) in rows(&fixture) {
                for level in AccessLevel::ALL {
                    for place in places(&fixture).into_iter().map(Some).chain([None]) {
                        let Ok(grant) = actor.widen_access(owner, creator, level, place) else {
                            continue;
                        };
                        prop_assert!(grant.owner().level() >= owner.level());
                        prop_assert_eq!(grant.owner().level(), level);
                        prop_assert!(actor.write(owner, creator).is_ok());
                        prop_assert!(actor.scope().contains(grant.owner()));
                        if owner.level() == level {
                            prop_assert_eq!(grant.owner(), owner);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn created_rows_are_in_the_scope_of_their_creator(fixture in fixtures()) {
        for actor in actors(&fixture) {
            for level in AccessLevel::ALL.into_iter().map(Some).chain([None]) {
                for place in places(&fixture).into_iter().map(Some).chain([None]) {
                    let Ok(grant) = actor.create(level, place) else { continue };
                    // The rows of everyone are the exception for users who hide them; such
                    // users make none.
                    prop_assert!(actor.scope().contains(grant.owner()));
                    prop_assert_eq!(actor.upload(level, place), Ok(grant));
                }
            }
        }
    }

    #[test]
    fn system_rows_are_hidden_where_the_organization_hides_them(fixture in fixtures()) {
        for (who, user) in &fixture.users {
            let actor = fixture.actor(who);
            let hidden = fixture.places.iter().any(|(name, place)| {
                place.hide_system_data && user.organization == Some(organization(name))
            });
            prop_assert_eq!(actor.scope().contains(Owner::System), !hidden);
            prop_assert!(!(hidden && actor.role() == Role::SuperAdmin));
        }
    }

    #[test]
    fn filter_keeps_matching_rows_of_the_scope_and_adds_none(fixture in fixtures()) {
        for actor in actors(&fixture) {
            let whole = actor.scope();
            for level in AccessLevel::ALL.into_iter().map(Some).chain([None]) {
                for place in places(&fixture).into_iter().map(Some).chain([None]) {
                    let Ok(part) = actor.narrowed(level, place) else {
                        prop_assert!(place.is_some_and(|id| !actor.sees_organization(id)));
                        continue;
                    };
                    prop_assert!(is_within(&part, &whole));
                    for owner in owners(&fixture) {
                        let named = level.is_none_or(|level| owner.level() == level)
                            && place.is_none_or(|id| owner.organization() == Some(id));
                        prop_assert_eq!(part.contains(owner), named && whole.contains(owner));
                    }
                }
            }
        }
    }

    #[test]
    fn dashboard_counts_only_readable_rows(fixture in fixtures()) {
        for actor in actors(&fixture) {
            for scope in DashboardScope::ALL {
                for (name, place) in fixture.places.iter().map(|(n, p)| (Some(n), Some(p)))
                    .chain([(None, None)])
                {
                    let children = name.map_or(Vec::new(), |name| fixture.children(name));
                    let root = name.map(|name| organization(name));
                    let Ok(counted) = actor.dashboard(scope, root, &children) else { continue };
                    prop_assert!(is_within(&counted, &actor.scope()));
                    let super_admin = actor.role() == Role::SuperAdmin;
                    if scope == DashboardScope::Tenant && !super_admin {
                        prop_assert!(place.is_none_or(|place| place.parent.is_none()));
                        prop_assert_eq!(counted.owners().len(), actor.organizations().len());
                    }
                }
            }
        }
    }

    #[test]
    fn users_are_administered_only_by_higher_ranks(fixture in fixtures()) {
        for actor in actors(&fixture) {
            for name in fixture.users.keys() {
                let Some(subject) = fixture.subject(name) else { continue };
                let themself = subject.id() == actor.user();
                let above = subject.role() < actor.role() || actor.role() == Role::SuperAdmin;
                if actor.administer_user(&subject).is_ok() {
                    prop_assert!(above && !themself);
                    prop_assert!(actor.read_user(&subject).is_ok());
                }
                for role in Role::ALL {
                    for place in places(&fixture).into_iter().map(Some).chain([None]) {
                        let Ok(given) = actor.set_role(&subject, role, place) else { continue };
                        prop_assert_eq!(given.organization().is_some(), role.needs_organization());
                        prop_assert!(role < actor.role() || actor.role() == Role::SuperAdmin
                            || (themself && role == Role::User));
                        prop_assert!(!themself || role == Role::User, "no one promotes themselves");
                        prop_assert!(given.organization().is_none_or(|id| actor.administers(id)));
                    }
                }
            }
        }
    }

    #[test]
    fn audit_log_contains_own_events_and_those_of_administered_organizations(fixture in fixtures()) {
        for actor in actors(&fixture) {
            let events = actor.audit_log(None).unwrap();
            for user in fixture.users.values() {
                for place in places(&fixture) {
                    let expected = user.id == actor.user() || actor.administers(place);
                    prop_assert_eq!(events.contains(Some(user.id), Some(place)), expected);
                }
            }
        }
    }

    #[test]
    fn key_never_exceeds_the_rights_of_its_owner(
        fixture in fixtures(),
        scopes in prop::collection::vec(select(&KeyScope::ALL[..]), 0..4),
        bound in any::<bool>(),
    ) {
        for owner in actors(&fixture) {
            let place = places(&fixture).into_iter().find(|id| owner.sees_organization(*id));
            let place = place.filter(|_| bound);
            let key = owner.clone().limited_to(&scopes, place).unwrap();
            prop_assert!(key.role() <= owner.role());
            prop_assert!(is_within(&key.scope(), &owner.scope()));
            for (row, creator) in rows(&fixture) {
                prop_assert!(key.read(row).is_err() || owner.read(row).is_ok());
                prop_assert!(key.write(row, creator).is_err() || owner.write(row, creator).is_ok());
                prop_assert!(key.control_upload(row, creator).is_err()
                    || owner.control_upload(row, creator).is_ok());
            }
            for level in AccessLevel::ALL {
                for named in places(&fixture).into_iter().map(Some).chain([place]) {
                    prop_assert!(key.create(Some(level), named).is_err()
                        || key.create(Some(level), named) == owner.create(Some(level), named));
                }
            }
            for name in fixture.users.keys() {
                let subject = fixture.subject(name).unwrap();
                prop_assert!(key.read_user(&subject).is_err() || owner.read_user(&subject).is_ok());
                prop_assert!(key.administer_user(&subject).is_err()
                    || owner.administer_user(&subject).is_ok());
            }
        }
    }

    #[test]
    fn actor_round_trips_through_a_stored_session(fixture in fixtures()) {
        for actor in actors(&fixture) {
            let session = Session {
                id: SessionId(uuid::Uuid::from_u128(9)),
                user: actor.user(),
                actor: actor.clone(),
                tenancy_version: 3,
                ip: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
                user_agent: None,
                created_at: Timestamp::UNIX_EPOCH,
                last_seen_at: Timestamp::UNIX_EPOCH,
                confirmed_at: Timestamp::UNIX_EPOCH,
                second_factor: true,
            };
            let kept = serde_json::to_string(&session).unwrap();
            prop_assert!(!kept.contains("\"key\""), "a session is no key's");
            prop_assert_eq!(serde_json::from_str::<Session>(&kept).unwrap(), session);
            let key = actor.limited_to(&[KeyScope::Read], None).unwrap();
            let kept = serde_json::to_string(&key).unwrap();
            prop_assert_eq!(serde_json::from_str::<Actor>(&kept).unwrap(), key);
        }
    }
}
