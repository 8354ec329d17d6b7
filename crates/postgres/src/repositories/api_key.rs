//! API keys.

use accunode_domain::{
    Timestamp,
    access::{KeyDirectory, KeyScope},
    api_key::{ApiKey, LAST_USED_SECONDS},
    id::{ApiKeyId, OrganizationId, UserId},
    page::{Cursor, Limit, Page, Sort},
    secret::SecretHash,
};
use accunode_ports::{
    RepositoryError,
    repositories::{ApiKeyRepository, NewApiKey, NextSecret, Person, PresentedKey},
};
use async_trait::async_trait;
use sqlx::{QueryBuilder, postgres::PgRow};
use time::Duration;
use uuid::Uuid;

use super::user::{PERSON, person};
use crate::{
    db::Db,
    errors::defect,
    keyset::page,
    row::{RowRef, get, key_time, time_key},
};

/// A key's columns, of the alias `k`; named apart from a person's.
const KEY: &str = "k.id AS key_id, k.user_id AS key_owner, k.organization_id AS key_organization, \
     k.name AS key_name, k.prefix AS key_prefix, k.scopes AS key_scopes, \
     k.expires_at AS key_expires_at, k.last_used_at AS key_last_used_at, \
     k.previous_until AS key_previous_until, k.created_at AS key_created_at";

const WITH_OWNER: &str = "FROM api_keys k JOIN users u ON u.id = k.user_id \
     LEFT JOIN organizations o ON o.id = u.organization_id";

