//! Doubles for tests of use cases. The mockall double of each port is defined beside its
//! trait; this module contains the store that returns them.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use accunode_domain::access::Scope;
use async_trait::async_trait;

use crate::{
    RepositoryError,
    health::Failing,
    repositories::{
        AnalyticsRepository, ApiKeyRepository, ApiKeyWriter, AuditLogRepository, AuditWriter,
        AuthRepository, AuthWriter, CompanyRepository, CompanyWriter, DefinitionRepository,
        DefinitionWriter, HistoryReader, IdempotencyRepository, InvitationRepository,
        InvitationWriter, JobRepository, JobWriter, JoinTokenRepository, JoinTokenWriter,
        MockAnalyticsRepository, MockApiKeyRepository, MockApiKeyWriter, MockAuditLogRepository,
        MockAuditWriter, MockAuthRepository, MockAuthWriter, MockCompanyRepository,
        MockCompanyWriter, MockDefinitionRepository, MockDefinitionWriter,
        MockIdempotencyRepository, MockInvitationRepository, MockInvitationWriter,
        MockJobRepository, MockJobWriter, MockJoinTokenRepository, MockJoinTokenWriter,
        MockMonitoringRepository, MockOrganizationRepository, MockOrganizationWriter,
        MockOutcomeRepository, MockOutcomeWriter, MockOwnDataRepository, MockOwnDataWriter,
        MockPredictionRepository, MockPredictionWriter, MockScaleRepository, MockScaleWriter,
        MockSecondFactorRepository, MockSecondFactorWriter, MockUserRepository,
        MockUserTokenRepository, MockUserTokenWriter, MockUserWriter, MockValidationRepository,
        MockValidationWriter, MonitoringRepository, OrganizationRepository, OrganizationWriter,
        OutcomeRepository, OutcomeWriter, OwnDataRepository, OwnDataWriter, PredictionRepository,
        PredictionWriter, Repositories, ScaleRepository, ScaleWriter, SecondFactorRepository,
        SecondFactorWriter, Store, UnitOfWork, UserRepository, UserTokenRepository,
        UserTokenWriter, UserWriter, ValidationRepository, ValidationWriter, WantedHistories,
    },
};

/// The repositories that read, as mocks.
#[derive(Default)]
#[expect(missing_docs, reason = "the names are those of the methods")]
pub struct MockRepositories {
    pub auth: MockAuthRepository,
    pub api_keys: MockApiKeyRepository,
    pub own_data: MockOwnDataRepository,
    pub users: MockUserRepository,
    pub user_tokens: MockUserTokenRepository,
    pub second_factors: MockSecondFactorRepository,
    pub invitations: MockInvitationRepository,
    pub organizations: MockOrganizationRepository,
    pub join_tokens: MockJoinTokenRepository,
    pub companies: MockCompanyRepository,
    pub predictions: MockPredictionRepository,
    pub outcomes: MockOutcomeRepository,
    pub validations: MockValidationRepository,
    pub definitions: MockDefinitionRepository,
    pub scales: MockScaleRepository,
    pub monitoring: MockMonitoringRepository,
    pub jobs: MockJobRepository,
    pub analytics: MockAnalyticsRepository,
    pub audit_log: MockAuditLogRepository,
}

impl std::fmt::Debug for MockRepositories {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MockRepositories")
    }
}

impl Repositories for MockRepositories {
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
    fn user_tokens(&self) -> &dyn UserTokenRepository {
        &self.user_tokens
    }
    fn second_factors(&self) -> &dyn SecondFactorRepository {
        &self.second_factors
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
        &self.audit_log
    }
}

/// A unit of work whose repositories are mocks, and which records whether it was committed.
#[derive(Default)]
#[expect(missing_docs, reason = "the names are those of the methods")]
pub struct MockUnitOfWork {
    pub reads: MockRepositories,
    pub auth: MockAuthWriter,
    pub api_keys: MockApiKeyWriter,
    pub own_data: MockOwnDataWriter,
    pub users: MockUserWriter,
    pub user_tokens: MockUserTokenWriter,
    pub second_factors: MockSecondFactorWriter,
    pub invitations: MockInvitationWriter,
    pub organizations: MockOrganizationWriter,
    pub join_tokens: MockJoinTokenWriter,
    pub companies: MockCompanyWriter,
    pub predictions: MockPredictionWriter,
    pub outcomes: MockOutcomeWriter,
    pub validations: MockValidationWriter,
    pub definitions: MockDefinitionWriter,
    pub scales: MockScaleWriter,
    pub jobs: MockJobWriter,
    pub audit_log: MockAuditWriter,
    pub idempotency: MockIdempotencyRepository,
    /// Whether `commit` was called.
    pub committed: Arc<AtomicBool>,
}

