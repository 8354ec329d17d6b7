//! The accounts of users who sign in.

use accunode_domain::{
    Timestamp,
    id::{OrganizationId, UserId},
    organization::Membership,
    user::{Email, User},
    user_token::TokenPurpose,
};
use accunode_ports::{
    RepositoryError,
    repositories::{AuthRepository, AuthWriter, Credentials, NewUser, Rehashed, UserFreshness},
};
use async_trait::async_trait;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, EntityTrait, PartialModelTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    entity::prelude::DerivePartialModel,
    sea_query::{CaseStatement, Cond, Expr, ExprTrait, Func, JoinType, SimpleExpr},
};
use uuid::Uuid;

use crate::{
    db::{Executor, Tx, build},
    entities::{
        Named, login_challenges, organizations, tenancy_state, user_tokens,
        users::{self, Account, Home, Member},
    },
    errors::{defect, from_orm},
    scalar::scalars,
    shared_read::SharedRead,
};

/// Accounts, by an executor.
#[derive(Debug)]
pub(crate) struct AuthUsers<E> {
    db: E,
    /// Reads of the version that requests share; `None` within a transaction, which has its own
    /// view.
    versions: Option<SharedRead<i64>>,
}

impl<E> AuthUsers<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db, versions: None }
    }

    /// Lets requests that arrive together share one read of the version.
    pub(crate) fn sharing(self) -> Self {
        Self {
            versions: Some(SharedRead::default()),
            ..self
        }
    }
}

impl<E: Executor> AuthUsers<E> {
    /// Returns whether users and organizations still have the version that is known.
    async fn is_unchanged(
        &self,
        versions: &SharedRead<i64>,
        known: i64,
    ) -> Result<bool, RepositoryError> {
        let read = async || {
            let select = tenancy_state::Entity::find()
                .select_only()
                .column(tenancy_state::Column::Version);
            let found = scalars::<i64>(&self.db, build(select.into_query())).await?;
            found
                .into_iter()
                .next()
                .ok_or_else(|| defect("tenancy_state has no row"))
        };
        Ok(versions.get(read).await? == known)
    }
}

/// A user with their membership and the version of users and organizations.
#[derive(Debug, DerivePartialModel)]
#[sea_orm(entity = "users::Entity")]
struct Current {
    #[sea_orm(nested)]
    member: Member,
    #[sea_orm(from_expr = "tenancy_version()")]
    tenancy: i64,
}

fn tenancy_version() -> SimpleExpr {
    Func::cust("tenancy_version").into()
}

/// The version of users and organizations, and a user if it differs from the known version.
#[derive(Debug, DerivePartialModel)]
#[sea_orm(entity = "tenancy_state::Entity")]
struct Since {
    version: i64,
    #[sea_orm(nested)]
    account: Option<Account>,
    #[sea_orm(nested)]
    home: Option<Home>,
}

#[async_trait]
impl<E: Executor> AuthRepository for AuthUsers<E> {
    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, RepositoryError> {
        let select = users::Entity::find().filter(users::Column::Email.eq(email.as_str()));
        let found: Option<users::Model> = self.db.model(build(select.into_query())).await?;
        found
            .map(|row| {
                let (user, password_hash) = row.into_credentials()?;
                Ok(Credentials {
                    user,
                    password_hash,
                })
            })
            .transpose()
    }

    async fn with_membership(
        &self,
        id: UserId,
    ) -> Result<Option<(User, Option<Membership>, i64)>, RepositoryError> {
        let select = users::Entity::find_by_id(id.0)
            .select_only()
            .left_join(organizations::Entity);
        let select = Current::select_cols(select).into_query();
        let found: Option<Current> = self.db.model(build(select)).await?;
        found
            .map(|found| {
                let (user, membership) = found.member.into_parts()?;
                Ok((user, membership, found.tenancy))
            })
            .transpose()
    }

    async fn children(&self, root: OrganizationId) -> Result<Vec<OrganizationId>, RepositoryError> {
        let select = organizations::Entity::find()
            .select_only()
            .column(organizations::Column::Id)
            .filter(organizations::Column::ParentId.eq(root.0))
            .order_by_asc(organizations::Column::Id);
        let ids = scalars::<Uuid>(&self.db, build(select.into_query())).await?;
        Ok(ids.into_iter().map(OrganizationId).collect())
    }

