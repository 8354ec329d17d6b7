//! Where statements run: on a pool, one at a time, or in the open transaction.
//!
//! A repository is a struct over an [`Executor`]. Its reads are written once for every
//! executor; what changes rows is implemented for [`Tx`] alone, so that a change outside of a
//! unit of work does not compile.

use std::{fmt::Debug, sync::Arc, time::Duration};

use accunode_ports::RepositoryError;
use async_trait::async_trait;
use sea_orm::{DbBackend, FromQueryResult, QueryResult, Statement, StatementBuilder, Value};
use sqlx::postgres::PgRow;

use crate::{
    actor::ActorSettings,
    errors::{from_orm, from_sqlx, is_statement_timeout},
    pools::ReadPools,
    unit_of_work::{PgTx, query},
};

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
    /// transaction has the limit of the one who opened it.
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
