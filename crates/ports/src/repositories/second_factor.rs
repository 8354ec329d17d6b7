//! Second factors of users, and logins that wait for one.

use std::net::IpAddr;

use accunode_domain::{
    Timestamp,
    access::{Approvals, UserGrant},
    id::{EnrolmentId, UserId},
    page::{Cursor, Limit, Page},
    secret::SecretHash,
    user::{Email, Role},
};
use async_trait::async_trait;

use crate::RepositoryError;

/// A user's secret as stored. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredFactor {
    /// The encrypted secret.
    pub sealed: Vec<u8>,
    /// The id of the enrolment.
    pub enrolment: EnrolmentId,
    /// Whether one of its codes was verified and, if the organization requires it, an
    /// administrator approved the factor; until then it is not required anywhere.
    pub is_confirmed: bool,
    /// Since when it has waited for an administrator, if it does.
    pub waits_since: Option<Timestamp>,
}

/// A second factor that waits for an administrator, with what they need to recognise its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingFactor {
    /// The id of the enrolment.
    pub enrolment: EnrolmentId,
    /// The user who enrolled it.
    pub user: UserId,
    /// The user's address.
    pub email: Email,
    /// The user's first name.
    pub first_name: Option<String>,
    /// The user's last name.
    pub last_name: Option<String>,
    /// The user's effective role.
    pub role: Role,
    /// When its code was verified.
    pub waits_since: Timestamp,
    /// The address from which the code was sent.
    pub ip: Option<IpAddr>,
    /// The user agent that sent the code, as it reported itself.
    pub user_agent: Option<String>,
}

/// A second factor that has begun to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The id of the enrolment.
    pub enrolment: EnrolmentId,
    /// Whether those who may approve it are to be notified by mail.
    pub notify_approvers: bool,
}

/// The origin of a code, for the administrator who approves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownFrom<'a> {
    /// The address.
    pub ip: Option<IpAddr>,
    /// The user agent.
    pub user_agent: Option<&'a str>,
}

impl std::fmt::Debug for StoredFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredFactor")
            .field("enrolment", &self.enrolment)
            .field("is_confirmed", &self.is_confirmed)
            .field("waits_since", &self.waits_since)
            .finish_non_exhaustive()
    }
}

/// Reads second factors.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SecondFactorRepository: Send + Sync {
    /// Returns a user's second factor.
    async fn find(&self, user: UserId) -> Result<Option<StoredFactor>, RepositoryError>;
    /// Returns those that wait for approval, the longest first.
    async fn waiting(
        &self,
        approvals: &Approvals,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<PendingFactor>, RepositoryError>;
    /// Returns at most ten active administrators who may approve a user's second factor: those
    /// of their organization and its root, or the super_admins if there are none.
    async fn approvers(&self, user: UserId) -> Result<Vec<Email>, RepositoryError>;
}

/// Changes second factors. A method that returns a `bool` is one statement: of several
/// concurrent calls, one succeeds.
///
/// Users enrol, use and remove their own second factor by their id, and pending logins belong
/// to users who have proved their password; administrators need a grant.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SecondFactorWriter: Send + Sync {
    /// Stores a secret that is yet to be confirmed, and its recovery codes, replacing others.
    /// `false` if there is a confirmed one.
    async fn put(
        &self,
        user: UserId,
        sealed: &[u8],
        recovery: &[SecretHash],
    ) -> Result<bool, RepositoryError>;
    /// Confirms it by the code of this time step. `false` if there is nothing to confirm.
    async fn confirm(
        &self,
        user: UserId,
        step: i64,
        now: Timestamp,
    ) -> Result<bool, RepositoryError>;
    /// Stores that the code of this time step was verified and that an administrator must
    /// approve the factor. Those who may are notified about the same user at most once in
    /// [`APPROVERS_TOLD_APART`](accunode_domain::second_factor::APPROVERS_TOLD_APART). `None`
    /// if there is nothing to confirm.
    async fn wait<'a>(
        &self,
        user: UserId,
        step: i64,
        from: ShownFrom<'a>,
        now: Timestamp,
    ) -> Result<Option<Waiting>, RepositoryError>;
    /// Confirms a waiting one, if it is still this enrolment; otherwise returns `false`.
    async fn approve(
        &self,
        grant: UserGrant,
        enrolment: EnrolmentId,
        now: Timestamp,
    ) -> Result<bool, RepositoryError>;
    /// Removes a waiting one, if it is still this enrolment; otherwise returns `false`.
    async fn refuse(
        &self,
        grant: UserGrant,
        enrolment: EnrolmentId,
    ) -> Result<bool, RepositoryError>;
    /// Marks the codes up to this time step as used. `false` if they were used before.
    async fn use_step(&self, user: UserId, step: i64) -> Result<bool, RepositoryError>;
    /// Marks a recovery code as used. `false` if there is none, or it was used before.
    async fn use_recovery(
        &self,
        user: UserId,
        code: &SecretHash,
        now: Timestamp,
    ) -> Result<bool, RepositoryError>;
    /// Removes the user's own, with its recovery codes. `false` if there is none.
    async fn remove_own(&self, user: UserId) -> Result<bool, RepositoryError>;
    /// Removes another user's, with its recovery codes. `false` if there is none.
    async fn remove(&self, grant: UserGrant) -> Result<bool, RepositoryError>;

    /// Stores a login that waits for a code, and deletes this user's logins that waited too
    /// long.
    async fn challenge(
        &self,
        token: &SecretHash,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), RepositoryError>;
    /// Counts an attempt, and returns the user; `None` if the token is unknown, too old or
    /// used too often.
    async fn try_challenge(
        &self,
        token: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<UserId>, RepositoryError>;
    /// Ends the wait. `false` if another request has ended it.
    async fn end_challenge(&self, token: &SecretHash) -> Result<bool, RepositoryError>;
}
