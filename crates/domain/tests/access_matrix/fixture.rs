//! The fixture of the matrix, and the changes that may have happened to it.

use std::collections::BTreeMap;

use accunode_domain::{
    Timestamp,
    access::{Actor, Denial, Subject},
    id::{OrganizationId, UserId},
    organization::Membership,
    owner::Owner,
    user::{Email, Profile, Role, User},
};
use uuid::Uuid;

/// An organization, as far as the rules use it.
#[derive(Clone, Debug)]
pub(crate) struct OrganizationFacts {
    pub(crate) parent: Option<String>,
    pub(crate) is_active: bool,
    pub(crate) hide_system_data: bool,
}

/// Organizations and users by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fixture {
    pub(crate) places: BTreeMap<String, OrganizationFacts>,
    pub(crate) users: BTreeMap<String, User>,
}

/// Always returns the same id for the same name.
fn id(name: &str) -> Uuid {
    let number = name.bytes().fold(1_u128, |all, byte| {
        all.wrapping_mul(0x0100_0000_01b3)
            .wrapping_add(u128::from(byte))
    });
    Uuid::from_u128(number)
}

pub(crate) fn organization(name: &str) -> OrganizationId {
    OrganizationId(id(&format!("org {name}")))
}

impl Fixture {
    /// The fixture as defined at the head of the table.
    pub(crate) fn standard() -> Self {
        let mut fixture = Self::default();
        fixture.found("R", None);
        fixture.found("A", Some("R"));
        fixture.found("B", Some("R"));
        fixture.found("Z", None);
        fixture.add("u0", Role::User, None);
        fixture.add("m1", Role::OrgMember, Some("A"));
        fixture.add("m2", Role::OrgMember, Some("A"));
        fixture.add("oA", Role::OrgAdmin, Some("A"));
        fixture.add("mB", Role::OrgMember, Some("B"));
        fixture.add("tR", Role::TenantAdmin, Some("R"));
        fixture.add("tZ", Role::TenantAdmin, Some("Z"));
        fixture.add("sa", Role::SuperAdmin, None);
        fixture
    }

    /// Returns the fixture after the changes in a row's `given`.
    pub(crate) fn given(what: &str) -> Result<Self, String> {
        let mut fixture = Self::standard();
        match what {
            "" => {}
            "a_hides_system_data" => fixture.place("A").hide_system_data = true,
            "a_inactive" => fixture.place("A").is_active = false,
            "a_deleted" => fixture.dissolve("A"),
            "r_has_new_child_c" => fixture.found("C", Some("R")),
            "m1_moved_to_b" => fixture.add("m1", Role::OrgMember, Some("B")),
            "u0_joined_a" => fixture.add("u0", Role::OrgMember, Some("A")),
            "oa_demoted" => fixture.add("oA", Role::OrgMember, Some("A")),
            "m1_deactivated" => fixture.user_mut("m1").is_active = false,
            _ => return Err(format!("unknown situation {what:?}")),
        }
        Ok(fixture)
    }

    pub(crate) fn found(&mut self, name: &str, parent: Option<&str>) {
        let place = OrganizationFacts {
            parent: parent.map(str::to_owned),
            is_active: true,
            hide_system_data: false,
        };
        self.places.insert(name.to_owned(), place);
    }

    /// Adds a user, or gives them another role and organization.
    pub(crate) fn add(&mut self, name: &str, role: Role, place: Option<&str>) {
        let user = User {
            id: UserId(id(name)),
            email: Email::parse("/email", &format!("{name}@example.com")).unwrap(),
            role,
            organization: place.map(organization),
            profile: Profile::default(),
            is_verified: true,
            is_active: true,
            last_login: None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            row_version: 1,
        };
        self.users.insert(name.to_owned(), user);
    }

    /// Deletes an organization as the database does: its members become `user`s, and its
    /// children become roots.
    pub(crate) fn dissolve(&mut self, name: &str) {
        self.places.remove(name);
        for place in self.places.values_mut() {
            if place.parent.as_deref() == Some(name) {
                place.parent = None;
            }
        }
        let gone = organization(name);
        for user in self.users.values_mut() {
            if user.organization == Some(gone) {
                user.organization = None;
                user.role = Role::User;
            }
        }
    }

    pub(crate) fn place(&mut self, name: &str) -> &mut OrganizationFacts {
        self.places.get_mut(name).unwrap()
    }

    pub(crate) fn user_mut(&mut self, name: &str) -> &mut User {
        self.users.get_mut(name).unwrap()
    }

    /// Returns the id of a user, whether they exist or not.
    pub(crate) fn user(&self, name: &str) -> Option<UserId> {
        self.users.get(name).map(|user| user.id)
    }

    pub(crate) fn children(&self, name: &str) -> Vec<OrganizationId> {
        self.places
            .iter()
            .filter(|(_, place)| place.parent.as_deref() == Some(name))
            .map(|(child, _)| organization(child))
            .collect()
    }

    pub(crate) fn membership(&self, name: &str) -> Option<Membership> {
        let place = self.places.get(name)?;
        Some(Membership {
            organization: organization(name),
            parent: place.parent.as_deref().map(organization),
            children: self.children(name),
            is_active: place.is_active,
            hide_system_data: place.hide_system_data,
            require_second_factor: false,
        })
    }

    /// Returns the organization that a user is stored with.
    fn home(&self, user: &User) -> Option<Membership> {
        let (name, _) = self
            .places
            .iter()
            .find(|(name, _)| user.organization == Some(organization(name)))?;
        self.membership(name)
    }

    pub(crate) fn sign_in(&self, name: &str) -> Result<Actor, Denial> {
        let user = &self.users[name];
        Actor::new(user, self.home(user))
    }

    pub(crate) fn actor(&self, name: &str) -> Actor {
        self.sign_in(name).unwrap()
    }

    pub(crate) fn subject(&self, name: &str) -> Option<Subject> {
        let user = self.users.get(name)?;
        Some(Subject::new(user, self.home(user).and_then(|m| m.parent)))
    }

    /// Returns the owner that a text like `organization(A)` names, and the creator of their
    /// rows.
    pub(crate) fn owner(&self, text: &str) -> Result<(Owner, UserId), String> {
        let unknown = || format!("unknown owner {text:?}");
        let user = |name: &str| self.user(name).ok_or_else(unknown);
        Ok(match split(text) {
            ("system", None) => (Owner::System, user("sa")?),
            ("personal", Some(name)) => {
                let id = user(name)?;
                (Owner::User(id), id)
            }
            ("organization", Some(name @ ("A" | "B"))) => {
                let creator = user(if name == "A" { "m1" } else { "mB" })?;
                (Owner::Organization(organization(name)), creator)
            }
            ("organization", Some("C")) => (Owner::Organization(organization("C")), user("tR")?),
            _ => return Err(unknown()),
        })
    }
}

/// Splits `a(b)` into `a` and `b`.
pub(crate) fn split(text: &str) -> (&str, Option<&str>) {
    text.strip_suffix(')')
        .and_then(|text| text.split_once('('))
        .map_or((text, None), |(name, of)| (name, Some(of)))
}
