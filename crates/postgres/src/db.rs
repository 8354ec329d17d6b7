//! Executors of statements: a pool, one statement at a time, or the open transaction.
//!
//! A repository is a struct over an [`Executor`]. Its read methods are written once for every
//! executor; write methods are implemented for [`Tx`] alone, so that a change outside of a unit
//! of work does not compile.

use std::{fmt::Debug, sync::Arc, time::Duration};

use accunode_ports::RepositoryError;
use async_trait::async_trait;
use sea_orm::{
    DbBackend, FromQueryResult, QueryResult, Statement, StatementBuilder, Value, sea_query::Values,
};
use sqlx::postgres::PgRow;

use crate::{
    actor::ActorSettings,
    errors::{from_orm, from_sqlx, is_statement_timeout},
    pools::{ReadPools, SharedPool},
    unit_of_work::{PgTx, query},
};

/// The transaction of a unit of work, shared by its repositories.
pub(crate) type Tx = Arc<PgTx>;

/// Executes the statements of a repository.
#[async_trait]
pub(crate) trait Executor: Debug + Send + Sync {
    /// Returns the actor of a read: the transaction's own, which a read must not change, or else
    /// the reader's.
    fn actor<'a>(&'a self, reader: &'a ActorSettings) -> &'a ActorSettings;

    /// Returns all rows of a statement.
    async fn rows(&self, statement: Statement) -> Result<Vec<QueryResult>, RepositoryError>;

    /// Returns the only row of a statement, if there is one.
    async fn row(&self, statement: Statement) -> Result<Option<QueryResult>, RepositoryError>;

    /// Returns all rows of a statement that is cancelled if it takes longer than `limit`; in a
    /// transaction the limit of the transaction applies.
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

    /// Returns all rows of a statement as models.
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

    /// Returns the only row of a statement as a model, if there is one.
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

/// Reads a row as a model.
pub(crate) fn model<M: FromQueryResult>(row: &QueryResult) -> Result<M, RepositoryError> {
    M::from_query_result(row, "").map_err(from_orm)
}

/// Builds a statement of `sea_query`, with its limits as numbers.
pub(crate) fn build(statement: impl StatementBuilder) -> Statement {
    with_literal_limits(statement.build(&DbBackend::Postgres))
}

/// Returns the statement with the value of LIMIT as a number and not as a parameter. PostgreSQL
/// assumes that a generic plan with an unknown limit reads a tenth of the table, so it would
/// never keep that plan and would plan the statement again on every call, which takes longer
/// than the read itself. With the number both plans cost the same, and from the sixth call of a
/// connection on the kept plan is used.
fn with_literal_limits(statement: Statement) -> Statement {
    const LIMIT: &str = "LIMIT ";
    let Some(Values(values)) = statement.values else {
        return statement;
    };
    let mut kept = Vec::with_capacity(values.len());
    let mut sql = String::with_capacity(statement.sql.len());
    let mut rest = statement.sql.as_str();
    while let Some(at) = rest.find('$') {
        let (before, parameter) = rest.split_at(at);
        let digits = parameter[1..].bytes().take_while(u8::is_ascii_digit);
        let end = 1 + digits.count();
        let number: Option<usize> = parameter[1..end].parse().ok();
        let value = number.and_then(|n| values.get(n.checked_sub(1)?));
        sql.push_str(before);
        match value {
            Some(Value::BigUnsigned(Some(limit))) if before.ends_with(LIMIT) => {
                sql.push_str(&limit.to_string());
            }
            Some(value) => {
                kept.push(value.clone());
                sql.push('$');
                sql.push_str(&kept.len().to_string());
            }
            None => sql.push_str(&parameter[..end]),
        }
        rest = &parameter[end..];
    }
    sql.push_str(rest);
    Statement {
        sql,
        values: Some(Values(kept)),
        ..statement
    }
}

/// Returns a statement that is written as SQL, with its values.
pub(crate) fn raw(sql: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

#[async_trait]
impl Executor for ReadPools {
    fn actor<'a>(&'a self, reader: &'a ActorSettings) -> &'a ActorSettings {
        reader
    }

    async fn rows(&self, statement: Statement) -> Result<Vec<QueryResult>, RepositoryError> {
        if let Some((replica, pool)) = self.late() {
            match rows_of(pool, statement.clone()).await {
                Err(error) if replica.gives_way(&error) => {}
                done => return done,
            }
        }
        rows_of(self.present(), statement).await
    }

    async fn row(&self, statement: Statement) -> Result<Option<QueryResult>, RepositoryError> {
        if let Some((replica, pool)) = self.late() {
            match row_of(pool, statement.clone()).await {
                Err(error) if replica.gives_way(&error) => {}
                done => return done,
            }
        }
        row_of(self.present(), statement).await
    }

    /// Runs in a short transaction, since a statement cannot limit itself.
    async fn rows_within(
        &self,
        reader: &ActorSettings,
        limit: Duration,
        what: &'static str,
        statement: Statement,
    ) -> Result<Vec<QueryResult>, RepositoryError> {
        if let Some((replica, pool)) = self.late() {
            match rows_of_within(pool, reader, limit, what, statement.clone()).await {
                Err(RepositoryError::TimedOut { what, limit }) => {
                    return Err(RepositoryError::TimedOut { what, limit });
                }
                Err(error) if replica.gives_way(&error) => {}
                done => return done,
            }
        }
        rows_of_within(self.present(), reader, limit, what, statement).await
    }
}

async fn rows_of(
    pool: &SharedPool,
    statement: Statement,
) -> Result<Vec<QueryResult>, RepositoryError> {
    let (mut connection, _turn) = pool.connection().await?;
    let rows = query(statement).fetch_all(&mut *connection).await;
    rows.map(into_results).map_err(from_sqlx)
}

async fn row_of(
    pool: &SharedPool,
    statement: Statement,
) -> Result<Option<QueryResult>, RepositoryError> {
    let (mut connection, _turn) = pool.connection().await?;
    let row = query(statement).fetch_optional(&mut *connection).await;
    row.map(|row| row.map(Into::into)).map_err(from_sqlx)
}

async fn rows_of_within(
    pool: &SharedPool,
    reader: &ActorSettings,
    limit: Duration,
    what: &'static str,
    statement: Statement,
) -> Result<Vec<QueryResult>, RepositoryError> {
    let _turn = pool.turn().await?;
    let tx = PgTx::begin(pool.pool(), reader.clone())
        .await
        .map_err(|error| pool.noted(error))?;
    tx.limit_statements(limit).await?;
    // It was only read: dropping it is equivalent to committing it.
    Arc::new(tx)
        .rows_within(reader, limit, what, statement)
        .await
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

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::{Expr, ExprTrait, Query};

    use super::*;

    #[test]
    fn limits_are_inlined_and_other_values_stay_parameters() {
        let mut inner = Query::select();
        inner
            .column("id")
            .from("t")
            .and_where(Expr::col("a").eq("LIMIT $1"))
            .limit(21);
        let mut outer = Query::select();
        outer
            .column("id")
            .from_subquery(inner, "x")
            .and_where(Expr::col("b").eq(7))
            .limit(5);
        let statement = build(outer);
        let expected = r#"SELECT "id" FROM (SELECT "id" FROM "t" WHERE "a" = $1 LIMIT 21) AS "x" WHERE "b" = $2 LIMIT 5"#;
        assert_eq!(statement.sql, expected);
        assert_eq!(
            statement.values,
            Some(Values(vec!["LIMIT $1".into(), 7.into()]))
        );
    }
}
