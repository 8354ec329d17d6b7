//! Storage: the store, the unit of work, and one repository for each entity.

mod analytics;
mod api_key;
mod audit;
mod auth;
mod company;
mod default_definition;
mod idempotency;
mod invitation;
mod job;
mod join_tokens;
mod monitoring;
mod organization;
mod outcome;
mod outcome_upload;
mod own_data;
mod prediction;
mod rating_scale;
mod rescoring;
mod second_factor;
mod user;
mod user_token;
mod validation;

use std::time::Duration;

use accunode_domain::access::Scope;
use async_trait::async_trait;

pub use analytics::{
    Agreement, AnalyticsRepository, Distribution, GradeCount, Group, GroupBy, Headline, RiskCount,
    TrendPoint,
};
pub use api_key::{ApiKeyRepository, ApiKeyWriter, NewApiKey, NextSecret, PresentedKey};
pub use audit::{AuditFilter, AuditLogRepository, AuditWriter};
pub use auth::{AuthRepository, AuthWriter, Credentials, NewUser, Rehashed, UserFreshness};
pub use company::{CompanyFilter, CompanyRepository, CompanyWriter, FoundCompany};
pub use default_definition::{DefinitionFilter, DefinitionRepository, DefinitionWriter};
pub use idempotency::IdempotencyRepository;
pub use invitation::{InvitationRepository, InvitationWriter, NewInvitation};
pub use job::{
    ChunkRow, JOBS_AT_ONCE, JobChunk, JobFilter, JobQueue, JobRepository, JobWriter, Lease, NewJob,
    OpenJobs, Renewal, RowFilter, RowResult, ScoredRow, Undone,
};
pub use join_tokens::{AllowedEmail, JoinTokenRepository, JoinTokenWriter};
pub use monitoring::{ModelPredictions, MonitoringRepository, PeriodCuts, SnapshotFilter};
pub use organization::{
    DeletionImpact, FormerMember, OrganizationFilter, OrganizationRepository, OrganizationState,
    OrganizationWriter,
};
pub use outcome::{OutcomeFilter, OutcomeRepository, OutcomeValidity, OutcomeWriter};
pub use outcome_upload::{NewOutcome, OutcomeChunk, OutcomeRow};
pub use own_data::{OwnData, OwnDataRepository, OwnDataWriter, OwnRows, PersonalRows};
pub use prediction::{
    PredictionFilter, PredictionRepository, PredictionWriter, Timeline, TimelineFilter,
    TimelineMark,
};
pub use rating_scale::{ScaleFilter, ScaleRepository, ScaleWriter};
pub use rescoring::{Rescorable, RescoredChunk, RescoredRow, ToRescore};
pub use second_factor::{
    PendingFactor, SecondFactorRepository, SecondFactorWriter, ShownFrom, StoredFactor, Waiting,
};
pub use user::{AnonymizedIdentity, UserFilter, UserRecord, UserRepository, UserWriter};
pub use user_token::{NewUserToken, UserTokenRepository, UserTokenWriter};
pub use validation::{
    Histories, HistoryReader, NewResult, ValidationFile, ValidationFilter, ValidationRepository,
    ValidationWriter, WantedHistories,
};

#[cfg(feature = "mock")]
pub use {
    analytics::MockAnalyticsRepository,
    api_key::{MockApiKeyRepository, MockApiKeyWriter},
    audit::{MockAuditLogRepository, MockAuditWriter},
    auth::{MockAuthRepository, MockAuthWriter},
    company::{MockCompanyRepository, MockCompanyWriter},
    default_definition::{MockDefinitionRepository, MockDefinitionWriter},
    idempotency::MockIdempotencyRepository,
    invitation::{MockInvitationRepository, MockInvitationWriter},
    job::{MockJobQueue, MockJobRepository, MockJobWriter},
    join_tokens::{MockJoinTokenRepository, MockJoinTokenWriter},
    monitoring::MockMonitoringRepository,
    organization::{MockOrganizationRepository, MockOrganizationWriter},
    outcome::{MockOutcomeRepository, MockOutcomeWriter},
    own_data::{MockOwnDataRepository, MockOwnDataWriter},
    prediction::{MockPredictionRepository, MockPredictionWriter},
    rating_scale::{MockScaleRepository, MockScaleWriter},
    second_factor::{MockSecondFactorRepository, MockSecondFactorWriter},
    user::{MockUserRepository, MockUserWriter},
    user_token::{MockUserTokenRepository, MockUserTokenWriter},
    validation::{MockValidationRepository, MockValidationWriter},
};

