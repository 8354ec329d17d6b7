//! Where statements run: on the pool, one at a time, or in the open transaction.
//! Every repository is implemented on [`Db`], once for both.

use std::time::Duration;

use accunode_domain::access::{Grant, Scope};
use accunode_ports::RepositoryError;
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};
use sqlx::{
    Postgres, QueryBuilder,
    postgres::{PgQueryResult, PgRow},
};

use crate::{
    actor::ActorSettings,
    errors::{from_sqlx, is_statement_timeout},
    pools::ReadPools,
    unit_of_work::PgTx,
};

/// How long a statement may take that deletes all rows of somebody.
const DELETION: Duration = Duration::from_secs(300);

/// A pool or a transaction.
#[derive(Debug)]
pub(crate) enum Db {
    /// Autocommit: every statement sets its own actor.
    Pool(ReadPools),
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
        self.limit_statements(DELETION).await
    }

    /// Every row of a statement that is ended where it takes longer than `limit`: on a pool
    /// in a short transaction, since a statement cannot limit itself.
    ///
    /// # Errors
    /// `TimedOut`, naming `what`.
    pub(crate) async fn all_within(
        &self,
        actor: &ActorSettings,
        limit: Duration,
        what: &'static str,
        sql: QueryBuilder<Postgres>,
    ) -> Result<Vec<PgRow>, RepositoryError> {
        let rows = match self {
            // Whoever opened the transaction has set its limit.
            Self::Transaction(_) => self.all(sql).await,
            Self::Pool(pools) => {
                let pool = pools.present();
                let _turn = pool.turn().await?;
                let tx = PgTx::begin(pool.pool(), actor.clone())
                    .await
                    .map_err(|error| pool.noted(error))?;
                let short = Self::Transaction(tx);
                short.limit_statements(limit).await?;
                // Only read: dropping it is as good as committing it.
                short.all(sql).await
            }
        };
        rows.map_err(|error| {
            if is_statement_timeout(&error) {
                RepositoryError::TimedOut { what, limit }
            } else {
                error
            }
        })
    }

    async fn limit_statements(&self, limit: Duration) -> Result<(), RepositoryError> {
        let mut sql = QueryBuilder::new("SELECT set_config('statement_timeout', ");
        sql.push_bind(limit.as_millis().to_string()).push(", true)");
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

/// SeaORM has one error for who waited in vain.
fn out_of_turn(_: RepositoryError) -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}

#[async_trait::async_trait]
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
