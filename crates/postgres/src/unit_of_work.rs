//! The unit of work: one transaction, opened as one actor.
//!
//! All transactions begin here. A handler that is dropped while it waits for `BEGIN`
//! returns a connection with an open transaction to the pool, and the next caller's changes
//! are then silently not committed. Therefore the transaction is opened in a task of its
//! own, which a disconnecting client cannot drop half way.

use std::{sync::Arc, time::Duration};

use accunode_domain::access::Scope;
use accunode_ports::{
    RepositoryError,
    repositories::{
        ApiKeyWriter, AuditWriter, AuthWriter, CompanyWriter, DefinitionWriter,
        IdempotencyRepository, InvitationWriter, JobWriter, JoinTokenWriter, OrganizationWriter,
        OutcomeWriter, OwnDataWriter, PredictionWriter, Repositories, ScaleWriter,
        SecondFactorWriter, UnitOfWork, UserTokenWriter, UserWriter, ValidationWriter,
    },
};
use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
    sea_query::Values,
};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, Executor, PgPool, Postgres, Transaction};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    actor::ActorSettings,
    db::Tx,
    errors::{defect, from_sqlx},
    pools::Turn,
    repositories::{
        ApiKeys, AuditLog, AuthUsers, Companies, Definitions, Invitations, Jobs, JoinTokens,
        Organizations, Outcomes, OwnRecords, PgRepositories, Predictions, Scales, SecondFactors,
        StoredOutcomes, UserTokens, Users, Validations,
    },
};

/// The time limit of a statement that deletes all rows of an owner.
const DELETION: Duration = Duration::from_secs(300);

type Open = Transaction<'static, Postgres>;

/// One transaction, usable by SeaORM and for COPY, with the actor it was opened as.
pub(crate) struct PgTx {
    transaction: Mutex<Open>,
    actor: ActorSettings,
}

impl std::fmt::Debug for PgTx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PgTx")
            .field("actor", &self.actor)
            .finish_non_exhaustive()
    }
}

impl PgTx {
    /// Begins a transaction as this actor.
    pub(crate) async fn begin(
        pool: &PgPool,
        actor: ActorSettings,
    ) -> Result<Self, RepositoryError> {
        let pool = pool.clone();
        #[expect(clippy::disallowed_methods, reason = "waited for at once, below")]
        let task = tokio::spawn(async move {
            #[expect(clippy::disallowed_methods, reason = "this is the one place")]
            let mut transaction = pool.begin().await?;
            query(actor.set()).execute(&mut *transaction).await?;
            Ok(Self {
                transaction: Mutex::new(transaction),
                actor,
            })
        });
        match task.await {
            Ok(begun) => begun.map_err(from_sqlx),
            // The runtime is ending, or sqlx panicked: either way there is no transaction.
            Err(join) => Err(RepositoryError::Unavailable(Box::new(join))),
        }
    }

    /// Returns the actor that the transaction was opened as.
    pub(crate) const fn actor(&self) -> &ActorSettings {
        &self.actor
    }

    /// Returns the connection, for statements that SeaORM cannot run.
    pub(crate) async fn connection(&self) -> MutexGuard<'_, Open> {
        self.transaction.lock().await
    }

    /// Returns the transaction alone.
    pub(crate) fn into_inner(self) -> Open {
        self.transaction.into_inner()
    }

    /// Raises the time limit for the statements of this transaction, because an account or
    /// an organization is removed with all its rows.
    pub(crate) async fn extend_statement_timeout(&self) -> Result<(), RepositoryError> {
        self.limit_statements(DELETION).await
    }

    /// Sets the time limit for the statements of this transaction.
    pub(crate) async fn limit_statements(&self, limit: Duration) -> Result<(), RepositoryError> {
        sqlx::query("SELECT set_config('statement_timeout', $1, true)")
            .bind(limit.as_millis().to_string())
            .execute(&mut **self.connection().await)
            .await
            .map(|_| ())
            .map_err(from_sqlx)
    }

    pub(crate) async fn commit(self) -> Result<(), RepositoryError> {
        self.transaction
            .into_inner()
            .commit()
            .await
            .map_err(from_sqlx)
    }
}

/// Converts a statement of SeaORM for sqlx.
pub(crate) fn query(statement: Statement) -> sqlx::query::Query<'static, Postgres, SqlxValues> {
    let values = statement.values.unwrap_or(Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values))
}

fn exec_error(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}

fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

#[async_trait]
impl ConnectionTrait for PgTx {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let done = query(statement)
            .execute(&mut **self.connection().await)
            .await;
        done.map(Into::into).map_err(exec_error)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut connection = self.connection().await;
        (&mut **connection)
            .execute(AssertSqlSafe(sql))
            .await
            .map(Into::into)
            .map_err(exec_error)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let row = query(statement)
            .fetch_optional(&mut **self.connection().await)
            .await;
        row.map(|row| row.map(Into::into)).map_err(query_error)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let rows = query(statement)
            .fetch_all(&mut **self.connection().await)
            .await;
        rows.map(|rows| rows.into_iter().map(Into::into).collect())
            .map_err(query_error)
    }
}

