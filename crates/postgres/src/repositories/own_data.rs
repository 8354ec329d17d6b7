//! The stored data about one user, for that user.

use accunode_domain::{
    Timestamp,
    access::{Scope, UserRemoval},
    id::UserId,
    owner::AccessLevel,
};
use accunode_ports::{
    RepositoryError,
    repositories::{OwnData, OwnDataRepository, OwnDataWriter, OwnRows, PersonalRows},
};
use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    QuerySelect, QueryTrait, Statement,
    sea_query::{Expr, ExprTrait, LockType, Order, Query, SelectStatement},
};
use serde_json::Value;
use uuid::Uuid;

use super::audit::after_actor;
use crate::{
    actor::ActorSettings,
    db::{Executor, Tx, build},
    entities::{
        annual_predictions, api_keys, audit_logs, bulk_upload_jobs, companies, default_definitions,
        invitations, monitoring_snapshots, outcome_coverage, outcomes, quarterly_predictions,
        rating_scales, users, validation_reports,
    },
    errors::from_orm,
    scalar::scalars,
    tenant::{ScopeSql, TenantEntity, column, of_actor},
};

/// The number of rows that are read at once.
const AT_ONCE: usize = 500;

/// Columns that only the storage needs, and hashes of secrets.
const LEFT_OUT: &str = "ARRAY['owner_key', 'row_version', 'secret_hash', 'previous_hash', 'token_hash', \
     'lease_token', 'lease_expires_at', 'attempts', 'checkpoint', 'dedup_key', 'processing_logs', \
     'filename', 'file_columns']";

/// The stored data about a user, by an executor.
#[derive(Debug)]
pub(crate) struct OwnRecords<E> {
    db: E,
}

impl<E> OwnRecords<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

/// A row of any table.
#[derive(Debug, FromQueryResult)]
struct AnyRow {
    row: Value,
    created_at: Timestamp,
    id: Uuid,
}

#[async_trait]
impl<E: Executor> OwnDataRepository for OwnRecords<E> {
    async fn rows(
        &self,
        scope: &Scope,
        creator: UserId,
        kind: OwnData,
        after: Option<(Timestamp, Uuid)>,
    ) -> Result<OwnRows, RepositoryError> {
        let statement = self.statement(scope, creator, kind, after);
        let found: Vec<AnyRow> = self.db.models(statement).await?;
        let is_full = found.len() >= AT_ONCE;
        let last = found.last().filter(|_| is_full);
        Ok(OwnRows {
            next: last.map(|last| (last.created_at, last.id)),
            rows: found.into_iter().map(|any| any.row).collect(),
        })
    }
}

impl<E: Executor> OwnRecords<E> {
    /// Tenant rows are read within the scope, as everywhere; other rows by the columns that
    /// contain their user.
    fn statement(
        &self,
        scope: &Scope,
        creator: UserId,
        kind: OwnData,
        after: Option<(Timestamp, Uuid)>,
    ) -> Statement {
        let creator = creator.0;
        match kind {
            OwnData::Companies => self.tenant::<companies::Entity>(scope, creator, after),
            OwnData::AnnualPredictions => {
                self.tenant::<annual_predictions::Entity>(scope, creator, after)
            }
            OwnData::QuarterlyPredictions => {
                self.tenant::<quarterly_predictions::Entity>(scope, creator, after)
            }
            OwnData::Outcomes => self.tenant::<outcomes::Entity>(scope, creator, after),
            OwnData::OutcomeCoverage => {
                self.tenant::<outcome_coverage::Entity>(scope, creator, after)
            }
            OwnData::ValidationReports => {
                self.tenant::<validation_reports::Entity>(scope, creator, after)
            }
            OwnData::MonitoringSnapshots => {
                self.tenant::<monitoring_snapshots::Entity>(scope, creator, after)
            }
            OwnData::DefaultDefinitions => {
                self.tenant::<default_definitions::Entity>(scope, creator, after)
            }
            OwnData::RatingScales => self.tenant::<rating_scales::Entity>(scope, creator, after),
            OwnData::BulkUploads => self.tenant::<bulk_upload_jobs::Entity>(scope, creator, after),
            OwnData::ApiKeys => {
                let own = api_keys::Column::UserId.eq(creator);
                self.other::<api_keys::Entity>(scope, own.into(), after)
            }
            OwnData::Invitations => {
                self.other::<invitations::Entity>(scope, of_invitations(creator), after)
            }
            OwnData::AuditEvents => {
                let own = audit_logs::Column::UserId.eq(creator);
                self.other::<audit_logs::Entity>(scope, own.into(), after)
            }
        }
    }

    fn tenant<T: TenantEntity>(
        &self,
        scope: &Scope,
        creator: Uuid,
        after: Option<(Timestamp, Uuid)>,
    ) -> Statement {
        let scope = ScopeSql::of(scope);
        let mut select = page::<T>(after);
        select
            .cond_where(scope.condition::<T>())
            .and_where(column(T::CREATED_BY).eq(creator));
        scope.ordered(&self.db, select, |outer| newest_first(outer, "x"))
    }