    async fn current(&self, id: UserId, known: i64) -> Result<UserFreshness, RepositoryError> {
        if let Some(versions) = &self.versions
            && self.is_unchanged(versions, known).await?
        {
            return Ok(UserFreshness::Unchanged);
        }
        let select = Since::select_cols(tenancy_state::Entity::find().select_only());
        let mut select = select.into_query();
        // The condition on the version is part of the join: if the version is unchanged, no
        // user is read.
        let is_read = Cond::all()
            .add(tenancy_state::Column::Version.ne(known))
            .add(users::Column::Id.eq(id.0));
        let is_home = Expr::col((organizations::Entity, organizations::Column::Id))
            .equals((users::Entity, users::Column::OrganizationId));
        select
            .join(JoinType::LeftJoin, users::Entity, is_read)
            .join(JoinType::LeftJoin, organizations::Entity, is_home);
        let found: Option<Since> = self.db.model(build(select)).await?;
        let found = found.ok_or_else(|| defect("tenancy_state has no row"))?;
        if found.version == known {
            return Ok(UserFreshness::Unchanged);
        }
        let Some(account) = found.account else {
            return Ok(UserFreshness::Gone);
        };
        Ok(UserFreshness::Changed {
            user: Box::new(account.into_user()?),
            membership: found.home.map(Home::into_membership),
            version: found.version,
        })
    }
}

#[async_trait]
impl AuthWriter for AuthUsers<Tx> {
    #[tracing::instrument(name = "AuthWriter::add", level = "debug", skip_all)]
    async fn add(&self, user: &NewUser) -> Result<User, RepositoryError> {
        let stored = users::ActiveModel {
            id: Set(user.id.0),
            email: Set(user.email.as_str().to_owned()),
            password_hash: Set(user.password_hash.clone()),
            role: Set(user.role.into()),
            organization_id: Set(user.organization.map(|id| id.0)),
            first_name: Set(user.profile.first_name.clone()),
            last_name: Set(user.profile.last_name.clone()),
            phone: Set(user.profile.phone.clone()),
            is_verified: Set(user.is_verified),
            ..Default::default()
        };
        let stored = stored.insert(&*self.db).await.map_err(from_orm)?;
        Ok(stored.into_credentials()?.0)
    }

    #[tracing::instrument(name = "AuthWriter::record_login", level = "debug", skip_all)]
    async fn record_login<'a>(
        &self,
        id: UserId,
        at: Timestamp,
        rehashed: Option<Rehashed<'a>>,
    ) -> Result<(), RepositoryError> {
        let mut update = users::Entity::update_many()
            .set(users::ActiveModel {
                last_login: Set(Some(at)),
                ..Default::default()
            })
            .filter(users::Column::Id.eq(id.0));
        if let Some(Rehashed { old, new }) = rehashed {
            let stored = Expr::col(users::Column::PasswordHash);
            let hash = CaseStatement::new()
                .case(stored.clone().eq(old), new)
                .finally(stored);
            update = update.col_expr(users::Column::PasswordHash, hash.into());
        }
        update.exec(&*self.db).await.map_err(from_orm)?;
        Ok(())
    }

    #[tracing::instrument(name = "AuthWriter::set_password", level = "debug", skip_all)]
    async fn set_password(&self, id: UserId, hash: &str) -> Result<(), RepositoryError> {
        users::Entity::update_many()
            .set(users::ActiveModel {
                password_hash: Set(hash.to_owned()),
                ..Default::default()
            })
            .filter(users::Column::Id.eq(id.0))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        let reset = Named::from(TokenPurpose::ResetPassword);
        user_tokens::Entity::delete_many()
            .filter(user_tokens::Column::UserId.eq(id.0))
            .filter(user_tokens::Column::Purpose.eq(reset))
            .filter(user_tokens::Column::UsedAt.is_null())
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        login_challenges::Entity::delete_many()
            .filter(login_challenges::Column::UserId.eq(id.0))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        Ok(())
    }

    #[tracing::instrument(name = "AuthWriter::mark_verified", level = "debug", skip_all)]
    async fn mark_verified(&self, id: UserId) -> Result<(), RepositoryError> {
        users::Entity::update_many()
            .set(users::ActiveModel {
                is_verified: Set(true),
                ..Default::default()
            })
            .filter(users::Column::Id.eq(id.0))
            .filter(users::Column::IsVerified.eq(false))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        Ok(())
    }
}
