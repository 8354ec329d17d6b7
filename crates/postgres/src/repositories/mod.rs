//! One file and one struct for each repository of the ports, over an [`Executor`].

mod analytics;
mod api_key;
mod audit;
pub(crate) mod company;
mod idempotency;
mod invitation;
pub(crate) mod job;
mod joining;
mod organization;
mod own_data;
mod person;
mod prediction;
mod rescoring;
mod revision;
mod second_factor;
pub(crate) mod user;
mod user_token;

use std::sync::Arc;

use accunode_ports::repositories::{
    AnalyticsRepository, ApiKeyRepository, AuditRepository, CompanyRepository,
    InvitationRepository, JobRepository, JoiningRepository, OrganizationRepository,
    OwnDataRepository, PersonRepository, PredictionRepository, Repositories,
    SecondFactorRepository, UserRepository, UserTokenRepository,
};

pub(crate) use self::{analytics::Analytics, company::Companies, prediction::Predictions};
use crate::{
    db::{Db, Executor, Tx},
    pools::{Pools, ReadPools},
};

/// The repositories that read, by one executor.
#[derive(Debug)]
pub(crate) struct PgRepositories<E> {
    /// Who asks.
    identity: Db,
    /// Rows.
    rows: Db,
    companies: Companies<E>,
    predictions: Predictions<E>,
    analytics: Analytics<E>,
}

impl PgRepositories<ReadPools> {
    /// Outside of transactions.
    pub(crate) fn of_pools(pools: &Pools) -> Self {
        let identity = ReadPools::only(&pools.identity);
        let rows = ReadPools::by_work(&pools.reads, &pools.expensive);
        Self {
            identity: Db::Pool(identity),
            companies: Companies::new(rows.clone()),
            predictions: Predictions::new(rows.clone()),
            analytics: Analytics::new(rows.clone()),
            rows: Db::Pool(rows),
        }
    }
}

impl PgRepositories<Tx> {
    /// In a unit of work.
    pub(crate) fn of_transaction(tx: &Tx) -> Self {
        Self {
            identity: Db::Transaction(Arc::clone(tx)),
            rows: Db::Transaction(Arc::clone(tx)),
            companies: Companies::new(Arc::clone(tx)),
            predictions: Predictions::new(Arc::clone(tx)),
            analytics: Analytics::new(Arc::clone(tx)),
        }
    }
}

impl<E: Executor> Repositories for PgRepositories<E> {
    fn users(&self) -> &dyn UserRepository {
        &self.identity
    }

    fn api_keys(&self) -> &dyn ApiKeyRepository {
        &self.identity
    }

    fn own_data(&self) -> &dyn OwnDataRepository {
        &self.rows
    }

    fn people(&self) -> &dyn PersonRepository {
        &self.rows
    }

    fn second_factors(&self) -> &dyn SecondFactorRepository {
        &self.identity
    }

    fn user_tokens(&self) -> &dyn UserTokenRepository {
        &self.identity
    }

    fn invitations(&self) -> &dyn InvitationRepository {
        &self.rows
    }

    fn organizations(&self) -> &dyn OrganizationRepository {
        &self.rows
    }

    fn joining(&self) -> &dyn JoiningRepository {
        &self.rows
    }

    fn companies(&self) -> &dyn CompanyRepository {
        &self.companies
    }

    fn predictions(&self) -> &dyn PredictionRepository {
        &self.predictions
    }

    fn jobs(&self) -> &dyn JobRepository {
        &self.rows
    }

    fn analytics(&self) -> &dyn AnalyticsRepository {
        &self.analytics
    }

    fn audit(&self) -> &dyn AuditRepository {
        &self.rows
    }
}
