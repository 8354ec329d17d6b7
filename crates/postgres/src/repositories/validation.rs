//! Reports of back-tests.

use accunode_domain::{
    access::{Grant, Scope, SignOffGrant},
    id::ValidationId,
    job::JobStatus,
    page::{Cursor, Limit, Page, Sort},
    validation::{BacktestRequest, ValidationReport},
};
use accunode_ports::{
    RepositoryError,
    repositories::{
        Lease, NewResult, ValidationFile, ValidationFilter, ValidationRepository, ValidationWriter,
    },
};
use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, JoinType, Query, extension::postgres::PgExpr},
};

use crate::{
    bulk,
    db::{Executor, Tx},
    entities::{
        Named, validation_files,
        validation_reports::{ActiveModel, Column, Entity, Model},
    },
    errors::{defect, from_orm},
    keyset::page,
    page::Keyset,
    row::time_key,
    tenant::{ScopeSql, TenantEntity, VisibleTo},
};

/// Reports of back-tests, by an executor.
#[derive(Debug)]
pub(crate) struct Validations<E> {
    db: E,
}

impl<E> Validations<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

#[async_trait]
impl<E: Executor> ValidationRepository for Validations<E> {
    async fn find(
        &self,
        scope: &Scope,
        id: ValidationId,
    ) -> Result<Option<ValidationReport>, RepositoryError> {
        let found = Entity::find_by_id(id.0)
            .visible_to(&ScopeSql::of(scope))
            .one(&self.db)
            .await?;
        found.map(Model::into_report).transpose()
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &ValidationFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<ValidationReport>, RepositoryError> {
        let sort = Sort::CreatedAt;
        let keyset = Keyset {
            sort,
            column: Column::CreatedAt,
            over_organizations: true,
        };
        let rows = Entity::find()
            .filter(condition(filter))
            .visible_to(&ScopeSql::of(scope))
            .page(&self.db, keyset, limit, after.as_ref())
            .await?;
        let rows = rows.into_iter().map(Model::into_report);
        Ok(page(rows.collect::<Result<_, _>>()?, limit, |last| {
            Cursor {
                sort,
                key: time_key(last.created_at),
                id: last.id.0,
            }
        }))
    }

    async fn part(
        &self,
        scope: &Scope,
        id: ValidationId,
        file: ValidationFile,
        part: u32,
    ) -> Result<Option<Vec<u8>>, RepositoryError> {
        let part = i32::try_from(part).map_err(|_| defect("more parts than a file has"))?;
        let scope = ScopeSql::of(scope);
        // The report is checked first: if it cannot be read, no file is read.
        let mut readable = Query::select();
        readable
            .column((Entity, Column::Id))
            .from(Entity)
            .and_where(Column::Id.eq(id.0))
            .cond_where(scope.condition_of_one::<Entity>(Column::Id))
            .limit(1);
        let mut select = Query::select();
        select
            .columns(
                [
                    validation_files::Column::ReportId,
                    validation_files::Column::Name,
                    validation_files::Column::Part,
                    validation_files::Column::Content,
                ]
                .map(|column| (validation_files::Entity, column)),
            )
            .from_subquery(readable, "r")
            .join(
                JoinType::InnerJoin,
                validation_files::Entity,
                Expr::col((validation_files::Entity, validation_files::Column::ReportId))
                    .equals(("r", Column::Id)),
            )
            .and_where(validation_files::Column::Name.eq(file.as_str()))
            .and_where(validation_files::Column::Part.eq(part));
        let found: Option<validation_files::Model> =
            self.db.model(scope.statement(&self.db, select)).await?;
        Ok(found.map(|found| found.content))
    }
}

#[async_trait]
impl ValidationWriter for Validations<Tx> {
    #[tracing::instrument(name = "ValidationWriter::add", level = "debug", skip_all)]
    async fn add(
        &self,
        grant: Grant,
        id: ValidationId,
        request: &BacktestRequest,
    ) -> Result<ValidationReport, RepositoryError> {
        let json = serde_json::to_value(request).map_err(|error| defect(error.to_string()))?;
        let row = ActiveModel {
            id: Set(id.0),
            kind: Set(request.kind.into()),
            request: Set(json),
            ..Default::default()
        };
        let stored = Entity::insert(Entity::owned_by(grant).row(row))
            .exec_with_returning(&*self.db)
            .await;
        stored.map_err(from_orm)?.into_report()
    }

