//! Tokens that were sent to people's mailboxes.

use accunode_domain::{
    Timestamp,
    id::UserId,
    secret::SecretHash,
    user_token::{MAIL_PAUSE, TokenPurpose},
};
use accunode_ports::{
    RepositoryError,
    repositories::{NewUserToken, UserTokenRepository},
};
use async_trait::async_trait;
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::{db::Db, row::get};

#[async_trait]
impl UserTokenRepository for Db {
    async fn replace(&self, token: &NewUserToken) -> Result<bool, RepositoryError> {
        self.transaction()?;
        let mut old = QueryBuilder::new("DELETE FROM user_tokens WHERE user_id = ");
        old.push_bind(token.user.0)
            .push(" AND purpose = ")
            .push_bind(token.purpose.as_str())
            .push(" AND used_at IS NOT NULL");
        self.run(old).await?;
        let mut new = QueryBuilder::new(
            "INSERT INTO user_tokens AS t (id, user_id, purpose, token_hash, created_at, expires_at) SELECT ",
        );
        new.push_bind(token.id)
            .push(", u.id, ")
            .push_bind(token.purpose.as_str())
            .push(", ")
            .push_bind(token.hash.as_str())
            .push(", ")
            .push_bind(token.now)
            .push(", ")
            .push_bind(token.now + token.purpose.lifetime())
            .push(" FROM users u WHERE u.id = ")
            .push_bind(token.user.0)
            .push(
                " ON CONFLICT (user_id, purpose) WHERE used_at IS NULL DO UPDATE \
                 SET token_hash = excluded.token_hash, created_at = excluded.created_at, \
                     expires_at = excluded.expires_at WHERE t.created_at <= ",
            )
            .push_bind(token.now - MAIL_PAUSE);
        Ok(self.run(new).await? == 1)
    }

    async fn find(
        &self,
        purpose: TokenPurpose,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<UserId>, RepositoryError> {
        let mut sql = QueryBuilder::new("SELECT user_id FROM user_tokens WHERE ");
        open(&mut sql, purpose, hash, now);
        self.one(sql).await?.map(|row| user(&row)).transpose()
    }

    async fn take(
        &self,
        purpose: TokenPurpose,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<UserId>, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new("UPDATE user_tokens SET used_at = ");
        sql.push_bind(now).push(" WHERE ");
        open(&mut sql, purpose, hash, now);
        sql.push(" RETURNING user_id");
        self.one(sql).await?.map(|row| user(&row)).transpose()
    }
}

fn open(
    sql: &mut QueryBuilder<sqlx::Postgres>,
    purpose: TokenPurpose,
    hash: &SecretHash,
    now: Timestamp,
) {
    sql.push("token_hash = ")
        .push_bind(hash.as_str().to_owned())
        .push(" AND purpose = ")
        .push_bind(purpose.as_str())
        .push(" AND used_at IS NULL AND expires_at > ")
        .push_bind(now);
}

fn user(row: &sqlx::postgres::PgRow) -> Result<UserId, RepositoryError> {
    get::<Uuid>(row, "user_id").map(UserId)
}