impl std::fmt::Debug for MockUnitOfWork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MockUnitOfWork")
            .field("committed", &self.committed)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl UnitOfWork for MockUnitOfWork {
    fn reads(&self) -> &dyn Repositories {
        &self.reads
    }
    fn auth(&self) -> &dyn AuthWriter {
        &self.auth
    }
    fn api_keys(&self) -> &dyn ApiKeyWriter {
        &self.api_keys
    }
    fn own_data(&self) -> &dyn OwnDataWriter {
        &self.own_data
    }
    fn users(&self) -> &dyn UserWriter {
        &self.users
    }
    fn user_tokens(&self) -> &dyn UserTokenWriter {
        &self.user_tokens
    }
    fn second_factors(&self) -> &dyn SecondFactorWriter {
        &self.second_factors
    }
    fn invitations(&self) -> &dyn InvitationWriter {
        &self.invitations
    }
    fn organizations(&self) -> &dyn OrganizationWriter {
        &self.organizations
    }
    fn join_tokens(&self) -> &dyn JoinTokenWriter {
        &self.join_tokens
    }
    fn companies(&self) -> &dyn CompanyWriter {
        &self.companies
    }
    fn predictions(&self) -> &dyn PredictionWriter {
        &self.predictions
    }
    fn outcomes(&self) -> &dyn OutcomeWriter {
        &self.outcomes
    }
    fn validations(&self) -> &dyn ValidationWriter {
        &self.validations
    }
    fn definitions(&self) -> &dyn DefinitionWriter {
        &self.definitions
    }
    fn scales(&self) -> &dyn ScaleWriter {
        &self.scales
    }
    fn jobs(&self) -> &dyn JobWriter {
        &self.jobs
    }
    fn audit_log(&self) -> &dyn AuditWriter {
        &self.audit_log
    }
    fn idempotency(&self) -> &dyn IdempotencyRepository {
        &self.idempotency
    }
    async fn commit(self: Box<Self>) -> Result<(), RepositoryError> {
        self.committed.store(true, Ordering::SeqCst);
        Ok(())
    }
}

/// A store whose repositories are mocks. It returns its units of work in order; beginning
/// more of them than were supplied is a fault of the code under test.
#[derive(Debug, Default)]
pub struct MockStore {
    reads: MockRepositories,
    /// The units of work that have not been returned yet.
    pub units: Mutex<Vec<MockUnitOfWork>>,
}

impl Deref for MockStore {
    type Target = MockRepositories;

    fn deref(&self) -> &MockRepositories {
        &self.reads
    }
}

impl DerefMut for MockStore {
    fn deref_mut(&mut self) -> &mut MockRepositories {
        &mut self.reads
    }
}

impl Repositories for MockStore {
    fn auth(&self) -> &dyn AuthRepository {
        &self.reads.auth
    }
    fn api_keys(&self) -> &dyn ApiKeyRepository {
        &self.reads.api_keys
    }
    fn own_data(&self) -> &dyn OwnDataRepository {
        &self.reads.own_data
    }
    fn users(&self) -> &dyn UserRepository {
        &self.reads.users
    }
    fn user_tokens(&self) -> &dyn UserTokenRepository {
        &self.reads.user_tokens
    }
    fn second_factors(&self) -> &dyn SecondFactorRepository {
        &self.reads.second_factors
    }
    fn invitations(&self) -> &dyn InvitationRepository {
        &self.reads.invitations
    }
    fn organizations(&self) -> &dyn OrganizationRepository {
        &self.reads.organizations
    }
    fn join_tokens(&self) -> &dyn JoinTokenRepository {
        &self.reads.join_tokens
    }
    fn companies(&self) -> &dyn CompanyRepository {
        &self.reads.companies
    }
    fn predictions(&self) -> &dyn PredictionRepository {
        &self.reads.predictions
    }
    fn outcomes(&self) -> &dyn OutcomeRepository {
        &self.reads.outcomes
    }
    fn validations(&self) -> &dyn ValidationRepository {
        &self.reads.validations
    }
    fn definitions(&self) -> &dyn DefinitionRepository {
        &self.reads.definitions
    }
    fn scales(&self) -> &dyn ScaleRepository {
        &self.reads.scales
    }
    fn monitoring(&self) -> &dyn MonitoringRepository {
        &self.reads.monitoring
    }
    fn jobs(&self) -> &dyn JobRepository {
        &self.reads.jobs
    }
    fn analytics(&self) -> &dyn AnalyticsRepository {
        &self.reads.analytics
    }
    fn audit_log(&self) -> &dyn AuditLogRepository {
        &self.reads.audit_log
    }
}

#[async_trait]
impl Store for MockStore {
    async fn begin(&self, _scope: &Scope) -> Result<Box<dyn UnitOfWork>, RepositoryError> {
        let mut units = self
            .units
            .lock()
            .map_err(|e| RepositoryError::Internal(e.to_string().into()))?;
        if units.is_empty() {
            return Err(RepositoryError::Internal(
                "no unit of work was expected here".into(),
            ));
        }
        Ok(Box::new(units.remove(0)))
    }
    async fn histories(
        &self,
        _scope: &Scope,
        _wanted: &WantedHistories,
    ) -> Result<Box<dyn HistoryReader>, RepositoryError> {
        Err(RepositoryError::Internal(
            "no history was expected to be read here".into(),
        ))
    }
    fn connections(&self) -> Vec<crate::repositories::Connections> {
        Vec::new()
    }
    fn replica(&self) -> Option<crate::repositories::ReplicaState> {
        None
    }
    async fn ready(&self) -> Result<(), Failing> {
        Ok(())
    }
}
