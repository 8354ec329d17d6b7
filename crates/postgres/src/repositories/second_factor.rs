//! Second factors of people, and logins that wait for one.

use accunode_domain::{
    Timestamp,
    access::Approvals,
    id::{EnrolmentId, UserId},
    page::{Cursor, Limit, Page, Sort},
    second_factor::{APPROVERS_TOLD_APART, CHALLENGE_ATTEMPTS, CHALLENGE_LIFETIME},
    secret::SecretHash,
    user::Email,
};
use accunode_ports::{
    RepositoryError,
    repositories::{PendingFactor, SecondFactorRepository, ShownFrom, StoredFactor, Waiting},
};
use async_trait::async_trait;
use sqlx::{QueryBuilder, postgres::PgRow};
use uuid::Uuid;

use crate::{
    db::Db,
    errors::defect,
    keyset::page,
    row::{RowRef, get, key_time, time_key},
};

/// The role that counts, of the aliases `u` (users) and `h` (their organizations).
const EFFECTIVE: &str = "CASE WHEN u.role = 'tenant_admin' AND h.parent_id IS NOT NULL \
     THEN 'org_admin' ELSE u.role END";
/// Its rank.
const RANK: &str = "CASE u.role WHEN 'org_member' THEN 1 WHEN 'org_admin' THEN 2 \
     WHEN 'tenant_admin' THEN CASE WHEN h.parent_id IS NULL THEN 3 ELSE 2 END ELSE 0 END";

fn pending(row: &PgRow) -> Result<PendingFactor, RepositoryError> {
    let id: Uuid = get(row, "user_id")?;
    let place = RowRef { table: "users", id };
    let ip: Option<String> = get(row, "ip")?;
    let ip = ip.map(|text| text.parse()).transpose();
    Ok(PendingFactor {
        enrolment: EnrolmentId(get(row, "enrolment_id")?),
        user: UserId(id),
        email: Email::from_stored(get(row, "email")?),
        first_name: get(row, "first_name")?,
        last_name: get(row, "last_name")?,
        role: place.named(row, "role")?,
        waits_since: get(row, "waits_since")?,
        ip: ip.map_err(|_| defect("an address that is none"))?,
        user_agent: get(row, "shown_by")?,
    })
}