#[async_trait]
impl ApiKeyRepository for Db {
    async fn presented(
        &self,
        secret: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<PresentedKey>, RepositoryError> {
        let mut sql = QueryBuilder::new(format!(
            "SELECT {KEY}, {PERSON} {WITH_OWNER} WHERE k.revoked_at IS NULL AND (k.secret_hash = "
        ));
        sql.push_bind(secret.as_str())
            .push(" OR (k.previous_hash = ")
            .push_bind(secret.as_str())
            .push(" AND k.previous_until > ")
            .push_bind(now)
            .push(")) AND (k.expires_at IS NULL OR k.expires_at > ")
            .push_bind(now)
            .push(")");
        let Some(row) = self.one(sql).await? else {
            return Ok(None);
        };
        let (owner, membership) = person(&row)?;
        Ok(Some(PresentedKey {
            key: read(&row)?,
            owner,
            membership,
        }))
    }

    async fn used(&self, id: ApiKeyId, at: Timestamp) -> Result<(), RepositoryError> {
        let mut sql = QueryBuilder::new("UPDATE api_keys SET last_used_at = ");
        sql.push_bind(at)
            .push(" WHERE id = (SELECT k.id FROM api_keys k WHERE k.id = ")
            .push_bind(id.0)
            .push(" AND (k.last_used_at IS NULL OR k.last_used_at <= ")
            .push_bind(at - Duration::seconds(LAST_USED_SECONDS))
            .push(") FOR NO KEY UPDATE SKIP LOCKED)");
        self.run(sql).await.map(|_| ())
    }

    async fn add(&self, key: &NewApiKey) -> Result<ApiKey, RepositoryError> {
        let terms = &key.terms;
        let scopes: Vec<&str> = terms.scopes.iter().map(|scope| scope.as_str()).collect();
        let mut sql = QueryBuilder::new(
            "INSERT INTO api_keys AS k (id, user_id, organization_id, name, prefix, secret_hash, \
             scopes, expires_at, created_at) VALUES (",
        );
        sql.push_bind(key.id.0)
            .push(", ")
            .push_bind(key.owner.0)
            .push(", ")
            .push_bind(terms.organization.map(|id| id.0))
            .push(", ")
            .push_bind(terms.name.as_str())
            .push(", ")
            .push_bind(key.prefix.as_str())
            .push(", ")
            .push_bind(key.secret_hash.as_str())
            .push(", ")
            .push_bind(scopes)
            .push(", ")
            .push_bind(terms.expires_at)
            .push(", ")
            .push_bind(key.created_at)
            .push(format_args!(") RETURNING {KEY}"));
        let row = self.one(sql).await?;
        row.as_ref()
            .map_or_else(|| Err(defect("a key was stored and not given back")), read)
    }

    async fn count(&self, owner: UserId, now: Timestamp) -> Result<usize, RepositoryError> {
        let mut sql = QueryBuilder::new(
            "SELECT count(*) AS keys FROM api_keys WHERE revoked_at IS NULL AND user_id = ",
        );
        sql.push_bind(owner.0)
            .push(" AND (expires_at IS NULL OR expires_at > ")
            .push_bind(now)
            .push(")");
        let row = self.one(sql).await?;
        let keys: i64 = row.map_or(Ok(0), |row| get(&row, "keys"))?;
        Ok(usize::try_from(keys).unwrap_or(usize::MAX))
    }

    async fn list(
        &self,
        whose: &KeyDirectory,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<ApiKey>, RepositoryError> {
        let mut sql = QueryBuilder::new(format!(
            "SELECT {KEY} FROM api_keys k WHERE k.revoked_at IS NULL AND "
        ));
        if let Some(owner) = whose.owner() {
            sql.push("k.user_id = ").push_bind(owner.0);
        } else {
            let organization = whose.organization().map(|id| id.0);
            sql.push("(k.organization_id = ")
                .push_bind(organization)
                .push(" OR k.user_id IN (SELECT u.id FROM users u WHERE u.organization_id = ")
                .push_bind(organization)
                .push("))");
        }
        if let Some(after) = &after {
            sql.push(" AND (k.created_at, k.id) < (")
                .push_bind(key_time(after)?)
                .push(", ")
                .push_bind(after.id)
                .push(")");
        }
        sql.push(" ORDER BY k.created_at DESC, k.id DESC LIMIT ")
            .push_bind(i64::from(limit.get()) + 1);
        let rows = self.all(sql).await?;
        let rows = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(page(rows, limit, |last| Cursor {
            sort: Sort::CreatedAt,
            key: time_key(last.created_at),
            id: last.id.0,
        }))
    }

    async fn find(&self, id: ApiKeyId) -> Result<Option<(ApiKey, Person)>, RepositoryError> {
        let mut sql = QueryBuilder::new(format!(
            "SELECT {KEY}, {PERSON} {WITH_OWNER} WHERE k.revoked_at IS NULL AND k.id = "
        ));
        sql.push_bind(id.0).push(" FOR UPDATE OF k");
        let Some(row) = self.one(sql).await? else {
            return Ok(None);
        };
        let (user, membership) = person(&row)?;
        Ok(Some((read(&row)?, Person { user, membership })))
    }

    async fn rotate(&self, id: ApiKeyId, next: &NextSecret) -> Result<ApiKey, RepositoryError> {
        let mut sql = QueryBuilder::new(
            "UPDATE api_keys AS k SET previous_hash = secret_hash, previous_until = ",
        );
        sql.push_bind(next.previous_until)
            .push(", secret_hash = ")
            .push_bind(next.hash.as_str())
            .push(", prefix = ")
            .push_bind(next.prefix.as_str())
            .push(" WHERE revoked_at IS NULL AND id = ")
            .push_bind(id.0)
            .push(format_args!(" RETURNING {KEY}"));
        let row = self.one(sql).await?;
        row.as_ref()
            .map_or(Err(RepositoryError::Stale { what: "API key" }), read)
    }

    async fn revoke(&self, id: ApiKeyId, at: Timestamp) -> Result<(), RepositoryError> {
        let mut sql = QueryBuilder::new("UPDATE api_keys SET revoked_at = ");
        sql.push_bind(at)
            .push(" WHERE revoked_at IS NULL AND id = ")
            .push_bind(id.0);
        match self.run(sql).await? {
            0 => Err(RepositoryError::Stale { what: "API key" }),
            _ => Ok(()),
        }
    }
}

fn read(row: &PgRow) -> Result<ApiKey, RepositoryError> {
    let id: Uuid = get(row, "key_id")?;
    let place = RowRef {
        table: "api_keys",
        id,
    };
    let scopes: Vec<String> = get(row, "key_scopes")?;
    let scopes: Result<Vec<KeyScope>, _> = scopes.iter().map(|scope| scope.parse()).collect();
    Ok(ApiKey {
        id: ApiKeyId(id),
        owner: UserId(get(row, "key_owner")?),
        organization: get::<Option<Uuid>>(row, "key_organization")?.map(OrganizationId),
        name: get(row, "key_name")?,
        prefix: get(row, "key_prefix")?,
        scopes: scopes.map_err(|_| place.corrupt("scopes"))?,
        expires_at: get(row, "key_expires_at")?,
        last_used_at: get(row, "key_last_used_at")?,
        previous_until: get(row, "key_previous_until")?,
        created_at: get(row, "key_created_at")?,
    })
}
