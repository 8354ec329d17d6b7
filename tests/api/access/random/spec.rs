//! Random tenants: organizations, users and rows, as plain values; how they are written to
//! the database; and who may read which row.

use std::{collections::BTreeSet, fmt::Write as _};

use accunode_domain::{owner::AccessLevel, user::Role};
use proptest::{prelude::*, sample::select};
use uuid::Uuid;

/// An organization.
#[derive(Clone, Debug)]
pub(super) struct OrganizationSpec {
    /// The root that it belongs to, by its index in the list.
    pub(super) parent: Option<usize>,
    is_active: bool,
    hides: bool,
}

/// A user.
#[derive(Clone, Debug)]
pub(super) struct UserSpec {
    pub(super) role: Role,
    place: Option<usize>,
    pub(super) is_active: bool,
}

/// A company with an annual and a quarterly prediction on it, and an upload, all of one
/// owner; or the company is the system's.
#[derive(Clone, Debug)]
pub(super) struct Bundle {
    creator: usize,
    pub(super) level: AccessLevel,
    pub(super) place: usize,
    on_system: bool,
    pub(super) year: u16,
    pub(super) quarter: u8,
    pub(super) sector: u8,
    pub(super) risk: &'static str,
    /// The figures, all in hundredths.
    pub(super) pd: u32,
    pub(super) logistic: u32,
    pub(super) gbm: u32,
    pub(super) confidence: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) places: Vec<OrganizationSpec>,
    pub(super) users: Vec<UserSpec>,
    pub(super) bundles: Vec<Bundle>,
}

/// A part of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BundlePart {
    Company,
    Annual,
    Quarterly,
    Job,
}

/// The owner and the creator of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owned {
    pub(super) level: AccessLevel,
    place: usize,
    creator: usize,
}

pub(super) fn specs() -> impl Strategy<Value = Spec> {
    let place = (any::<bool>(), 0..5_usize, 0..5_u8, any::<bool>());
    let someone = (select(&Role::ALL[..]), 0..5_usize, 0..7_u8);
    let bundle = (
        (
            0..8_usize,
            select(&AccessLevel::ALL[..]),
            0..5_usize,
            any::<bool>(),
        ),
        (
            2021..2024_u16,
            1..5_u8,
            0..3_u8,
            select(&["Low", "Medium", "High"][..]),
        ),
        (1..100_u32, 1..100_u32, 1..100_u32, 1..100_u32),
    );
    (
        prop::collection::vec(place, 1..6),
        prop::collection::vec(someone, 2..6),
        prop::collection::vec(bundle, 4..16),
    )
        .prop_map(|(places, users, bundles)| {
            let mut spec = Spec {
                places: Vec::new(),
                users: vec![UserSpec {
                    role: Role::SuperAdmin,
                    place: None,
                    is_active: true,
                }],
                bundles: Vec::new(),
            };
            for (child, parent, active, hides) in places {
                let roots: Vec<usize> = (0..spec.places.len())
                    .filter(|at| spec.places[*at].parent.is_none())
                    .collect();
                spec.places.push(OrganizationSpec {
                    parent: (child && !roots.is_empty()).then(|| roots[parent % roots.len()]),
                    is_active: active > 0,
                    hides,
                });
            }
            for (role, place, active) in users {
                spec.users.push(UserSpec {
                    role,
                    place: role
                        .needs_organization()
                        .then_some(place % spec.places.len()),
                    is_active: active > 0,
                });
            }
            for ((creator, level, place, on_system), (year, quarter, sector, risk), figures) in
                bundles
            {
                spec.bundles.push(Bundle {
                    // Only a super_admin publishes to every user.
                    creator: match level {
                        AccessLevel::System => 0,
                        _ => creator % spec.users.len(),
                    },
                    level,
                    place: place % spec.places.len(),
                    on_system,
                    year,
                    quarter,
                    sector,
                    risk,
                    pd: figures.0,
                    logistic: figures.1,
                    gbm: figures.2,
                    confidence: figures.3,
                });
            }
            spec
        })
}

impl Spec {
    pub(super) fn email(who: usize) -> String {
        format!("random{who}@example.com")
    }

    pub(super) fn place_id(at: usize) -> Uuid {
        Uuid::from_u128(0x1000 + at as u128)
    }

    fn user_id(at: usize) -> Uuid {
        Uuid::from_u128(0x2000 + at as u128)
    }

    /// Returns the id of a part of the bundle at this index.
    pub(super) fn id(part: BundlePart, at: usize) -> Uuid {
        let kind = match part {
            BundlePart::Company => 0x3000,
            BundlePart::Annual => 0x4000,
            BundlePart::Quarterly => 0x5000,
            BundlePart::Job => 0x6000,
        };
        Uuid::from_u128(kind + at as u128)
    }

    /// Returns the owner of a part of a bundle.
    pub(super) fn owned(bundle: &Bundle, part: BundlePart) -> Owned {
        let everyones = part == BundlePart::Company && bundle.on_system;
        Owned {
            level: if everyones {
                AccessLevel::System
            } else {
                bundle.level
            },
            place: bundle.place,
            creator: bundle.creator,
        }
    }

    /// Returns whether their organization is inactive.
    pub(super) fn is_shut_out(&self, who: usize) -> bool {
        self.users[who]
            .place
            .is_some_and(|place| !self.places[place].is_active)
    }

