//! Where statements run: on a pool, one at a time, or in the open transaction.
//!
//! A repository is a struct over an [`Executor`]. Its reads are written once for every
//! executor; what changes rows is implemented for [`Tx`] alone, so that a change outside of a
//! unit of work does not compile.

use std::{fmt::Debug, sync::Arc, time::Duration};

use accunode_domain::access::{Grant, Scope};
use accunode_ports::RepositoryError;
use async_trait::async_trait;
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DbBackend, DbErr, ExecResult, FromQueryResult, QueryResult,
    Statement, StatementBuilder, Value,
};
use sqlx::{
    Postgres, QueryBuilder,
    postgres::{PgQueryResult, PgRow},
};

use crate::{
    actor::ActorSettings,
    errors::{from_orm, from_sqlx, is_statement_timeout},
    pools::ReadPools,
    unit_of_work::{PgTx, query},
};

/// How long a statement may take that deletes all rows of somebody.
const DELETION: Duration = Duration::from_secs(300);

/// The transaction of a unit of work, shared by its repositories.
pub(crate) type Tx = Arc<PgTx>;

/// What a repository reads by.
#[async_trait]
pub(crate) trait Executor: Debug + Send + Sync {
    /// The actor of a read: the transaction's own, which a read must not change, or else
    /// the reader's.
    fn actor<'a>(&'a self, reader: &'a ActorSettings) -> &'a ActorSettings;

    /// Every row of a statement.
    async fn rows(&self, statement: Statement) -> Result<Vec<QueryResult>, RepositoryError>;

    /// The only row of a statement, if there is one.
    async fn row(&self, statement: Statement) -> Result<Option<QueryResult>, RepositoryError>;

    /// Every row of a statement that is ended where it takes longer than `limit`; a
    /// transaction has the limit of whoever opened it.
    ///
    /// # Errors
    /// `TimedOut`, naming `what`.
    async fn rows_within(
        &self,
        reader: &ActorSettings,
        limit: Duration,
        what: &'static str,
        statement: Statement,
    ) -> Result<Vec<QueryResult>, RepositoryError>;

    /// Every row of a statement as a model.
    async fn models<M: FromQueryResult>(
        &self,
        statement: Statement,
    ) -> Result<Vec<M>, RepositoryError>
    where
        Self: Sized,
    {
        let rows = self.rows(statement).await?;
        rows.iter().map(model).collect()
    }

    /// The only row of a statement as a model, if there is one.
    async fn model<M: FromQueryResult>(
        &self,
        statement: Statement,
    ) -> Result<Option<M>, RepositoryError>
    where
        Self: Sized,
    {
        let row = self.row(statement).await?;
        row.as_ref().map(model).transpose()
    }
}

/// A row as a model.
pub(crate) fn model<M: FromQueryResult>(row: &QueryResult) -> Result<M, RepositoryError> {
    M::from_query_result(row, "").map_err(from_orm)
}

/// A statement of `sea_query`.
pub(crate) fn build(statement: impl StatementBuilder) -> Statement {
    statement.build(&DbBackend::Postgres)
}

