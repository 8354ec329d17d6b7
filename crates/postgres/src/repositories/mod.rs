//! The repositories of the ports over an [`Executor`], with one file and one struct each.

mod analytics;
mod api_key;
mod audit;
mod auth;
pub(crate) mod company;
mod default_definition;
mod idempotency;
mod invitation;
mod job;
mod join_tokens;
mod monitoring;
mod organization;
mod outcome;
mod own_data;
mod prediction;
mod rating_scale;
mod rescoring;
mod revision;
mod second_factor;
mod user;
mod user_token;
mod validation;

use std::sync::Arc;

use accunode_ports::repositories::{
    AnalyticsRepository, ApiKeyRepository, AuditLogRepository, AuthRepository, CompanyRepository,
    DefinitionRepository, InvitationRepository, JobRepository, JoinTokenRepository,
    MonitoringRepository, OrganizationRepository, OutcomeRepository, OwnDataRepository,
    PredictionRepository, Repositories, ScaleRepository, SecondFactorRepository, UserRepository,
    UserTokenRepository, ValidationRepository,
};

pub(crate) use self::{
    analytics::Analytics, api_key::ApiKeys, audit::AuditLog, auth::AuthUsers, company::Companies,
    default_definition::Definitions, idempotency::StoredOutcomes, invitation::Invitations,
    job::Jobs, join_tokens::JoinTokens, monitoring::MonitoredModels, organization::Organizations,
    outcome::Outcomes, own_data::OwnRecords, prediction::Predictions, rating_scale::Scales,
    second_factor::SecondFactors, user::Users, user_token::UserTokens, validation::Validations,
};
use crate::{
    db::{Executor, Tx},
    pools::{Pools, ReadPools},
    replica::Replica,
};

/// The repositories that read, through one executor.
#[derive(Debug)]
pub(crate) struct PgRepositories<E> {
    auth: AuthUsers<E>,
    api_keys: ApiKeys<E>,
    own_data: OwnRecords<E>,
    users: Users<E>,
    second_factors: SecondFactors<E>,
    user_tokens: UserTokens<E>,
    invitations: Invitations<E>,
    organizations: Organizations<E>,
    join_tokens: JoinTokens<E>,
    companies: Companies<E>,
    predictions: Predictions<E>,
    outcomes: Outcomes<E>,
    validations: Validations<E>,
    definitions: Definitions<E>,
    scales: Scales<E>,
    monitoring: MonitoredModels<E>,
    jobs: Jobs<E>,
    analytics: Analytics<E>,
    audit: AuditLog<E>,
}

impl<E: Clone> PgRepositories<E> {
    /// `identity` is the executor for looking up the callers of requests, `current` the one for
    /// reads that must not be late (who may do what, jobs), and `rows` the one for everything
    /// else.
    fn new(identity: &E, current: &E, rows: &E) -> Self {
        Self {
            auth: AuthUsers::new(identity.clone()),
            api_keys: ApiKeys::new(identity.clone()),
            own_data: OwnRecords::new(rows.clone()),
            users: Users::new(current.clone()),
            second_factors: SecondFactors::new(identity.clone()),
            user_tokens: UserTokens::new(identity.clone()),
            invitations: Invitations::new(current.clone()),
            organizations: Organizations::new(current.clone()),
            join_tokens: JoinTokens::new(current.clone()),
            companies: Companies::new(rows.clone()),
            predictions: Predictions::new(rows.clone()),
            outcomes: Outcomes::new(rows.clone()),
            validations: Validations::new(rows.clone()),
            definitions: Definitions::new(rows.clone()),
            scales: Scales::new(rows.clone()),
            monitoring: MonitoredModels::new(rows.clone()),
            jobs: Jobs::new(current.clone()),
            analytics: Analytics::new(rows.clone()),
            audit: AuditLog::new(rows.clone()),
        }
    }
}

impl PgRepositories<ReadPools> {
    /// The repositories outside of transactions.
    pub(crate) fn of_pools(pools: &Pools, replica: Option<&Arc<Replica>>) -> Self {
        let identity = ReadPools::only(&pools.identity);
        let current = ReadPools::by_work(&pools.reads, &pools.expensive);
        let rows = current.clone().with_replica(replica);
        let repositories = Self::new(&identity, &current, &rows);
        Self {
            auth: repositories.auth.sharing(),
            ..repositories
        }
    }
}

impl PgRepositories<Tx> {
    /// The repositories in a unit of work.
    pub(crate) fn of_transaction(tx: &Tx) -> Self {
        Self::new(tx, tx, tx)
    }
}

impl<E: Executor> Repositories for PgRepositories<E> {
    fn auth(&self) -> &dyn AuthRepository {
        &self.auth
    }

    fn api_keys(&self) -> &dyn ApiKeyRepository {
        &self.api_keys
    }

    fn own_data(&self) -> &dyn OwnDataRepository {
        &self.own_data
    }

    fn users(&self) -> &dyn UserRepository {
        &self.users
    }

    fn second_factors(&self) -> &dyn SecondFactorRepository {
        &self.second_factors
    }

    fn user_tokens(&self) -> &dyn UserTokenRepository {
        &self.user_tokens
    }

    fn invitations(&self) -> &dyn InvitationRepository {
        &self.invitations
    }

    fn organizations(&self) -> &dyn OrganizationRepository {
        &self.organizations
    }

    fn join_tokens(&self) -> &dyn JoinTokenRepository {
        &self.join_tokens
    }

    fn companies(&self) -> &dyn CompanyRepository {
        &self.companies
    }

    fn predictions(&self) -> &dyn PredictionRepository {
        &self.predictions
    }

    fn outcomes(&self) -> &dyn OutcomeRepository {
        &self.outcomes
    }

    fn validations(&self) -> &dyn ValidationRepository {
        &self.validations
    }

    fn definitions(&self) -> &dyn DefinitionRepository {
        &self.definitions
    }
    fn scales(&self) -> &dyn ScaleRepository {
        &self.scales
    }

    fn monitoring(&self) -> &dyn MonitoringRepository {
        &self.monitoring
    }

    fn jobs(&self) -> &dyn JobRepository {
        &self.jobs
    }

    fn analytics(&self) -> &dyn AnalyticsRepository {
        &self.analytics
    }

    fn audit_log(&self) -> &dyn AuditLogRepository {
        &self.audit
    }
}