    /// read(u, row), implemented independently: a personal row its creator; an
    /// organization's row its members, and of a child the tenant_admins of its root; a
    /// system row every user except those whose organization hides it. A super_admin reads
    /// all except other users' personal rows.
    pub(super) fn reads(&self, who: usize, owned: Owned) -> bool {
        let someone = &self.users[who];
        match owned.level {
            AccessLevel::Personal => owned.creator == who,
            AccessLevel::System => someone.place.is_none_or(|place| !self.places[place].hides),
            AccessLevel::Organization => {
                someone.role == Role::SuperAdmin
                    || someone.place == Some(owned.place)
                    || (someone.role == Role::TenantAdmin
                        && someone.place.is_some()
                        && self.places[owned.place].parent == someone.place)
            }
        }
    }

    /// Returns the organizations that they administer.
    pub(super) fn administered(&self, who: usize) -> Vec<usize> {
        let someone = &self.users[who];
        let is_root =
            |place: Option<usize>| place.is_some_and(|at| self.places[at].parent.is_none());
        (0..self.places.len())
            .filter(|at| match someone.role {
                Role::SuperAdmin => true,
                Role::OrgAdmin => someone.place == Some(*at),
                Role::TenantAdmin => {
                    someone.place == Some(*at)
                        || (is_root(someone.place) && self.places[*at].parent == someone.place)
                }
                Role::User | Role::OrgMember => false,
            })
            .collect()
    }

    pub(super) fn members(&self, place: usize) -> usize {
        self.users
            .iter()
            .filter(|someone| someone.place == Some(place))
            .count()
    }

    /// Returns the rows of a kind that they may read, if `also` holds.
    pub(super) fn readable(
        &self,
        who: usize,
        part: BundlePart,
        also: impl Fn(Owned) -> bool,
    ) -> BTreeSet<Uuid> {
        (0..self.bundles.len())
            .filter(|at| {
                let owned = Self::owned(&self.bundles[*at], part);
                self.reads(who, owned) && also(owned)
            })
            .map(|at| Self::id(part, at))
            .collect()
    }

    /// Returns all of it as SQL, with the password of an existing user.
    pub(super) fn sql(&self, seed: &str) -> String {
        let mut sql = String::new();
        let quoted = |id: Option<Uuid>| id.map_or("NULL".to_owned(), |id| format!("'{id}'"));
        for (at, place) in self.places.iter().enumerate() {
            let _ = write!(
                sql,
                "INSERT INTO organizations (id, name, parent_id, is_active, hide_system_data) \
                 VALUES ('{}', 'Place {at}', {}, {}, {});",
                Self::place_id(at),
                quoted(place.parent.map(Self::place_id)),
                place.is_active,
                place.hides
            );
        }
        for (at, someone) in self.users.iter().enumerate() {
            let _ = write!(
                sql,
                "INSERT INTO users (id, email, password_hash, role, organization_id, is_active, is_verified) \
                 SELECT '{}', '{}', password_hash, '{}', {}, {}, true FROM users WHERE email = '{seed}';",
                Self::user_id(at),
                Self::email(at),
                someone.role,
                quoted(someone.place.map(Self::place_id)),
                someone.is_active,
            );
        }
        for (at, bundle) in self.bundles.iter().enumerate() {
            let whose = |owned: Owned| {
                let place =
                    (owned.level == AccessLevel::Organization).then(|| Self::place_id(owned.place));
                let creator = match owned.level {
                    AccessLevel::System => 0,
                    _ => owned.creator,
                };
                format!(
                    "'{}', {}, '{}'",
                    owned.level,
                    quoted(place),
                    Self::user_id(creator)
                )
            };
            let hundredths = |n: u32| format!("{}.{:02}", n / 100, n % 100);
            let (company, sector) = (Self::id(BundlePart::Company, at), bundle.sector);
            let pd = hundredths(bundle.pd);
            let values = format!(
                "{pd}, '{}', {}, now(), 'm', '1', repeat('a', 64), {}",
                bundle.risk,
                hundredths(bundle.confidence),
                whose(Self::owned(bundle, BundlePart::Annual))
            );
            let _ = write!(
                sql,
                "INSERT INTO companies (id, symbol, name, sector, access_level, organization_id, created_by) \
                   VALUES ('{company}', 'C{at}', 'Name {sector}', 'Sector {sector}', {}); \
                 INSERT INTO annual_predictions (id, company_id, company_symbol, company_name, company_sector, \
                   reporting_year, probability, pd, risk_level, confidence, predicted_at, model_name, \
                   model_version, model_sha256, access_level, organization_id, created_by) \
                   VALUES ('{}', '{company}', 'C{at}', 'N', 'Sector {sector}', '{year}', {pd}, {values}); \
                 INSERT INTO quarterly_predictions (id, company_id, company_symbol, company_name, company_sector, \
                   reporting_year, reporting_quarter, ensemble_probability, logistic_probability, gbm_probability, \
                   pd, risk_level, confidence, predicted_at, model_name, model_version, model_sha256, \
                   access_level, organization_id, created_by) \
                   VALUES ('{}', '{company}', 'C{at}', 'N', 'Sector {sector}', '{year}', 'Q{}', {pd}, {}, {}, {values}); \
                 INSERT INTO bulk_upload_jobs (id, filename, original_filename, file_size, job_type, \
                   access_level, organization_id, created_by) VALUES ('{}', 'f', 'f', 1, 'annual', {});",
                whose(Self::owned(bundle, BundlePart::Company)),
                Self::id(BundlePart::Annual, at),
                Self::id(BundlePart::Quarterly, at),
                bundle.quarter,
                hundredths(bundle.logistic),
                hundredths(bundle.gbm),
                Self::id(BundlePart::Job, at),
                whose(Self::owned(bundle, BundlePart::Job)),
                year = bundle.year,
            );
        }
        sql
    }
}