use crate::{RepositoryError, health::Failing};

/// The database connections of one pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// The name of the pool in settings and metrics.
    pub pool: &'static str,
    /// The number of open connections, in use or idle.
    pub open: u32,
    /// The number of open connections that are idle.
    pub idle: u32,
    /// The size of the pool.
    pub at_most: u32,
    /// The number of callers who waited for a connection and got none, since the process started.
    pub refused: u64,
}

/// The read replica of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaState {
    /// Whether reads that may be late go to it.
    pub is_used: bool,
    /// The age of the newest changes that it may lack; `None` if that is not known, or longer than
    /// it is measured.
    pub behind: Option<Duration>,
}

/// The repositories that read. The same repositories read outside of any transaction, one statement
/// each ([`Store`]), and within a unit of work, where they see its changes ([`UnitOfWork::reads`]).
pub trait Repositories: Send + Sync {
    /// Users and their organizations.
    fn auth(&self) -> &dyn AuthRepository;
    /// API keys.
    fn api_keys(&self) -> &dyn ApiKeyRepository;
    /// The data that is stored about one user, for that user.
    fn own_data(&self) -> &dyn OwnDataRepository;
    /// Users, for their administrators.
    fn users(&self) -> &dyn UserRepository;
    /// Second factors, and logins that wait for one.
    fn second_factors(&self) -> &dyn SecondFactorRepository;
    /// Tokens that were sent to users' mailboxes.
    fn user_tokens(&self) -> &dyn UserTokenRepository;
    /// Invitations into organizations.
    fn invitations(&self) -> &dyn InvitationRepository;
    /// Organizations.
    fn organizations(&self) -> &dyn OrganizationRepository;
    /// Join tokens and who may use them.
    fn join_tokens(&self) -> &dyn JoinTokenRepository;
    /// Companies.
    fn companies(&self) -> &dyn CompanyRepository;
    /// Predictions.
    fn predictions(&self) -> &dyn PredictionRepository;
    /// Outcomes of companies.
    fn outcomes(&self) -> &dyn OutcomeRepository;
    /// Validation reports.
    fn validations(&self) -> &dyn ValidationRepository;
    /// Definitions of default.
    fn definitions(&self) -> &dyn DefinitionRepository;
    /// Master scales.
    fn scales(&self) -> &dyn ScaleRepository;
    /// Monitoring of models.
    fn monitoring(&self) -> &dyn MonitoringRepository;
    /// Bulk uploads.
    fn jobs(&self) -> &dyn JobRepository;
    /// Dashboards.
    fn analytics(&self) -> &dyn AnalyticsRepository;
    /// The audit log.
    fn audit_log(&self) -> &dyn AuditLogRepository;
}