/// A statement that is written as SQL, with its values.
pub(crate) fn raw(sql: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

#[async_trait]
impl Executor for ReadPools {
    fn actor<'a>(&'a self, reader: &'a ActorSettings) -> &'a ActorSettings {
        reader
    }

    async fn rows(&self, statement: Statement) -> Result<Vec<QueryResult>, RepositoryError> {
        let (mut connection, _turn) = self.present().connection().await?;
        let rows = query(statement).fetch_all(&mut *connection).await;
        rows.map(into_results).map_err(from_sqlx)
    }

    async fn row(&self, statement: Statement) -> Result<Option<QueryResult>, RepositoryError> {
        let (mut connection, _turn) = self.present().connection().await?;
        let row = query(statement).fetch_optional(&mut *connection).await;
        row.map(|row| row.map(Into::into)).map_err(from_sqlx)
    }

    /// In a short transaction, since a statement cannot limit itself.
    async fn rows_within(
        &self,
        reader: &ActorSettings,
        limit: Duration,
        what: &'static str,
        statement: Statement,
    ) -> Result<Vec<QueryResult>, RepositoryError> {
        let pool = self.present();
        let _turn = pool.turn().await?;
        let tx = PgTx::begin(pool.pool(), reader.clone())
            .await
            .map_err(|error| pool.noted(error))?;
        tx.limit_statements(limit).await?;
        // Only read: dropping it is as good as committing it.
        Arc::new(tx)
            .rows_within(reader, limit, what, statement)
            .await
    }
}

#[async_trait]
impl Executor for Tx {
    fn actor<'a>(&'a self, _reader: &'a ActorSettings) -> &'a ActorSettings {
        PgTx::actor(self)
    }

    async fn rows(&self, statement: Statement) -> Result<Vec<QueryResult>, RepositoryError> {
        let rows = query(statement)
            .fetch_all(&mut **self.connection().await)
            .await;
        rows.map(into_results).map_err(from_sqlx)
    }

    async fn row(&self, statement: Statement) -> Result<Option<QueryResult>, RepositoryError> {
        let row = query(statement)
            .fetch_optional(&mut **self.connection().await)
            .await;
        row.map(|row| row.map(Into::into)).map_err(from_sqlx)
    }

    async fn rows_within(
        &self,
        _reader: &ActorSettings,
        limit: Duration,
        what: &'static str,
        statement: Statement,
    ) -> Result<Vec<QueryResult>, RepositoryError> {
        self.rows(statement).await.map_err(|error| {
            if is_statement_timeout(&error) {
                RepositoryError::TimedOut { what, limit }
            } else {
                error
            }
        })
    }
}

fn into_results(rows: Vec<PgRow>) -> Vec<QueryResult> {
    rows.into_iter().map(Into::into).collect()
}

/// A pool or a transaction, for the repositories that are not structs of their own yet.
#[derive(Clone, Debug)]
pub(crate) enum Db {
    /// Autocommit: every statement sets its own actor.
    Pool(ReadPools),
    /// A unit of work, opened as one actor.
    Transaction(Tx),
}

#[async_trait]
impl Executor for Db {
    fn actor<'a>(&'a self, reader: &'a ActorSettings) -> &'a ActorSettings {
        match self {
            Self::Pool(pools) => Executor::actor(pools, reader),
            Self::Transaction(tx) => Executor::actor(tx, reader),
        }
    }

    async fn rows(&self, statement: Statement) -> Result<Vec<QueryResult>, RepositoryError> {
        match self {
            Self::Pool(pools) => pools.rows(statement).await,
            Self::Transaction(tx) => tx.rows(statement).await,
        }
    }

    async fn row(&self, statement: Statement) -> Result<Option<QueryResult>, RepositoryError> {
        match self {
            Self::Pool(pools) => pools.row(statement).await,
            Self::Transaction(tx) => tx.row(statement).await,
        }
    }

    async fn rows_within(
        &self,
        reader: &ActorSettings,
        limit: Duration,
        what: &'static str,
        statement: Statement,
    ) -> Result<Vec<QueryResult>, RepositoryError> {
        match self {
            Self::Pool(pools) => pools.rows_within(reader, limit, what, statement).await,
            Self::Transaction(tx) => tx.rows_within(reader, limit, what, statement).await,
        }
    }
}

impl Db {
    /// The actor of a read: the transaction's own, which a read must not change, or
    /// else the scope's.
    pub(crate) fn actor(&self, scope: &Scope) -> ActorSettings {
        match self {
            Self::Pool(_) => ActorSettings::of(scope),
            Self::Transaction(tx) => PgTx::actor(tx).clone(),
        }
    }

    /// The same for a read that needs no more than a grant.
    pub(crate) fn actor_of_grant(&self, grant: Grant) -> ActorSettings {
        match self {
            Self::Pool(_) => ActorSettings::of_grant(grant),
            Self::Transaction(tx) => PgTx::actor(tx).clone(),
        }
    }

    /// Every row of a statement.
    pub(crate) async fn all(
        &self,
        mut sql: QueryBuilder<Postgres>,
    ) -> Result<Vec<PgRow>, RepositoryError> {
        match self {
            Self::Pool(pools) => {
                let (mut connection, _turn) = pools.present().connection().await?;
                sql.build().fetch_all(&mut *connection).await
            }
            Self::Transaction(tx) => sql.build().fetch_all(&mut **tx.connection().await).await,
        }
        .map_err(from_sqlx)
    }

    /// The only row of a statement, if there is one.
    pub(crate) async fn one(
        &self,
        mut sql: QueryBuilder<Postgres>,
    ) -> Result<Option<PgRow>, RepositoryError> {
        match self {
            Self::Pool(pools) => {
                let (mut connection, _turn) = pools.present().connection().await?;
                sql.build().fetch_optional(&mut *connection).await
            }
            Self::Transaction(tx) => {
                sql.build()
                    .fetch_optional(&mut **tx.connection().await)
                    .await
            }
        }
        .map_err(from_sqlx)
    }

    /// Runs a statement and answers how many rows it touched.
    pub(crate) async fn run(
        &self,
        mut sql: QueryBuilder<Postgres>,
    ) -> Result<u64, RepositoryError> {
        let done: Result<PgQueryResult, _> = match self {
            Self::Pool(pools) => {
                let (mut connection, _turn) = pools.present().connection().await?;
                sql.build().execute(&mut *connection).await
            }
            Self::Transaction(tx) => sql.build().execute(&mut **tx.connection().await).await,
        };
        done.map(|done| done.rows_affected()).map_err(from_sqlx)
    }

    /// Gives the statements of this unit of work more time than others: somebody, or an
    /// organization, goes with all the rows.
    pub(crate) async fn take_time(&self) -> Result<(), RepositoryError> {
        self.transaction()?.limit_statements(DELETION).await
    }

    /// The open transaction.
    ///
    /// # Errors
    /// `Internal` on the pool: what calls this changes tenant rows, and those are
    /// changed in a unit of work only.
    pub(crate) fn transaction(&self) -> Result<&Tx, RepositoryError> {
        match self {
            Self::Transaction(tx) => Ok(tx),
            Self::Pool(_) => Err(crate::errors::defect(
                "tenant rows are changed in a unit of work only",
            )),
        }
    }
}

/// SeaORM has one error for who waited in vain.
fn out_of_turn(_: RepositoryError) -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}

#[async_trait]
impl ConnectionTrait for Db {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Pool(pools) => {
                let pool = pools.present();
                let _turn = pool.turn().await.map_err(out_of_turn)?;
                pool.orm().execute_raw(statement).await
            }
            Self::Transaction(tx) => tx.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Pool(pools) => {
                let pool = pools.present();
                let _turn = pool.turn().await.map_err(out_of_turn)?;
                pool.orm().execute_unprepared(sql).await
            }
            Self::Transaction(tx) => tx.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Pool(pools) => {
                let pool = pools.present();
                let _turn = pool.turn().await.map_err(out_of_turn)?;
                pool.orm().query_one_raw(statement).await
            }
            Self::Transaction(tx) => tx.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Pool(pools) => {
                let pool = pools.present();
                let _turn = pool.turn().await.map_err(out_of_turn)?;
                pool.orm().query_all_raw(statement).await
            }
            Self::Transaction(tx) => tx.query_all_raw(statement).await,
        }
    }
}
