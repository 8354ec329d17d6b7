//! People as those see them who administer them.

use accunode_domain::{
    access::{Assignment, Directory},
    id::UserId,
    page::{Cursor, Limit, Page, Sort},
    user::{Email, User},
};
use accunode_ports::{
    RepositoryError,
    repositories::{Person, PersonFilter, PersonRepository, StandIn},
};
use async_trait::async_trait;
use sqlx::{Postgres, QueryBuilder, postgres::PgRow};
use uuid::Uuid;

use crate::{
    db::Db,
    keyset::page,
    repositories::user::{PERSON, person},
    row::{key_time, time_key},
};

const FROM: &str = "FROM users u LEFT JOIN organizations o ON o.id = u.organization_id";

/// What a search looks in, as the index has it.
const SEARCHED: &str =
    "(u.email || ' ' || coalesce(u.first_name, '') || ' ' || coalesce(u.last_name, ''))";

#[async_trait]
impl PersonRepository for Db {
    async fn find(&self, id: UserId) -> Result<Option<Person>, RepositoryError> {
        let mut sql = QueryBuilder::new(format!("SELECT {PERSON} {FROM} WHERE u.id = "));
        sql.push_bind(id.0);
        self.one(sql).await?.as_ref().map(read).transpose()
    }

    async fn by_email(&self, email: &Email) -> Result<Option<Person>, RepositoryError> {
        let mut sql = QueryBuilder::new(format!("SELECT {PERSON} {FROM} WHERE u.email = "));
        sql.push_bind(email.as_str());
        self.one(sql).await?.as_ref().map(read).transpose()
    }

    /// Rows are locked one by one in the order of their ids, so that two who hold the same
    /// people wait for each other and never deadlock. They are read by a second statement,
    /// which sees what those have committed who were waited for.
    async fn hold(&self, ids: &[UserId]) -> Result<Vec<Person>, RepositoryError> {
        self.transaction()?;
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let mut lock = QueryBuilder::new("SELECT id FROM users WHERE id = ANY (");
        lock.push_bind(ids.clone())
            .push(") ORDER BY id FOR NO KEY UPDATE");
        self.all(lock).await?;
        let mut sql = QueryBuilder::new(format!("SELECT {PERSON} {FROM} WHERE u.id = ANY ("));
        sql.push_bind(ids).push(") ORDER BY u.id");
        self.all(sql).await?.iter().map(read).collect()
    }

