//! Where statements run: on the pool, one at a time, or in the open transaction.
//! Every repository is implemented on [`Db`], once for both.

use accunode_domain::access::{Grant, Scope};
use accunode_ports::RepositoryError;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};
use sqlx::{
    Postgres, QueryBuilder,
    postgres::{PgQueryResult, PgRow},
};

use crate::{actor::ActorSettings, errors::from_sqlx, unit_of_work::PgTx};

/// How long a statement may take that deletes all rows of somebody.
const DELETION: &str = "300s";

/// The pool or a transaction.
#[derive(Debug)]
pub(crate) enum Db {
    /// Autocommit: every statement sets its own actor.
    Pool(DatabaseConnection),
    /// A unit of work, opened as one actor.
    Transaction(PgTx),
}

impl Db {
    /// The actor of a read: the transaction's own, which a read must not change, or
    /// else the scope's.
    pub(crate) fn actor(&self, scope: &Scope) -> ActorSettings {
        match self {
            Self::Pool(_) => ActorSettings::of(scope),
            Self::Transaction(tx) => tx.actor().clone(),
        }
    }

    /// The same for a read that needs no more than a grant.
    pub(crate) fn actor_of_grant(&self, grant: Grant) -> ActorSettings {
        match self {
            Self::Pool(_) => ActorSettings::of_grant(grant),
            Self::Transaction(tx) => tx.actor().clone(),
        }
    }

    /// Every row of a statement.
    pub(crate) async fn all(
        &self,
        mut sql: QueryBuilder<Postgres>,
    ) -> Result<Vec<PgRow>, RepositoryError> {
        match self {
            Self::Pool(pool) => {
                sql.build()
                    .fetch_all(pool.get_postgres_connection_pool())
                    .await
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
            Self::Pool(pool) => {
                sql.build()
                    .fetch_optional(pool.get_postgres_connection_pool())
                    .await
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
            Self::Pool(pool) => {
                sql.build()
                    .execute(pool.get_postgres_connection_pool())
                    .await
            }
            Self::Transaction(tx) => sql.build().execute(&mut **tx.connection().await).await,
        };
        done.map(|done| done.rows_affected()).map_err(from_sqlx)
    }

    /// Gives the statements of this unit of work more time than others: somebody, or an
    /// organization, goes with all the rows.
    pub(crate) async fn take_time(&self) -> Result<(), RepositoryError> {
        let mut sql = QueryBuilder::new("SELECT set_config('statement_timeout', ");
        sql.push_bind(DELETION).push(", true)");
        self.run(sql).await.map(|_| ())
    }

    /// The open transaction.
    ///
    /// # Errors
    /// `Internal` on the pool: what calls this changes tenant rows, and those are
    /// changed in a unit of work only.
    pub(crate) fn transaction(&self) -> Result<&PgTx, RepositoryError> {
        match self {
            Self::Transaction(tx) => Ok(tx),
            Self::Pool(_) => Err(crate::errors::defect(
                "tenant rows are changed in a unit of work only",
            )),
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Db {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Pool(pool) => pool.execute_raw(statement).await,
            Self::Transaction(tx) => tx.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Pool(pool) => pool.execute_unprepared(sql).await,
            Self::Transaction(tx) => tx.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Pool(pool) => pool.query_one_raw(statement).await,
            Self::Transaction(tx) => tx.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Pool(pool) => pool.query_all_raw(statement).await,
            Self::Transaction(tx) => tx.query_all_raw(statement).await,
        }
    }
}
