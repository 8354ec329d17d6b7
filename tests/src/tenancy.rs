//! The organizations and users of the access matrix: a root R with children A and B,
//! another root Z, and in them u0, m1, m2, oA, mB, tR, tZ, sa.

use std::collections::BTreeMap;

use accunode_domain::user::Password;
use accunode_local::{Argon2Hasher, HashingSettings};
use accunode_ports::system::PasswordHasher;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{Service, TestUser, user::PASSWORD};

/// The users of the matrix, in the order of its columns, with role and organization.
pub const USERS: [(&str, &str, Option<&str>); 8] = [
    ("u0", "user", None),
    ("m1", "org_member", Some("A")),
    ("m2", "org_member", Some("A")),
    ("oA", "org_admin", Some("A")),
    ("mB", "org_member", Some("B")),
    ("tR", "tenant_admin", Some("R")),
    ("tZ", "tenant_admin", Some("Z")),
    ("sa", "super_admin", None),
];

/// Organizations by name, and users signed in, by name.
#[derive(Clone, Debug)]
pub struct Tenancy {
    /// `R`, `A`, `B`, `Z`.
    pub organizations: BTreeMap<&'static str, Uuid>,
    /// As in [`USERS`].
    pub users: BTreeMap<&'static str, TestUser>,
}

impl Tenancy {
    /// Creates them directly in the database, and signs them in.
    ///
    /// # Panics
    /// If that fails.
    pub async fn of(service: &Service) -> Self {
        let pool = service.database.superuser().await;
        let mut organizations = BTreeMap::new();
        for (name, parent) in [("R", None), ("Z", None), ("A", Some("R")), ("B", Some("R"))] {
            let parent: Option<Uuid> = parent.and_then(|p| organizations.get(p).copied());
            let id = sqlx::query_scalar(
                "INSERT INTO organizations (name, parent_id) VALUES ($1, $2) RETURNING id",
            )
            .bind(name)
            .bind(parent)
            .fetch_one(&pool)
            .await
            .expect("an organization");
            organizations.insert(name, id);
        }
        let hash = hash().await;
        for (name, role, organization) in USERS {
            insert(
                &pool,
                name,
                role,
                organization.map(|o| organizations[o]),
                &hash,
            )
            .await;
        }
        pool.close().await;
        let mut users = BTreeMap::new();
        for (name, ..) in USERS {
            users.insert(name, service.anonymous().login(&email(name)).await);
        }
        Self {
            organizations,
            users,
        }
    }

    /// Returns one of the users.
    ///
    /// # Panics
    /// If there is no such name.
    #[must_use]
    pub fn user(&self, name: &str) -> &TestUser {
        &self.users[name]
    }

    /// Returns one of the organizations.
    ///
    /// # Panics
    /// If there is no such name.
    #[must_use]
    pub fn organization(&self, name: &str) -> Uuid {
        self.organizations[name]
    }
}

fn email(name: &str) -> String {
    format!("{}@example.com", name.to_lowercase())
}

async fn hash() -> String {
    let hasher = Argon2Hasher::new(HashingSettings::default()).expect("a hasher");
    let password = Password::attempt(PASSWORD).expect("a password");
    hasher.hash(password).await.expect("a hash")
}

async fn insert(pool: &PgPool, name: &str, role: &str, organization: Option<Uuid>, hash: &str) {
    sqlx::query(
        "INSERT INTO users (email, password_hash, role, organization_id, is_verified) VALUES ($1, $2, $3, $4, true)",
    )
    .bind(email(name))
    .bind(hash)
    .bind(role)
    .bind(organization)
    .execute(pool)
    .await
    .expect("a user");
}