/// A unit of work on PostgreSQL.
#[derive(Debug)]
pub(crate) struct PgUnitOfWork {
    repositories: UnitRepositories,
    tx: Tx,
    /// The owner's turn on the pool. Declared after the transaction, which is therefore
    /// dropped first.
    turn: Turn,
}

/// The repositories of a unit of work. All of them share the transaction.
#[derive(Debug)]
struct UnitRepositories {
    reads: PgRepositories<Tx>,
    auth: AuthUsers<Tx>,
    api_keys: ApiKeys<Tx>,
    own_data: OwnRecords<Tx>,
    users: Users<Tx>,
    second_factors: SecondFactors<Tx>,
    user_tokens: UserTokens<Tx>,
    invitations: Invitations<Tx>,
    organizations: Organizations<Tx>,
    join_tokens: JoinTokens<Tx>,
    companies: Companies<Tx>,
    predictions: Predictions<Tx>,
    outcomes: Outcomes<Tx>,
    validations: Validations<Tx>,
    definitions: Definitions<Tx>,
    scales: Scales<Tx>,
    jobs: Jobs<Tx>,
    audit: AuditLog<Tx>,
    idempotency: StoredOutcomes,
}

impl PgUnitOfWork {
    /// Begins a unit of work as this actor, in this turn.
    pub(crate) async fn begin(
        pool: &PgPool,
        scope: &Scope,
        turn: Turn,
    ) -> Result<Self, RepositoryError> {
        let tx = Arc::new(PgTx::begin(pool, ActorSettings::of(scope)).await?);
        let repositories = UnitRepositories {
            reads: PgRepositories::of_transaction(&tx),
            auth: AuthUsers::new(tx.clone()),
            api_keys: ApiKeys::new(tx.clone()),
            own_data: OwnRecords::new(tx.clone()),
            users: Users::new(tx.clone()),
            second_factors: SecondFactors::new(tx.clone()),
            user_tokens: UserTokens::new(tx.clone()),
            invitations: Invitations::new(tx.clone()),
            organizations: Organizations::new(tx.clone()),
            join_tokens: JoinTokens::new(tx.clone()),
            companies: Companies::new(tx.clone()),
            predictions: Predictions::new(tx.clone()),
            outcomes: Outcomes::new(tx.clone()),
            validations: Validations::new(tx.clone()),
            definitions: Definitions::new(tx.clone()),
            scales: Scales::new(tx.clone()),
            jobs: Jobs::new(tx.clone()),
            audit: AuditLog::new(tx.clone()),
            idempotency: StoredOutcomes::new(tx.clone()),
        };
        Ok(Self {
            repositories,
            tx,
            turn,
        })
    }
}

#[async_trait]
impl UnitOfWork for PgUnitOfWork {
    fn reads(&self) -> &dyn Repositories {
        &self.repositories.reads
    }

    fn auth(&self) -> &dyn AuthWriter {
        &self.repositories.auth
    }

    fn api_keys(&self) -> &dyn ApiKeyWriter {
        &self.repositories.api_keys
    }

    fn own_data(&self) -> &dyn OwnDataWriter {
        &self.repositories.own_data
    }

    fn users(&self) -> &dyn UserWriter {
        &self.repositories.users
    }

    fn second_factors(&self) -> &dyn SecondFactorWriter {
        &self.repositories.second_factors
    }

    fn user_tokens(&self) -> &dyn UserTokenWriter {
        &self.repositories.user_tokens
    }

    fn invitations(&self) -> &dyn InvitationWriter {
        &self.repositories.invitations
    }

    fn organizations(&self) -> &dyn OrganizationWriter {
        &self.repositories.organizations
    }

    fn join_tokens(&self) -> &dyn JoinTokenWriter {
        &self.repositories.join_tokens
    }

    fn companies(&self) -> &dyn CompanyWriter {
        &self.repositories.companies
    }

    fn predictions(&self) -> &dyn PredictionWriter {
        &self.repositories.predictions
    }

    fn outcomes(&self) -> &dyn OutcomeWriter {
        &self.repositories.outcomes
    }

    fn validations(&self) -> &dyn ValidationWriter {
        &self.repositories.validations
    }

    fn definitions(&self) -> &dyn DefinitionWriter {
        &self.repositories.definitions
    }

    fn scales(&self) -> &dyn ScaleWriter {
        &self.repositories.scales
    }

    fn jobs(&self) -> &dyn JobWriter {
        &self.repositories.jobs
    }

    fn audit_log(&self) -> &dyn AuditWriter {
        &self.repositories.audit
    }

    fn idempotency(&self) -> &dyn IdempotencyRepository {
        &self.repositories.idempotency
    }

    async fn commit(self: Box<Self>) -> Result<(), RepositoryError> {
        let Self {
            repositories,
            tx,
            turn: _turn,
        } = *self;
        drop(repositories);
        match Arc::into_inner(tx) {
            Some(tx) => tx.commit().await,
            None => Err(defect("a unit of work is committed while it is in use")),
        }
    }
}
