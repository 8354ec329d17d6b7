//! Users and the organizations they belong to.

use accunode_domain::{
    Timestamp,
    id::{OrganizationId, UserId},
    organization::Membership,
    user::{Email, Profile, User},
};
use accunode_ports::{
    RepositoryError,
    repositories::{Credentials, NewUser, Rehashed, Standing, UserRepository},
};
use async_trait::async_trait;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use sqlx::{QueryBuilder, postgres::PgRow};
use uuid::Uuid;

use crate::{
    db::Db,
    entities::users,
    errors::{defect, from_orm},
    row::{RowRef, get},
};

#[async_trait]
impl UserRepository for Db {
    async fn add(&self, user: &NewUser) -> Result<User, RepositoryError> {
        let stored = users::ActiveModel {
            id: Set(user.id.0),
            email: Set(user.email.as_str().to_owned()),
            password_hash: Set(user.password_hash.clone()),
            role: Set(user.role.as_str().to_owned()),
            organization_id: Set(user.organization.map(|id| id.0)),
            first_name: Set(user.profile.first_name.clone()),
            last_name: Set(user.profile.last_name.clone()),
            phone: Set(user.profile.phone.clone()),
            is_verified: Set(user.is_verified),
            ..Default::default()
        };
        stored.insert(self).await.map_err(from_orm)?.into_user()
    }

    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, RepositoryError> {
        let found = users::Entity::find()
            .filter(users::Column::Email.eq(email.as_str()))
            .one(self)
            .await
            .map_err(from_orm)?;
        found
            .map(|mut row| {
                let password_hash = std::mem::take(&mut row.password_hash);
                Ok(Credentials {
                    user: row.into_user()?,
                    password_hash,
                })
            })
            .transpose()
    }

    async fn with_membership(
        &self,
        id: UserId,
    ) -> Result<Option<(User, Option<Membership>, i64)>, RepositoryError> {
        let mut sql = QueryBuilder::new(format!(
            "SELECT {PERSON}, tenancy_version() AS tenancy \
               FROM users u LEFT JOIN organizations o ON o.id = u.organization_id WHERE u.id = "
        ));
        sql.push_bind(id.0);
        let Some(row) = self.one(sql).await? else {
            return Ok(None);
        };
        let (user, membership) = person(&row)?;
        Ok(Some((user, membership, get(&row, "tenancy")?)))
    }

    async fn children(&self, root: OrganizationId) -> Result<Vec<OrganizationId>, RepositoryError> {
        let mut sql = QueryBuilder::new("SELECT id FROM organizations WHERE parent_id = ");
        sql.push_bind(root.0).push(" ORDER BY id");
        let rows = self.all(sql).await?;
        rows.iter()
            .map(|row| get(row, "id").map(OrganizationId))
            .collect()
    }

    async fn current(&self, id: UserId, known: i64) -> Result<Standing, RepositoryError> {
        // The condition on the version is part of the join: while it holds, no user is read.
        let mut sql = QueryBuilder::new(format!(
            "SELECT {PERSON}, t.version AS tenancy FROM tenancy_state t \
               LEFT JOIN users u ON t.version <> "
        ));
        sql.push_bind(known)
            .push(" AND u.id = ")
            .push_bind(id.0)
            .push(" LEFT JOIN organizations o ON o.id = u.organization_id");
        let row = self
            .one(sql)
            .await?
            .ok_or_else(|| defect("tenancy_state has no row"))?;
        let version: i64 = get(&row, "tenancy")?;
        if version == known {
            return Ok(Standing::Unchanged);
        }
        if get::<Option<Uuid>>(&row, "id")?.is_none() {
            return Ok(Standing::Gone);
        }
        let (user, membership) = person(&row)?;
        Ok(Standing::Changed {
            user: Box::new(user),
            membership,
            version,
        })
    }

    async fn record_login<'a>(
        &self,
        id: UserId,
        at: Timestamp,
        rehashed: Option<Rehashed<'a>>,
    ) -> Result<(), RepositoryError> {
        let mut sql = QueryBuilder::new("UPDATE users SET last_login = ");
        sql.push_bind(at);
        if let Some(Rehashed { old, new }) = rehashed {
            sql.push(", password_hash = CASE WHEN password_hash = ")
                .push_bind(old)
                .push(" THEN ")
                .push_bind(new)
                .push(" ELSE password_hash END");
        }
        sql.push(" WHERE id = ").push_bind(id.0);
        self.run(sql).await.map(|_| ())
    }

    async fn set_password(&self, id: UserId, hash: &str) -> Result<(), RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new("UPDATE users SET password_hash = ");
        sql.push_bind(hash).push(" WHERE id = ").push_bind(id.0);
        self.run(sql).await?;
        for stale in [
            "DELETE FROM user_tokens WHERE purpose = 'reset_password' AND used_at IS NULL AND user_id = ",
            "DELETE FROM login_challenges WHERE user_id = ",
        ] {
            let mut sql = QueryBuilder::new(stale);
            sql.push_bind(id.0);
            self.run(sql).await?;
        }
        Ok(())
    }

    async fn mark_verified(&self, id: UserId) -> Result<(), RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new("UPDATE users SET is_verified = TRUE WHERE id = ");
        sql.push_bind(id.0).push(" AND NOT is_verified");
        self.run(sql).await.map(|_| ())
    }
}

/// What [`person`] is read from, of the aliases `u` (users) and `o` (organizations).
pub(crate) const PERSON: &str = "u.id, u.email, u.role, u.organization_id, u.first_name, \
     u.last_name, u.phone, u.is_verified, u.is_active, u.last_login, u.created_at, u.updated_at, \
     u.row_version, o.parent_id, o.is_active AS organization_is_active, o.hide_system_data, \
     o.require_second_factor, \
     ARRAY(SELECT c.id FROM organizations c WHERE c.parent_id = o.id ORDER BY c.id) AS children";

/// Somebody and what the access rules need of his organization, from [`PERSON`].
pub(crate) fn person(row: &PgRow) -> Result<(User, Option<Membership>), RepositoryError> {
    let id: Uuid = get(row, "id")?;
    let place = RowRef { table: "users", id };
    let organization = get::<Option<Uuid>>(row, "organization_id")?.map(OrganizationId);
    let membership = match organization {
        None => None,
        Some(organization) => Some(Membership {
            organization,
            parent: get::<Option<Uuid>>(row, "parent_id")?.map(OrganizationId),
            children: get::<Vec<Uuid>>(row, "children")?
                .into_iter()
                .map(OrganizationId)
                .collect(),
            is_active: get(row, "organization_is_active")?,
            hide_system_data: get(row, "hide_system_data")?,
            require_second_factor: get(row, "require_second_factor")?,
        }),
    };
    let user = User {
        id: UserId(id),
        email: Email::from_stored(get(row, "email")?),
        role: place.named(row, "role")?,
        organization,
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
    };
    Ok((user, membership))
}