    #[tracing::instrument(name = "ValidationWriter::complete", level = "debug", skip_all)]
    async fn complete(
        &self,
        grant: Grant,
        lease: &Lease,
        new: &NewResult,
    ) -> Result<(), RepositoryError> {
        bulk::lock_lease(&self.db, lease).await?;
        let id = lease.job.0;
        for (file, parts) in &new.files {
            for (part, content) in (0..).zip(parts) {
                let row = validation_files::ActiveModel {
                    report_id: Set(id),
                    name: Set(file.as_str().to_owned()),
                    part: Set(part),
                    content: Set(content.clone()),
                };
                validation_files::Entity::insert(row)
                    .exec_without_returning(&*self.db)
                    .await
                    .map_err(from_orm)?;
            }
        }
        let result = &new.result;
        let rows = i64::try_from(result.sample_rows).map_err(|_| defect("too many rows"))?;
        // This does not use `owned_by`, which sets the owner's columns: those are never
        // written again.
        let changed = Entity::update_many()
            .set(ActiveModel {
                status: Set(JobStatus::Completed.into()),
                error: Set(None),
                verdict: Set(Some(result.verdict.into())),
                sample_sha256: Set(Some(result.sample_sha256.clone())),
                sample_rows: Set(Some(rows)),
                report_sha256: Set(Some(result.report_sha256.clone())),
                code_version: Set(Some(result.code_version.clone())),
                finished_at: Set(Some(result.completed_at)),
                ..Default::default()
            })
            .filter(Column::OwnerKey.eq(grant.owner().key()))
            .filter(Column::Id.eq(id))
            .filter(Column::Status.ne(Named::from(JobStatus::Completed)))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        match changed.rows_affected {
            1 => Ok(()),
            _ => Err(stale()),
        }
    }

    #[tracing::instrument(name = "ValidationWriter::sign_off", level = "debug", skip_all)]
    async fn sign_off(
        &self,
        grant: SignOffGrant,
        id: ValidationId,
        assessment: u8,
        comment: &str,
    ) -> Result<ValidationReport, RepositoryError> {
        let changed = Entity::update_many()
            .set(ActiveModel {
                assessment: Set(Some(assessment.into())),
                comment: Set(Some(comment.to_owned())),
                signed_off_by: Set(Some(grant.by().0)),
                ..Default::default()
            })
            .col_expr(Column::SignedOffAt, Expr::current_timestamp())
            .filter(Column::OwnerKey.eq(grant.owner().key()))
            .filter(Column::Id.eq(id.0))
            .filter(Column::Status.eq(Named::from(JobStatus::Completed)))
            .filter(Column::SignedOffBy.is_null())
            .exec_with_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        match changed.into_iter().next() {
            Some(changed) => changed.into_report(),
            None => Err(stale()),
        }
    }
}

const fn stale() -> RepositoryError {
    RepositoryError::Stale { what: "validation" }
}

/// Returns a text of the request.
fn requested(field: &'static str) -> Expr {
    Expr::col((Entity, Column::Request)).cast_json_field(field)
}

/// Only the given filters are in the statement.
fn condition(filter: &ValidationFilter) -> Condition {
    let signed = |yes| {
        if yes {
            Column::SignedOffBy.is_not_null()
        } else {
            Column::SignedOffBy.is_null()
        }
    };
    Condition::all()
        .add_option(filter.kind.map(|kind| Column::Kind.eq(Named::from(kind))))
        .add_option(filter.status.map(|s| Column::Status.eq(Named::from(s))))
        .add_option(filter.verdict.map(|v| Column::Verdict.eq(Named::from(v))))
        .add_option(filter.is_signed_off.map(signed))
        .add_option(
            filter
                .definition
                .map(|d| requested("definition").eq(d.as_str())),
        )
        .add_option(
            filter
                .model_version
                .as_ref()
                .map(|version| requested("model_version").eq(version.as_str())),
        )
}
