//! Second factors of people, and logins that wait for one.

use accunode_domain::{
    Timestamp,
    id::UserId,
    second_factor::{CHALLENGE_ATTEMPTS, CHALLENGE_LIFETIME},
    secret::SecretHash,
};
use accunode_ports::{
    RepositoryError,
    repositories::{SecondFactorRepository, StoredFactor},
};
use async_trait::async_trait;
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::{db::Db, row::get};

#[async_trait]
impl SecondFactorRepository for Db {
    async fn find(&self, user: UserId) -> Result<Option<StoredFactor>, RepositoryError> {
        let mut sql = QueryBuilder::new(
            "SELECT secret, confirmed_at IS NOT NULL AS is_confirmed FROM user_totp WHERE user_id = ",
        );
        sql.push_bind(user.0);
        let Some(row) = self.one(sql).await? else {
            return Ok(None);
        };
        Ok(Some(StoredFactor {
            sealed: get(&row, "secret")?,
            is_confirmed: get(&row, "is_confirmed")?,
        }))
    }

    async fn put(
        &self,
        user: UserId,
        sealed: &[u8],
        recovery: &[SecretHash],
    ) -> Result<bool, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new("INSERT INTO user_totp AS t (user_id, secret) VALUES (");
        sql.push_bind(user.0).push(", ").push_bind(sealed).push(
            ") ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, last_step = 0, \
             created_at = excluded.created_at WHERE t.confirmed_at IS NULL",
        );
        if self.run(sql).await? == 0 {
            return Ok(false);
        }
        let mut old = QueryBuilder::new("DELETE FROM recovery_codes WHERE user_id = ");
        old.push_bind(user.0);
        self.run(old).await?;
        let hashes: Vec<String> = recovery.iter().map(|h| h.as_str().to_owned()).collect();
        let mut new = QueryBuilder::new("INSERT INTO recovery_codes (user_id, code_hash) SELECT ");
        new.push_bind(user.0)
            .push(", unnest(")
            .push_bind(hashes)
            .push("::text[])");
        self.run(new).await?;
        Ok(true)
    }

    async fn confirm(
        &self,
        user: UserId,
        step: i64,
        now: Timestamp,
    ) -> Result<bool, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new("UPDATE user_totp SET confirmed_at = ");
        sql.push_bind(now)
            .push(", last_step = ")
            .push_bind(step)
            .push(" WHERE confirmed_at IS NULL AND user_id = ")
            .push_bind(user.0);
        Ok(self.run(sql).await? == 1)
    }

    async fn use_step(&self, user: UserId, step: i64) -> Result<bool, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new("UPDATE user_totp SET last_step = ");
        sql.push_bind(step)
            .push(" WHERE confirmed_at IS NOT NULL AND last_step < ")
            .push_bind(step)
            .push(" AND user_id = ")
            .push_bind(user.0);
        Ok(self.run(sql).await? == 1)
    }

    async fn use_recovery(
        &self,
        user: UserId,
        code: &SecretHash,
        now: Timestamp,
    ) -> Result<bool, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new("UPDATE recovery_codes SET used_at = ");
        sql.push_bind(now)
            .push(" WHERE used_at IS NULL AND user_id = ")
            .push_bind(user.0)
            .push(" AND code_hash = ")
            .push_bind(code.as_str());
        Ok(self.run(sql).await? == 1)
    }

    async fn remove(&self, user: UserId) -> Result<bool, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new("DELETE FROM user_totp WHERE user_id = ");
        sql.push_bind(user.0);
        Ok(self.run(sql).await? == 1)
    }

    async fn challenge(
        &self,
        token: &SecretHash,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), RepositoryError> {
        self.transaction()?;
        let mut old = QueryBuilder::new("DELETE FROM login_challenges WHERE user_id = ");
        old.push_bind(user.0)
            .push(" AND expires_at <= ")
            .push_bind(now);
        self.run(old).await?;
        let mut new = QueryBuilder::new(
            "INSERT INTO login_challenges (token_hash, user_id, expires_at) VALUES (",
        );
        new.push_bind(token.as_str())
            .push(", ")
            .push_bind(user.0)
            .push(", ")
            .push_bind(now + CHALLENGE_LIFETIME)
            .push(")");
        self.run(new).await.map(|_| ())
    }

    async fn try_challenge(
        &self,
        token: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<UserId>, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new(
            "UPDATE login_challenges SET attempts = attempts + 1 WHERE token_hash = ",
        );
        sql.push_bind(token.as_str())
            .push(" AND expires_at > ")
            .push_bind(now)
            .push(" AND attempts < ")
            .push_bind(CHALLENGE_ATTEMPTS)
            .push(" RETURNING user_id");
        let row = self.one(sql).await?;
        row.map(|row| get::<Uuid>(&row, "user_id").map(UserId))
            .transpose()
    }

    async fn end_challenge(&self, token: &SecretHash) -> Result<bool, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new("DELETE FROM login_challenges WHERE token_hash = ");
        sql.push_bind(token.as_str());
        Ok(self.run(sql).await? == 1)
    }
}
