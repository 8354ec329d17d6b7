//! Join tokens, the addresses that may use them, and joining.

use accunode_domain::{
    access::Door,
    id::{OrganizationId, UserId},
    page::{Cursor, Limit, Page, Sort},
    secret::SecretHash,
    user::Email,
};
use accunode_ports::{
    RepositoryError,
    repositories::{AllowedEmail, JoiningRepository},
};
use async_trait::async_trait;
use sqlx::{QueryBuilder, postgres::PgRow};
use uuid::Uuid;

use crate::{
    db::Db,
    errors::defect,
    keyset::page,
    row::{RowRef, get},
};

#[async_trait]
impl JoiningRepository for Db {
    async fn put_token(
        &self,
        organization: OrganizationId,
        token: &SecretHash,
        by: UserId,
    ) -> Result<bool, RepositoryError> {
        self.transaction()?;
        let had_one = self.remove_token(organization).await?;
        let mut sql = QueryBuilder::new(
            "INSERT INTO join_tokens (organization_id, token_hash, created_by) VALUES (",
        );
        sql.separated(", ")
            .push_bind(organization.0)
            .push_bind(token.as_str())
            .push_bind(by.0);
        // Two at once: the later one's token counts.
        sql.push(
            ") ON CONFLICT (organization_id) DO UPDATE SET token_hash = excluded.token_hash, \
             created_by = excluded.created_by, created_at = excluded.created_at",
        );
        self.run(sql).await?;
        Ok(had_one)
    }

    async fn remove_token(&self, organization: OrganizationId) -> Result<bool, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new("DELETE FROM join_tokens WHERE organization_id = ");
        sql.push_bind(organization.0);
        Ok(self.run(sql).await? > 0)
    }

    /// NO KEY UPDATE is what the trigger that counts seats takes, too, and beside it
    /// foreign keys on the organization can still be checked.
    async fn door(
        &self,
        token: &SecretHash,
        email: &Email,
    ) -> Result<Option<Door>, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new(
            "SELECT o.id, o.join_policy, o.is_active, EXISTS (SELECT FROM allowed_emails e \
             WHERE e.organization_id = o.id AND e.email = ",
        );
        sql.push_bind(email.as_str())
            .push(
                ") AS is_listed FROM join_tokens t JOIN organizations o ON o.id = t.organization_id \
                 WHERE t.token_hash = ",
            )
            .push_bind(token.as_str())
            .push(" FOR NO KEY UPDATE OF o");
        let Some(row) = self.one(sql).await? else {
            return Ok(None);
        };
        let id: Uuid = get(&row, "id")?;
        let place = RowRef {
            table: "organizations",
            id,
        };
        Ok(Some(Door {
            organization: OrganizationId(id),
            policy: place.named(&row, "join_policy")?,
            is_active: get(&row, "is_active")?,
            is_listed: get(&row, "is_listed")?,
        }))
    }

    async fn admit(
        &self,
        user: UserId,
        organization: OrganizationId,
    ) -> Result<bool, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new("UPDATE users SET role = 'org_member', organization_id = ");
        sql.push_bind(organization.0)
            .push(" WHERE role = 'user' AND is_active AND id = ")
            .push_bind(user.0);
        Ok(self.run(sql).await? > 0)
    }

    async fn allowed_emails(
        &self,
        organization: OrganizationId,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<AllowedEmail>, RepositoryError> {
        let mut sql = QueryBuilder::new(
            "SELECT email, created_by, created_at FROM allowed_emails WHERE organization_id = ",
        );
        sql.push_bind(organization.0);
        if let Some(cursor) = after {
            sql.push(" AND email > ").push_bind(cursor.key);
        }
        sql.push(" ORDER BY email LIMIT ")
            .push_bind(i64::from(limit.get()) + 1);
        let rows = self.all(sql).await?;
        let rows = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(page(rows, limit, |last| Cursor {
            sort: Sort::Name,
            key: last.email.as_str().to_owned(),
            id: Uuid::nil(),
        }))
    }

    async fn allow(
        &self,
        organization: OrganizationId,
        email: &Email,
        by: UserId,
    ) -> Result<AllowedEmail, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new(
            "INSERT INTO allowed_emails (organization_id, email, created_by) VALUES (",
        );
        sql.separated(", ")
            .push_bind(organization.0)
            .push_bind(email.as_str())
            .push_bind(by.0);
        sql.push(") RETURNING email, created_by, created_at");
        let row = self.one(sql).await?;
        read(&row.ok_or_else(|| defect("an insert without its row"))?)
    }

    async fn disallow(
        &self,
        organization: OrganizationId,
        email: &Email,
    ) -> Result<bool, RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new("DELETE FROM allowed_emails WHERE organization_id = ");
        sql.push_bind(organization.0)
            .push(" AND email = ")
            .push_bind(email.as_str());
        Ok(self.run(sql).await? > 0)
    }
}

fn read(row: &PgRow) -> Result<AllowedEmail, RepositoryError> {
    Ok(AllowedEmail {
        email: Email::from_stored(get(row, "email")?),
        created_by: get::<Option<Uuid>>(row, "created_by")?.map(UserId),
        created_at: get(row, "created_at")?,
    })
}