/// The database. It reads through its [`Repositories`], one statement each, and is changed in units
/// of work: a change outside of one does not compile.
///
/// ```compile_fail,E0599
/// # use accunode_domain::{access::Grant, id::CompanyId};
/// # use accunode_ports::{RepositoryError, repositories::{CompanyWriter, Store, UnitOfWork}};
/// async fn remove(store: &dyn Store, grant: Grant, id: CompanyId) -> Result<(), RepositoryError> {
///     store.companies().remove(grant, id, 1).await
/// }
/// ```
///
/// ```
/// # use accunode_domain::{access::Grant, id::CompanyId};
/// # use accunode_ports::{RepositoryError, repositories::{CompanyWriter, Store, UnitOfWork}};
/// async fn remove(unit: &dyn UnitOfWork, grant: Grant, id: CompanyId) -> Result<(), RepositoryError> {
///     unit.companies().remove(grant, id, 1).await
/// }
/// ```
#[async_trait]
pub trait Store: Repositories {
    /// Opens a unit of work as a user. No slow operation (scoring, hashing, mail, files) may happen
    /// while it is open.
    async fn begin(&self, scope: &Scope) -> Result<Box<dyn UnitOfWork>, RepositoryError>;
    /// Opens the input of a back-test, as a user, in one snapshot.
    async fn histories(
        &self,
        scope: &Scope,
        wanted: &WantedHistories,
    ) -> Result<Box<dyn HistoryReader>, RepositoryError>;
    /// The connections of this process to the database, for each pool.
    fn connections(&self) -> Vec<Connections>;
    /// The state of the read replica; `None` if none is configured.
    fn replica(&self) -> Option<ReplicaState>;
    /// Checks that the database answers and has the schema that this program needs.
    ///
    /// # Errors
    /// The failing check, `database` or `migrations`, with its reason.
    async fn ready(&self) -> Result<(), Failing>;
}

/// One transaction. [`UnitOfWork::commit`] consumes it; dropping it rolls back.
///
/// Rows are changed only here: the traits for changes (such as `CompanyWriter` for
/// [`CompanyRepository`]) are separate, and only a unit of work provides them. Audit rows and
/// stored answers are written through the same unit of work as the change that they describe, so
/// there is no change without its audit row.
#[async_trait]
pub trait UnitOfWork: Send + Sync {
    /// The repositories that read, as seen by this transaction.
    fn reads(&self) -> &dyn Repositories;
    /// Changes of users' own accounts.
    fn auth(&self) -> &dyn AuthWriter;
    /// Changes of API keys.
    fn api_keys(&self) -> &dyn ApiKeyWriter;
    /// Removal of the data that is stored about one user.
    fn own_data(&self) -> &dyn OwnDataWriter;
    /// Changes of users, for their administrators.
    fn users(&self) -> &dyn UserWriter;
    /// Changes of second factors, and logins that wait for one.
    fn second_factors(&self) -> &dyn SecondFactorWriter;
    /// Changes of tokens that were sent to users' mailboxes.
    fn user_tokens(&self) -> &dyn UserTokenWriter;
    /// Changes of invitations into organizations.
    fn invitations(&self) -> &dyn InvitationWriter;
    /// Changes of organizations.
    fn organizations(&self) -> &dyn OrganizationWriter;
    /// Changes of join tokens and of who may use them.
    fn join_tokens(&self) -> &dyn JoinTokenWriter;
    /// Changes of companies.
    fn companies(&self) -> &dyn CompanyWriter;
    /// Changes of predictions.
    fn predictions(&self) -> &dyn PredictionWriter;
    /// Recording and withdrawing of outcomes.
    fn outcomes(&self) -> &dyn OutcomeWriter;
    /// Requesting, completing and signing off validation reports.
    fn validations(&self) -> &dyn ValidationWriter;
    /// New and retired definitions of default.
    fn definitions(&self) -> &dyn DefinitionWriter;
    /// New master scales.
    fn scales(&self) -> &dyn ScaleWriter;
    /// Changes of bulk uploads.
    fn jobs(&self) -> &dyn JobWriter;
    /// Entries of the audit log.
    fn audit_log(&self) -> &dyn AuditWriter;
    /// Stored answers to requests that may be repeated.
    fn idempotency(&self) -> &dyn IdempotencyRepository;
    /// Commits all changes atomically.
    async fn commit(self: Box<Self>) -> Result<(), RepositoryError>;
}