    fn other<T: EntityTrait>(
        &self,
        scope: &Scope,
        own: Condition,
        after: Option<(Timestamp, Uuid)>,
    ) -> Statement {
        let reader = ActorSettings::of(scope);
        let actor = Query::select()
            .expr_as(self.db.actor(&reader).for_audit(), "actor")
            .to_owned();
        let mut select = page::<T>(after);
        select
            .and_where(of_actor("actor").is_not_null())
            .cond_where(own);
        after_actor(actor, select)
    }
}

/// Selects invitations that a user made, accepted or was sent.
fn of_invitations(creator: Uuid) -> Condition {
    let email = Query::select()
        .column(users::Column::Email)
        .from(users::Entity)
        .and_where(users::Column::Id.eq(creator))
        .to_owned();
    Condition::any()
        .add(invitations::Column::InvitedBy.eq(creator))
        .add(invitations::Column::AcceptedBy.eq(creator))
        .add(invitations::Column::Email.in_subquery(email))
}

/// Selects the newest rows of a table, after a time and an id.
fn page<T: EntityTrait>(after: Option<(Timestamp, Uuid)>) -> SelectStatement {
    let table = T::default().as_str();
    let mut select = Query::select();
    select
        .expr_as(
            Expr::cust(format!("to_jsonb(\"{table}\") - {LEFT_OUT}")),
            "row",
        )
        .column((table, "created_at"))
        .column((table, "id"))
        .from(T::default())
        .limit(AT_ONCE as u64);
    if let Some((at, id)) = after {
        let row = Expr::tuple([Expr::col((table, "created_at")), Expr::col((table, "id"))]);
        select.and_where(row.lt(Expr::tuple([Expr::val(at), Expr::val(id)])));
    }
    newest_first(&mut select, table);
    select
}

fn newest_first(select: &mut SelectStatement, of: &'static str) {
    select
        .order_by((of, "created_at"), Order::Desc)
        .order_by((of, "id"), Order::Desc);
}

#[async_trait]
impl OwnDataWriter for OwnRecords<Tx> {
    /// The uploads are locked first: a chunk in progress commits before that, and its rows
    /// are found; the next chunk finds no job.
    #[tracing::instrument(name = "OwnDataWriter::remove_personal", level = "debug", skip_all)]
    async fn remove_personal(&self, removal: UserRemoval) -> Result<PersonalRows, RepositoryError> {
        self.db.extend_statement_timeout().await?;
        let creator = removal.user().0;
        let mut lock = bulk_upload_jobs::Entity::find()
            .select_only()
            .column(bulk_upload_jobs::Column::Filename)
            .filter(is_personal::<bulk_upload_jobs::Entity>(creator))
            .into_query();
        lock.order_by(
            (bulk_upload_jobs::Entity, bulk_upload_jobs::Column::Id),
            Order::Asc,
        )
        .lock(LockType::Update);
        let files: Vec<String> = scalars(&self.db, build(lock)).await?;
        let annual = self.delete::<annual_predictions::Entity>(creator).await?;
        let quarterly = self
            .delete::<quarterly_predictions::Entity>(creator)
            .await?;
        let outcomes = self.delete::<outcomes::Entity>(creator).await?;
        self.delete::<outcome_coverage::Entity>(creator).await?;
        self.delete::<validation_reports::Entity>(creator).await?;
        self.delete::<monitoring_snapshots::Entity>(creator).await?;
        self.delete::<default_definitions::Entity>(creator).await?;
        self.delete::<rating_scales::Entity>(creator).await?;
        let companies = self.delete::<companies::Entity>(creator).await?;
        self.forget_deletions(creator).await?;
        let uploads = self.delete::<bulk_upload_jobs::Entity>(creator).await?;
        Ok(PersonalRows {
            companies,
            predictions: annual + quarterly,
            outcomes,
            uploads,
            files: files.into_iter().filter(|key| !key.is_empty()).collect(),
        })
    }
}

impl OwnRecords<Tx> {
    /// Deletes what is known of deleted personal predictions, those of this unit of work included.
    async fn forget_deletions(&self, creator: Uuid) -> Result<(), RepositoryError> {
        let mut delete = Query::delete();
        delete
            .from_table("prediction_deletions")
            .and_where(Expr::col("access_level").eq(AccessLevel::Personal.as_str()))
            .and_where(Expr::col("owner_key").eq(creator));
        self.db.execute_raw(build(delete)).await.map_err(from_orm)?;
        Ok(())
    }

    async fn delete<T: TenantEntity>(&self, creator: Uuid) -> Result<u64, RepositoryError> {
        let removed = T::delete_many()
            .filter(is_personal::<T>(creator))
            .exec(&*self.db)
            .await;
        removed.map(|done| done.rows_affected).map_err(from_orm)
    }
}

/// Selects the personal rows of a user.
fn is_personal<T: TenantEntity>(creator: Uuid) -> Condition {
    Condition::all()
        .add(column(T::ACCESS_LEVEL).eq(AccessLevel::Personal.as_str()))
        .add(column(T::CREATED_BY).eq(creator))
}
