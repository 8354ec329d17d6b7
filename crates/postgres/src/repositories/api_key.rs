//! API keys.

use accunode_domain::{
    Timestamp,
    access::{KeyDirectory, KeyGrant, KeyRemoval},
    api_key::{ApiKey, LAST_USED_SECONDS},
    id::{ApiKeyId, UserId},
    page::{Cursor, Limit, Page, Sort},
    secret::SecretHash,
};
use accunode_ports::{
    RepositoryError,
    repositories::{
        ApiKeyRepository, ApiKeyWriter, NewApiKey, NextSecret, PresentedKey, UserRecord,
    },
};
use async_trait::async_trait;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, PartialModelTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
    entity::prelude::DerivePartialModel,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType, Query, SelectStatement},
};
use time::Duration;
use uuid::Uuid;

use crate::{
    db::{Executor, Tx, build},
    entities::{
        api_keys, organizations,
        users::{self, Member},
    },
    errors::from_orm,
    keyset::page,
    row::{key_time, time_key},
    scalar::scalar,
};

/// API keys, by an executor.
#[derive(Debug)]
pub(crate) struct ApiKeys<E> {
    db: E,
}

impl<E> ApiKeys<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

/// A key with its owner and their membership.
#[derive(Debug, DerivePartialModel)]
#[sea_orm(entity = "api_keys::Entity")]
struct OwnedKey {
    #[sea_orm(nested)]
    key: api_keys::Model,
    #[sea_orm(nested)]
    owner: Member,
}

fn owned(select: Select<api_keys::Entity>) -> SelectStatement {
    let select = select.select_only().inner_join(users::Entity);
    let mut select = OwnedKey::select_cols(select).into_query();
    let is_home = Expr::col((organizations::Entity, organizations::Column::Id))
        .equals((users::Entity, users::Column::OrganizationId));
    select.left_join(organizations::Entity, is_home);
    select
}

/// Selects keys that were not revoked.
fn present() -> Select<api_keys::Entity> {
    api_keys::Entity::find().filter(api_keys::Column::RevokedAt.is_null())
}

/// The condition for keys that do not expire, or later than now.
fn is_good_at(now: Timestamp) -> Condition {
    Condition::any()
        .add(api_keys::Column::ExpiresAt.is_null())
        .add(api_keys::Column::ExpiresAt.gt(now))
}

#[async_trait]
impl<E: Executor> ApiKeyRepository for ApiKeys<E> {
    async fn presented(
        &self,
        secret: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<PresentedKey>, RepositoryError> {
        let before = Condition::all()
            .add(api_keys::Column::PreviousHash.eq(secret.as_str()))
            .add(api_keys::Column::PreviousUntil.gt(now));
        let select = present()
            .filter(
                Condition::any()
                    .add(api_keys::Column::SecretHash.eq(secret.as_str()))
                    .add(before),
            )
            .filter(is_good_at(now));
        let found: Option<OwnedKey> = self.db.model(build(owned(select))).await?;
        found
            .map(|found| {
                let (owner, membership) = found.owner.into_parts()?;
                Ok(PresentedKey {
                    key: found.key.into_key()?,
                    owner,
                    membership,
                })
            })
            .transpose()
    }

    async fn is_valid(&self, id: ApiKeyId, now: Timestamp) -> Result<bool, RepositoryError> {
        let select = present()
            .select_only()
            .column(api_keys::Column::Id)
            .filter(api_keys::Column::Id.eq(id.0))
            .filter(is_good_at(now));
        let found: Option<Uuid> = scalar(&self.db, build(select.into_query())).await?;
        Ok(found.is_some())
    }

    async fn used(&self, id: ApiKeyId, at: Timestamp) -> Result<(), RepositoryError> {
        let long_ago = at - Duration::seconds(LAST_USED_SECONDS);
        let free = Query::select()
            .column(api_keys::Column::Id)
            .from(api_keys::Entity)
            .and_where(api_keys::Column::Id.eq(id.0))
            .cond_where(
                Condition::any()
                    .add(api_keys::Column::LastUsedAt.is_null())
                    .add(api_keys::Column::LastUsedAt.lte(long_ago)),
            )
            .lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked)
            .to_owned();
        // Equality and not IN: at most one row, and the scan that locks it runs once.
        let is_free = Expr::col((api_keys::Entity, api_keys::Column::Id))
            .eq(Expr::SubQuery(None, Box::new(free.into())));
        let update = api_keys::Entity::update_many()
            .set(api_keys::ActiveModel {
                last_used_at: Set(Some(at)),
                ..Default::default()
            })
            .filter(is_free);
        self.db.rows(build(update.into_query())).await.map(|_| ())
    }

    async fn count(&self, owner: UserId, now: Timestamp) -> Result<usize, RepositoryError> {
        let select = present()
            .select_only()
            .column_as(api_keys::Column::Id.count(), "keys")
            .filter(api_keys::Column::UserId.eq(owner.0))
            .filter(is_good_at(now));
        let keys: Option<i64> = scalar(&self.db, build(select.into_query())).await?;
        Ok(usize::try_from(keys.unwrap_or_default()).unwrap_or(usize::MAX))
    }

