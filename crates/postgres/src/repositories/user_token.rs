//! Tokens that were sent to users by mail.

use accunode_domain::{
    Timestamp,
    id::UserId,
    secret::SecretHash,
    user_token::{MAIL_PAUSE, TokenPurpose},
};
use accunode_ports::{
    RepositoryError,
    repositories::{NewUserToken, UserTokenRepository, UserTokenWriter},
};
use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};

use crate::{
    db::{Executor, Tx, build},
    entities::{Named, user_tokens, users},
    errors::{defect, from_orm},
    scalar::scalar,
};

/// Tokens of mails, by an executor.
#[derive(Debug)]
pub(crate) struct UserTokens<E> {
    db: E,
}

impl<E> UserTokens<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

#[async_trait]
impl<E: Executor> UserTokenRepository for UserTokens<E> {
    async fn find(
        &self,
        purpose: TokenPurpose,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<UserId>, RepositoryError> {
        let select = user_tokens::Entity::find()
            .select_only()
            .column(user_tokens::Column::UserId)
            .filter(is_open(purpose, hash, now));
        let user = scalar(&self.db, build(select.into_query())).await?;
        Ok(user.map(UserId))
    }
}

#[async_trait]
impl UserTokenWriter for UserTokens<Tx> {
    #[tracing::instrument(name = "UserTokenWriter::replace", level = "debug", skip_all)]
    async fn replace(&self, token: &NewUserToken) -> Result<bool, RepositoryError> {
        user_tokens::Entity::delete_many()
            .filter(user_tokens::Column::UserId.eq(token.user.0))
            .filter(user_tokens::Column::Purpose.eq(Named::from(token.purpose)))
            .filter(user_tokens::Column::UsedAt.is_not_null())
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        let values = Query::select()
            .expr(Expr::val(token.id))
            .column(users::Column::Id)
            .expr(Expr::val(Named::from(token.purpose)))
            .expr(Expr::val(token.hash.as_str()))
            .expr(Expr::val(token.now))
            .expr(Expr::val(token.now + token.purpose.lifetime()))
            .from(users::Entity)
            .and_where(users::Column::Id.eq(token.user.0))
            .to_owned();
        let mut insert = Query::insert();
        insert
            .into_table(user_tokens::Entity)
            .columns([
                user_tokens::Column::Id,
                user_tokens::Column::UserId,
                user_tokens::Column::Purpose,
                user_tokens::Column::TokenHash,
                user_tokens::Column::CreatedAt,
                user_tokens::Column::ExpiresAt,
            ])
            .on_conflict(unless_younger_than(token.now - MAIL_PAUSE));
        insert
            .select_from(values)
            .map_err(|error| defect(error.to_string()))?;
        let stored = self.db.execute_raw(build(insert)).await.map_err(from_orm)?;
        Ok(stored.rows_affected() == 1)
    }

    #[tracing::instrument(name = "UserTokenWriter::take", level = "debug", skip_all)]
    async fn take(
        &self,
        purpose: TokenPurpose,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<UserId>, RepositoryError> {
        let taken = user_tokens::Entity::update_many()
            .set(user_tokens::ActiveModel {
                used_at: Set(Some(now)),
                ..Default::default()
            })
            .filter(is_open(purpose, hash, now))
            .exec_with_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        Ok(taken.into_iter().next().map(|row| UserId(row.user_id)))
    }
}

/// The token replaces the open one, if that was created no later than this.
fn unless_younger_than(long_ago: Timestamp) -> OnConflict {
    use user_tokens::Column;
    OnConflict::columns([Column::UserId, Column::Purpose])
        .target_and_where(Expr::col(Column::UsedAt).is_null())
        .update_columns([Column::TokenHash, Column::CreatedAt, Column::ExpiresAt])
        .action_and_where(Expr::col((user_tokens::Entity, Column::CreatedAt)).lte(long_ago))
        .to_owned()
}

fn is_open(purpose: TokenPurpose, hash: &SecretHash, now: Timestamp) -> Condition {
    Condition::all()
        .add(user_tokens::Column::TokenHash.eq(hash.as_str()))
        .add(user_tokens::Column::Purpose.eq(Named::from(purpose)))
        .add(user_tokens::Column::UsedAt.is_null())
        .add(user_tokens::Column::ExpiresAt.gt(now))
}