    async fn list(
        &self,
        directory: &Directory,
        filter: &PersonFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Person>, RepositoryError> {
        let after = after
            .as_ref()
            .map(|cursor| key_time(cursor).map(|at| (at, cursor.id)))
            .transpose()?;
        let more = i64::from(limit.get()) + 1;
        let narrow = |sql: &mut QueryBuilder<Postgres>| {
            push_filter(sql, directory, filter);
            if let Some((at, id)) = after {
                sql.push(" AND (u.created_at, u.id) < (")
                    .push_bind(at)
                    .push(", ")
                    .push_bind(id)
                    .push(")");
            }
            push_order(sql, filter);
            sql.push(" LIMIT ").push_bind(more);
        };
        let mut sql = QueryBuilder::new(format!("SELECT {PERSON} FROM ("));
        if directory.everyone() {
            sql.push("SELECT u.* FROM users u WHERE true");
            narrow(&mut sql);
        } else {
            // One scan of each organization's index, merged and cut.
            let keys: Vec<Uuid> = directory.organizations().iter().map(|id| id.0).collect();
            sql.push("SELECT m.* FROM unnest(").push_bind(keys).push(
                "::uuid[]) k (id) CROSS JOIN LATERAL (SELECT u.* FROM users u WHERE u.organization_id = k.id",
            );
            narrow(&mut sql);
            sql.push(") m");
        }
        sql.push(") u LEFT JOIN organizations o ON o.id = u.organization_id");
        push_order(&mut sql, filter);
        sql.push(" LIMIT ").push_bind(more);
        let rows = self.all(sql).await?;
        let rows = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let mut page = page(rows, limit, |last| Cursor {
            sort: Sort::CreatedAt,
            key: time_key(last.user.created_at),
            id: last.user.id.0,
        });
        if filter.q.is_some() {
            page.next = None;
        }
        Ok(page)
    }

    async fn update(&self, user: &User, version: i64) -> Result<Person, RepositoryError> {
        let profile = &user.profile;
        let mut sql = QueryBuilder::new("WITH u AS (UPDATE users u SET first_name = ");
        sql.push_bind(profile.first_name.clone())
            .push(", last_name = ")
            .push_bind(profile.last_name.clone())
            .push(", phone = ")
            .push_bind(profile.phone.clone())
            .push(", is_active = ")
            .push_bind(user.is_active);
        let changed = self.changed(sql, user.id, version).await?;
        if !user.is_active {
            self.shut_out(user.id).await?;
        }
        Ok(changed)
    }

    async fn assign(
        &self,
        id: UserId,
        assignment: Assignment,
        version: i64,
    ) -> Result<Person, RepositoryError> {
        let mut sql = QueryBuilder::new("WITH u AS (UPDATE users u SET role = ");
        sql.push_bind(assignment.role().as_str())
            .push(", organization_id = ")
            .push_bind(assignment.organization().map(|id| id.0));
        self.changed(sql, id, version).await
    }

    async fn anonymize(
        &self,
        user: &User,
        stand_in: &StandIn,
        version: i64,
    ) -> Result<Person, RepositoryError> {
        let mut sql = QueryBuilder::new("WITH u AS (UPDATE users u SET email = ");
        sql.push_bind(stand_in.email.as_str())
            .push(", password_hash = ")
            .push_bind(&stand_in.password_hash)
            .push(
                ", role = 'user', organization_id = NULL, first_name = NULL, last_name = NULL, \
                 phone = NULL, is_verified = false, is_active = false, last_login = NULL",
            );
        let changed = self.changed(sql, user.id, version).await?;
        for (table, whose) in [
            ("api_keys", "user_id"),
            ("user_tokens", "user_id"),
            ("user_totp", "user_id"),
            ("login_challenges", "user_id"),
            ("idempotency_keys", "principal"),
        ] {
            let mut sql = QueryBuilder::new(format!("DELETE FROM {table} WHERE {whose} = "));
            sql.push_bind(user.id.0);
            self.run(sql).await?;
        }
        for left in [
            "DELETE FROM allowed_emails WHERE email = ",
            "DELETE FROM invitations WHERE accepted_at IS NULL AND email = ",
        ] {
            let mut sql = QueryBuilder::new(left);
            sql.push_bind(user.email.as_str());
            self.run(sql).await?;
        }
        let mut invitations = QueryBuilder::new("UPDATE invitations SET email = ");
        invitations
            .push_bind(stand_in.email.as_str())
            .push(" WHERE email = ")
            .push_bind(user.email.as_str());
        self.run(invitations).await?;
        Ok(changed)
    }
}

impl Db {
    /// Ends for good whatever somebody could come in by but his password: none of it works
    /// again when he is let in again.
    async fn shut_out(&self, id: UserId) -> Result<(), RepositoryError> {
        for statement in [
            "UPDATE api_keys SET revoked_at = CURRENT_TIMESTAMP WHERE revoked_at IS NULL AND user_id = ",
            "DELETE FROM user_tokens WHERE user_id = ",
            "DELETE FROM login_challenges WHERE user_id = ",
        ] {
            let mut sql = QueryBuilder::new(statement);
            sql.push_bind(id.0);
            self.run(sql).await?;
        }
        Ok(())
    }

    /// Ends an UPDATE of one person, begun as the CTE `u`, and gives him back.
    async fn changed(
        &self,
        mut sql: QueryBuilder<Postgres>,
        id: UserId,
        version: i64,
    ) -> Result<Person, RepositoryError> {
        self.transaction()?;
        sql.push(" WHERE u.id = ")
            .push_bind(id.0)
            .push(" AND u.row_version = ")
            .push_bind(version)
            .push(format_args!(" RETURNING u.*) SELECT {PERSON} FROM u LEFT JOIN organizations o ON o.id = u.organization_id"));
        match self.one(sql).await? {
            Some(row) => read(&row),
            None => Err(RepositoryError::Stale { what: "user" }),
        }
    }
}

fn push_filter(sql: &mut QueryBuilder<Postgres>, directory: &Directory, filter: &PersonFilter) {
    if !directory.full() {
        sql.push(" AND u.is_active");
    }
    if let Some(is_active) = filter.is_active {
        sql.push(" AND u.is_active = ").push_bind(is_active);
    }
    if let Some(role) = filter.role {
        sql.push(" AND u.role = ").push_bind(role.as_str());
    }
    if let Some(q) = &filter.q {
        sql.push(format_args!(" AND {SEARCHED} ILIKE "))
            .push_bind(format!("%{}%", escaped(q)));
    }
}

/// Newest first; a search the better the earlier the text is found.
fn push_order(sql: &mut QueryBuilder<Postgres>, filter: &PersonFilter) {
    sql.push(" ORDER BY ");
    if let Some(q) = &filter.q {
        sql.push("strpos(lower")
            .push(SEARCHED)
            .push(", lower(")
            .push_bind(q.clone())
            .push(")), ");
    }
    sql.push("u.created_at DESC, u.id DESC");
}

/// A text that a pattern takes as it is.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}

fn read(row: &PgRow) -> Result<Person, RepositoryError> {
    let (user, membership) = person(row)?;
    Ok(Person { user, membership })
}