    async fn list(
        &self,
        whose: &KeyDirectory,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<ApiKey>, RepositoryError> {
        let mut select = present().filter(of(whose));
        if let Some(after) = &after {
            let row = Expr::tuple([
                Expr::col(api_keys::Column::CreatedAt),
                Expr::col(api_keys::Column::Id),
            ]);
            let last = Expr::tuple([Expr::val(key_time(after)?), Expr::val(after.id)]);
            select = select.filter(row.lt(last));
        }
        let select = select
            .order_by_desc(api_keys::Column::CreatedAt)
            .order_by_desc(api_keys::Column::Id)
            .limit(u64::from(limit.get()) + 1);
        let found: Vec<api_keys::Model> = self.db.models(build(select.into_query())).await?;
        let rows = found.into_iter().map(api_keys::Model::into_key);
        Ok(page(rows.collect::<Result<_, _>>()?, limit, |last| {
            Cursor {
                sort: Sort::CreatedAt,
                key: time_key(last.created_at),
                id: last.id.0,
            }
        }))
    }
}

fn of(whose: &KeyDirectory) -> Condition {
    if let Some(owner) = whose.owner() {
        return Condition::all().add(api_keys::Column::UserId.eq(owner.0));
    }
    let organization = whose.organization().map(|id| id.0);
    let members = Query::select()
        .column(users::Column::Id)
        .from(users::Entity)
        .and_where(users::Column::OrganizationId.eq(organization))
        .to_owned();
    Condition::any()
        .add(api_keys::Column::OrganizationId.eq(organization))
        .add(api_keys::Column::UserId.in_subquery(members))
}

#[async_trait]
impl ApiKeyWriter for ApiKeys<Tx> {
    #[tracing::instrument(name = "ApiKeyWriter::lock", level = "debug", skip_all)]
    async fn lock(&self, id: ApiKeyId) -> Result<Option<(ApiKey, UserRecord)>, RepositoryError> {
        let mut select = owned(present().filter(api_keys::Column::Id.eq(id.0)));
        select.lock_with_tables(LockType::Update, [api_keys::Entity]);
        let found: Option<OwnedKey> = self.db.model(build(select)).await?;
        found
            .map(|found| {
                let (user, membership) = found.owner.into_parts()?;
                Ok((found.key.into_key()?, UserRecord { user, membership }))
            })
            .transpose()
    }

    #[tracing::instrument(name = "ApiKeyWriter::add", level = "debug", skip_all)]
    async fn add(&self, grant: KeyGrant, key: &NewApiKey) -> Result<ApiKey, RepositoryError> {
        let terms = &key.terms;
        let scopes = terms.scopes.iter().map(|scope| scope.as_str().to_owned());
        let stored = api_keys::ActiveModel {
            id: Set(key.id.0),
            user_id: Set(grant.owner().0),
            organization_id: Set(terms.organization.map(|id| id.0)),
            name: Set(terms.name.clone()),
            prefix: Set(key.prefix.clone()),
            secret_hash: Set(key.secret_hash.as_str().to_owned()),
            scopes: Set(scopes.collect()),
            expires_at: Set(terms.expires_at),
            created_at: Set(key.created_at),
            ..Default::default()
        };
        let stored = stored.insert(&*self.db).await.map_err(from_orm)?;
        stored.into_key()
    }

    #[tracing::instrument(name = "ApiKeyWriter::rotate", level = "debug", skip_all)]
    async fn rotate(
        &self,
        grant: KeyGrant,
        id: ApiKeyId,
        next: &NextSecret,
    ) -> Result<ApiKey, RepositoryError> {
        let rotated = api_keys::Entity::update_many()
            .set(api_keys::ActiveModel {
                previous_until: Set(Some(next.previous_until)),
                secret_hash: Set(next.hash.as_str().to_owned()),
                prefix: Set(next.prefix.clone()),
                ..Default::default()
            })
            .col_expr(
                api_keys::Column::PreviousHash,
                Expr::col(api_keys::Column::SecretHash),
            )
            .filter(api_keys::Column::Id.eq(id.0))
            .filter(api_keys::Column::UserId.eq(grant.owner().0))
            .filter(api_keys::Column::RevokedAt.is_null())
            .exec_with_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        match rotated.into_iter().next() {
            Some(rotated) => rotated.into_key(),
            None => Err(RepositoryError::Stale { what: "API key" }),
        }
    }

    #[tracing::instrument(name = "ApiKeyWriter::revoke", level = "debug", skip_all)]
    async fn revoke(
        &self,
        removal: KeyRemoval,
        id: ApiKeyId,
        at: Timestamp,
    ) -> Result<(), RepositoryError> {
        let revoked = api_keys::Entity::update_many()
            .set(api_keys::ActiveModel {
                revoked_at: Set(Some(at)),
                ..Default::default()
            })
            .filter(api_keys::Column::Id.eq(id.0))
            .filter(api_keys::Column::UserId.eq(removal.owner().0))
            .filter(api_keys::Column::RevokedAt.is_null())
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        match revoked.rows_affected {
            0 => Err(RepositoryError::Stale { what: "API key" }),
            _ => Ok(()),
        }
    }
}
