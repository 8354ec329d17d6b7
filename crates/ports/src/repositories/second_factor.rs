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

/// A user's secret as stored. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredFactor {
    /// Encrypted.
    pub sealed: Vec<u8>,
    /// Which enrolment it is.
    pub enrolment: EnrolmentId,
    /// Whether a code of it was shown once and, where the organization demands that, an
    /// administrator approved it; until then it is asked for nowhere.
    pub is_confirmed: bool,
    /// Since when it has waited for an administrator, where it does.
    pub waits_since: Option<Timestamp>,
}

/// A second factor that waits for an administrator, with what they need to tell whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingFactor {
    /// Which enrolment it is.
    pub enrolment: EnrolmentId,
    /// Whose it is to be.
    pub user: UserId,
    /// Their address.
    pub email: Email,
    /// Their first name.
    pub first_name: Option<String>,
    /// Their last name.
    pub last_name: Option<String>,
    /// The role that counts.
    pub role: Role,
    /// When its code was shown.
    pub waits_since: Timestamp,
    /// The address that it was shown from.
    pub ip: Option<IpAddr>,
    /// The program that it was shown by, as it said.
    pub user_agent: Option<String>,
}

/// A second factor that has begun to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which enrolment it is.
    pub enrolment: EnrolmentId,
    /// Whether those who may approve it are to be mailed.
    pub tell: bool,
}

/// Where a code was shown, for the one who is to approve it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownFrom<'a> {
    /// The address.
    pub ip: Option<IpAddr>,
    /// The program.
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
    /// A user's.
    async fn find(&self, user: UserId) -> Result<Option<StoredFactor>, RepositoryError>;
    /// Those that wait for approval, the longest first.
    async fn waiting(
        &self,
        approvals: &Approvals,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<PendingFactor>, RepositoryError>;
    /// At most ten active administrators who may approve a user's second factor: of their
    /// organization and its root, or the super_admins where there is no other.
    async fn approvers(&self, user: UserId) -> Result<Vec<Email>, RepositoryError>;
}

/// Changes second factors. What is answered by a `bool` is done by one statement: of several
/// who try at once, one succeeds.
///
/// Users enrol, use and remove their own by their id, and logins that wait belong to users who
/// have shown their password; administrators need a grant.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SecondFactorWriter: Send + Sync {
    /// Stores a secret that is yet to be confirmed, and its recovery codes, in place of
    /// others. `false` where there is one that is confirmed.
    async fn put(
        &self,
        user: UserId,
        sealed: &[u8],
        recovery: &[SecretHash],
    ) -> Result<bool, RepositoryError>;
    /// Confirms it by the code of this time step. `false` where there is nothing to confirm.
    async fn confirm(
        &self,
        user: UserId,
        step: i64,
        now: Timestamp,
    ) -> Result<bool, RepositoryError>;
    /// Stores that the code of this time step was shown and that an administrator has to
    /// approve it. Those who may are told at most once in
    /// [`APPROVERS_TOLD_APART`](accunode_domain::second_factor::APPROVERS_TOLD_APART) about
    /// the same user. `None` where there is nothing to confirm.
    async fn wait<'a>(
        &self,
        user: UserId,
        step: i64,
        from: ShownFrom<'a>,
        now: Timestamp,
    ) -> Result<Option<Waiting>, RepositoryError>;
    /// Confirms one that waits, if it still is this enrolment. `false` where it is not.
    async fn approve(
        &self,
        grant: UserGrant,
        enrolment: EnrolmentId,
        now: Timestamp,
    ) -> Result<bool, RepositoryError>;
    /// Removes one that waits, if it still is this enrolment. `false` where it is not.
    async fn refuse(
        &self,
        grant: UserGrant,
        enrolment: EnrolmentId,
    ) -> Result<bool, RepositoryError>;
    /// Uses the codes up to this time step up. `false` where they were before.
    async fn use_step(&self, user: UserId, step: i64) -> Result<bool, RepositoryError>;
    /// Uses a recovery code up. `false` where there is none, or it was used before.
    async fn use_recovery(
        &self,
        user: UserId,
        code: &SecretHash,
        now: Timestamp,
    ) -> Result<bool, RepositoryError>;
    /// Removes the user's own, with its recovery codes. `false` where there is none.
    async fn remove_own(&self, user: UserId) -> Result<bool, RepositoryError>;
    /// Removes another user's, with its recovery codes. `false` where there is none.
    async fn remove(&self, grant: UserGrant) -> Result<bool, RepositoryError>;

    /// Stores a login that waits for a code, and removes those of this user that waited
    /// too long.
    async fn challenge(
        &self,
        token: &SecretHash,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), RepositoryError>;
    /// Counts a try, and answers who is trying; `None` where the token is unknown, too old
    /// or tried too often.
    async fn try_challenge(
        &self,
        token: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<UserId>, RepositoryError>;
    /// Ends the wait. `false` where another user has.
    async fn end_challenge(&self, token: &SecretHash) -> Result<bool, RepositoryError>;
}