#[async_trait]
impl SecondFactorRepository for Db {
    async fn find(&self, user: UserId) -> Result<Option<StoredFactor>, RepositoryError> {
        let mut sql = QueryBuilder::new(
            "SELECT secret, enrolment_id, confirmed_at IS NOT NULL AS is_confirmed, waits_since \
             FROM user_totp WHERE user_id = ",
        );
        sql.push_bind(user.0);
        let Some(row) = self.one(sql).await? else {
            return Ok(None);
        };
        Ok(Some(StoredFactor {
            sealed: get(&row, "secret")?,
            enrolment: EnrolmentId(get(&row, "enrolment_id")?),
            is_confirmed: get(&row, "is_confirmed")?,
            waits_since: get(&row, "waits_since")?,
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
             enrolment_id = excluded.enrolment_id, waits_since = NULL, shown_from = NULL, \
             shown_by = NULL, created_at = excluded.created_at WHERE t.confirmed_at IS NULL",
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
            .push(", waits_since = NULL, last_step = ")
            .push_bind(step)
            .push(" WHERE confirmed_at IS NULL AND user_id = ")
            .push_bind(user.0);
        Ok(self.run(sql).await? == 1)
    }

    async fn wait<'a>(
        &self,
        user: UserId,
        step: i64,
        from: ShownFrom<'a>,
        now: Timestamp,
    ) -> Result<Option<Waiting>, RepositoryError> {
        self.transaction()?;
        let long_ago = now - APPROVERS_TOLD_APART;
        let mut sql = QueryBuilder::new("UPDATE user_totp SET waits_since = ");
        sql.push_bind(now)
            .push(", last_step = ")
            .push_bind(step)
            .push(", shown_from = ")
            .push_bind(from.ip.map(|ip| ip.to_string()))
            .push("::inet, shown_by = ")
            .push_bind(from.user_agent)
            .push(", approvers_told_at = CASE WHEN approvers_told_at > ")
            .push_bind(long_ago)
            .push(" THEN approvers_told_at ELSE ")
            .push_bind(now)
            .push(" END WHERE confirmed_at IS NULL AND user_id = ")
            .push_bind(user.0)
            .push(" RETURNING enrolment_id, approvers_told_at = waits_since AS tell");
        let row = self.one(sql).await?;
        row.map(|row| {
            Ok(Waiting {
                enrolment: EnrolmentId(get(&row, "enrolment_id")?),
                tell: get(&row, "tell")?,
            })
        })
        .transpose()
    }

    async fn waiting(
        &self,
        approvals: &Approvals,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<PendingFactor>, RepositoryError> {
        let roles: Vec<_> = approvals
            .roles()
            .iter()
            .map(|role| role.as_str().to_owned())
            .collect();
        let mut sql = QueryBuilder::new(format!(
            "SELECT w.* FROM (SELECT t.enrolment_id, t.user_id, t.waits_since, host(t.shown_from) AS ip, \
               t.shown_by, u.email, u.first_name, u.last_name, {EFFECTIVE} AS role \
             FROM user_totp t JOIN users u ON u.id = t.user_id \
               JOIN organizations h ON h.id = u.organization_id \
             WHERE t.confirmed_at IS NULL AND t.waits_since IS NOT NULL AND u.is_active \
               AND u.organization_id = ",
        ));
        sql.push_bind(approvals.organization().0)
            .push(") w WHERE w.role = ANY (")
            .push_bind(roles)
            .push(")");
        if let Some(after) = &after {
            sql.push(" AND (w.waits_since, w.user_id) > (")
                .push_bind(key_time(after)?)
                .push(", ")
                .push_bind(after.id)
                .push(")");
        }
        sql.push(" ORDER BY w.waits_since, w.user_id LIMIT ")
            .push_bind(i64::from(limit.get()) + 1);
        let rows = self.all(sql).await?;
        let rows = rows.iter().map(pending).collect::<Result<Vec<_>, _>>()?;
        Ok(page(rows, limit, |last| Cursor {
            sort: Sort::CreatedAt,
            key: time_key(last.waits_since),
            id: last.user.0,
        }))
    }

    async fn approvers(&self, user: UserId) -> Result<Vec<Email>, RepositoryError> {
        let mut sql = QueryBuilder::new(format!(
            "WITH s AS (SELECT u.id, h.id AS home, h.parent_id, {RANK} AS rank FROM users u \
               JOIN organizations h ON h.id = u.organization_id WHERE u.id = ",
        ));
        sql.push_bind(user.0).push(format_args!(
            "), a AS (SELECT u.email, u.created_at, u.role = 'super_admin' AS is_super FROM s \
               CROSS JOIN users u LEFT JOIN organizations h ON h.id = u.organization_id \
             WHERE u.is_active AND u.id <> s.id AND (u.role = 'super_admin' \
               OR (u.organization_id = s.home AND {RANK} > s.rank AND {RANK} > 1) \
               OR (u.organization_id = s.parent_id AND {RANK} = 3))) \
             SELECT email FROM a WHERE NOT is_super OR NOT EXISTS (SELECT FROM a WHERE NOT is_super) \
             ORDER BY created_at, email LIMIT 10"
        ));
        let rows = self.all(sql).await?;
        rows.iter()
            .map(|row| get(row, "email").map(Email::from_stored))
            .collect()
    }

    async fn approve(
        &self,
        user: UserId,
        enrolment: EnrolmentId,
        by: UserId,
        now: Timestamp,
    ) -> Result<bool, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new("UPDATE user_totp SET confirmed_at = ");
        sql.push_bind(now)
            .push(", waits_since = NULL, approved_by = ")
            .push_bind(by.0)
            .push(" WHERE confirmed_at IS NULL AND waits_since IS NOT NULL AND user_id = ")
            .push_bind(user.0)
            .push(" AND enrolment_id = ")
            .push_bind(enrolment.0);
        Ok(self.run(sql).await? == 1)
    }

    async fn refuse(&self, user: UserId, enrolment: EnrolmentId) -> Result<bool, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new(
            "DELETE FROM user_totp WHERE confirmed_at IS NULL AND waits_since IS NOT NULL AND user_id = ",
        );
        sql.push_bind(user.0)
            .push(" AND enrolment_id = ")
            .push_bind(enrolment.0);
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
