//! People as those see them who administer them.

use accunode_domain::{
    id::{OrganizationId, UserId},
    user::{Email, Profile, User},
};
use accunode_ports::{
    RepositoryError,
    repositories::{Home, Member, MemberRepository},
};
use async_trait::async_trait;
use sqlx::{QueryBuilder, postgres::PgRow};
use uuid::Uuid;

use crate::{
    db::Db,
    row::{Place, get},
};

/// A person's columns, of the aliases `u` and, for his organization, `o`. The
/// password's hash is not among them.
const MEMBER: &str = "u.id, u.email, u.role, u.organization_id, u.first_name, u.last_name, \
     u.phone, u.is_verified, u.is_active, u.last_login, u.created_at, u.updated_at, \
     u.row_version, o.parent_id";

const FROM: &str = "FROM users u LEFT JOIN organizations o ON o.id = u.organization_id";

#[async_trait]
impl MemberRepository for Db {
    async fn by_email(&self, email: &Email) -> Result<Option<Member>, RepositoryError> {
        let mut sql = QueryBuilder::new(format!("SELECT {MEMBER} {FROM} WHERE u.email = "));
        sql.push_bind(email.as_str());
        self.one(sql).await?.as_ref().map(read).transpose()
    }

    async fn home(&self, id: OrganizationId) -> Result<Option<Home>, RepositoryError> {
        let mut sql = QueryBuilder::new("SELECT name, parent_id FROM organizations WHERE id = ");
        sql.push_bind(id.0);
        let Some(row) = self.one(sql).await? else {
            return Ok(None);
        };
        Ok(Some(Home {
            id,
            name: get(&row, "name")?,
            parent: get::<Option<Uuid>>(&row, "parent_id")?.map(OrganizationId),
        }))
    }
}

fn read(row: &PgRow) -> Result<Member, RepositoryError> {
    let id: Uuid = get(row, "id")?;
    let place = Place { table: "users", id };
    Ok(Member {
        user: User {
            id: UserId(id),
            email: Email::from_stored(get(row, "email")?),
            role: place.named(row, "role")?,
            organization: get::<Option<Uuid>>(row, "organization_id")?.map(OrganizationId),
            profile: Profile {
                first_name: get(row, "first_name")?,
                last_name: get(row, "last_name")?,
                phone: get(row, "phone")?,
            },
            is_verified: get(row, "is_verified")?,
            is_active: get(row, "is_active")?,
            last_login: get(row, "last_login")?,
            created_at: get(row, "created_at")?,
            updated_at: get(row, "updated_at")?,
            row_version: get(row, "row_version")?,
        },
        parent: get::<Option<Uuid>>(row, "parent_id")?.map(OrganizationId),
    })
}
