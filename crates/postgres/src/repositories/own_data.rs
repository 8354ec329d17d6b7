//! What is stored about one person, for himself.

use accunode_domain::{Timestamp, access::Scope, id::UserId};
use accunode_ports::{
    RepositoryError,
    repositories::{OwnData, OwnDataRepository, OwnRows, PersonalRows},
};
use async_trait::async_trait;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{db::Db, row::get, scope::Reach};

/// Rows that are read at once.
const AT_ONCE: i64 = 500;

/// What is nobody's business but the storage's, and secrets' hashes.
const LEFT_OUT: &str = "ARRAY['owner_key', 'row_version', 'secret_hash', 'previous_hash', 'token_hash', \
     'lease_token', 'lease_expires_at', 'attempts', 'checkpoint', 'dedup_key', 'processing_logs', \
     'filename', 'file_columns']";

#[async_trait]
impl OwnDataRepository for Db {
    async fn rows(
        &self,
        scope: &Scope,
        person: UserId,
        kind: OwnData,
        after: Option<(Timestamp, Uuid)>,
    ) -> Result<OwnRows, RepositoryError> {
        let mut sql = statement(self, scope, person, kind);
        if let Some((at, id)) = after {
            sql.push(" AND (p.created_at, p.id) < (")
                .push_bind(at)
                .push(", ")
                .push_bind(id)
                .push(")");
        }
        sql.push(" ORDER BY p.created_at DESC, p.id DESC LIMIT ")
            .push_bind(AT_ONCE)
            .push(") x ORDER BY x.created_at DESC, x.id DESC");
        let found = self.all(sql).await?;
        let next = match found.last() {
            Some(last) if found.len() >= AT_ONCE as usize => {
                Some((get(last, "created_at")?, get(last, "id")?))
            }
            _ => None,
        };
        let rows = found.iter().map(|row| get(row, "row"));
        Ok(OwnRows {
            rows: rows.collect::<Result<_, _>>()?,
            next,
        })
    }

    /// The uploads are locked first: a chunk that is under way commits before, and its
    /// rows are found; the next one finds no job.
    async fn remove_personal(&self, person: UserId) -> Result<PersonalRows, RepositoryError> {
        self.transaction()?;
        self.take_time().await?;
        let mine = |verb: &str, table: &str| {
            let mut sql = QueryBuilder::new(format!(
                "{verb} {table} WHERE access_level = 'personal' AND created_by = "
            ));
            sql.push_bind(person.0);
            sql
        };
        let mut lock = mine("SELECT filename FROM", "bulk_upload_jobs");
        lock.push(" ORDER BY id FOR UPDATE");
        let jobs = self.all(lock).await?;
        let mut predictions = 0;
        for table in ["annual_predictions", "quarterly_predictions"] {
            predictions += self.run(mine("DELETE FROM", table)).await?;
        }
        let companies = self.run(mine("DELETE FROM", "companies")).await?;
        let uploads = self.run(mine("DELETE FROM", "bulk_upload_jobs")).await?;
        let files = jobs.iter().map(|row| get(row, "filename"));
        Ok(PersonalRows {
            companies,
            predictions,
            uploads,
            files: files
                .collect::<Result<Vec<String>, _>>()?
                .into_iter()
                .filter(|key| !key.is_empty())
                .collect(),
        })
    }
}

/// A statement up to its filter. Tenant rows are read within the scope as everywhere; the
/// rest is his by its columns.
fn statement(db: &Db, scope: &Scope, person: UserId, kind: OwnData) -> QueryBuilder<Postgres> {
    let actor = db.actor(scope);
    let select = |table: &str| {
        format!(
            "SELECT x.row, x.created_at, x.id FROM a CROSS JOIN LATERAL (\
             SELECT to_jsonb(p) - {LEFT_OUT} AS row, p.created_at, p.id FROM {table} p WHERE "
        )
    };
    let tenant = |table: &str| {
        let reach = Reach::of(scope);
        let mut sql = reach.statement(&actor);
        sql.push(select(table))
            .push(reach.condition("p"))
            .push(" AND p.created_by = ")
            .push_bind(person.0);
        sql
    };
    let other = |table: &str| {
        let mut sql = QueryBuilder::new("WITH a AS MATERIALIZED (SELECT ");
        actor.push_audit(&mut sql);
        sql.push(") ")
            .push(select(table))
            .push("a.actor IS NOT NULL AND ");
        sql
    };
    match kind {
        OwnData::Companies => tenant("companies"),
        OwnData::AnnualPredictions => tenant("annual_predictions"),
        OwnData::QuarterlyPredictions => tenant("quarterly_predictions"),
        OwnData::BulkUploads => tenant("bulk_upload_jobs"),
        OwnData::ApiKeys => {
            let mut sql = other("api_keys");
            sql.push("p.user_id = ").push_bind(person.0);
            sql
        }
        OwnData::Invitations => {
            let mut sql = other("invitations");
            sql.push("(p.invited_by = ")
                .push_bind(person.0)
                .push(" OR p.accepted_by = ")
                .push_bind(person.0)
                .push(" OR p.email = (SELECT u.email FROM users u WHERE u.id = ")
                .push_bind(person.0)
                .push("))");
            sql
        }
        OwnData::AuditEvents => {
            let mut sql = other("audit_logs");
            sql.push("p.user_id = ").push_bind(person.0);
            sql
        }
    }
}
