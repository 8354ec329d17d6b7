//! Second factors of users, and logins that wait for one.

use accunode_domain::{
    Timestamp,
    access::{Approvals, UserGrant},
    id::{EnrolmentId, UserId},
    page::{Cursor, Limit, Page, Sort},
    second_factor::{APPROVERS_TOLD_APART, CHALLENGE_ATTEMPTS, CHALLENGE_LIFETIME},
    secret::SecretHash,
    user::{Email, Role},
};
use accunode_ports::{
    RepositoryError,
    repositories::{
        PendingFactor, SecondFactorRepository, SecondFactorWriter, ShownFrom, StoredFactor, Waiting,
    },
};
use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryTrait, UpdateMany,
    prelude::IpNetwork,
    sea_query::{CaseStatement, Expr, ExprTrait, OnConflict},
};
use uuid::Uuid;

use crate::{
    db::{Executor, Tx, build, raw},
    entities::{Named, login_challenges, recovery_codes, user_totp},
    errors::from_orm,
    keyset::page,
    row::{RowRef, key_time, time_key},
    scalar::scalars,
};

/// Second factors, by an executor.
#[derive(Debug)]
pub(crate) struct SecondFactors<E> {
    db: E,
}

impl<E> SecondFactors<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

/// The second factors of members of the organization `$1` that wait for approval, of members
/// whose effective role is one of `$2`, after the time `$3` and the user `$4` if they are not
/// NULL, the longest first.
const WAITING: &str = include_str!("second_factor/waiting.sql");

/// The addresses of the users who may approve the second factor of the user `$1`.
const APPROVERS: &str = include_str!("second_factor/approvers.sql");

/// A row of [`WAITING`].
#[derive(Debug, FromQueryResult)]
struct PendingRow {
    enrolment_id: Uuid,
    user_id: Uuid,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    role: Named<Role>,
    waits_since: Timestamp,
    shown_from: Option<IpNetwork>,
    shown_by: Option<String>,
}

impl PendingRow {
    fn into_pending(self) -> Result<PendingFactor, RepositoryError> {
        let row = RowRef {
            table: "users",
            id: self.user_id,
        };
        Ok(PendingFactor {
            enrolment: EnrolmentId(self.enrolment_id),
            user: UserId(self.user_id),
            email: Email::from_stored(self.email),
            first_name: self.first_name,
            last_name: self.last_name,
            role: row.known("role", self.role)?,
            waits_since: self.waits_since,
            ip: self.shown_from.map(|network| network.ip()),
            user_agent: self.shown_by,
        })
    }
}

#[async_trait]
impl<E: Executor> SecondFactorRepository for SecondFactors<E> {
    async fn find(&self, user: UserId) -> Result<Option<StoredFactor>, RepositoryError> {
        let select = user_totp::Entity::find_by_id(user.0).into_query();
        let found: Option<user_totp::Model> = self.db.model(build(select)).await?;
        Ok(found.map(|found| StoredFactor {
            sealed: found.secret,
            enrolment: EnrolmentId(found.enrolment_id),
            is_confirmed: found.confirmed_at.is_some(),
            waits_since: found.waits_since,
        }))
    }

    async fn waiting(
        &self,
        approvals: &Approvals,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<PendingFactor>, RepositoryError> {
        let roles: Vec<_> = approvals
            .roles()
            .iter()
            .map(|role| role.as_str().to_owned())
            .collect();
        let since = after.as_ref().map(key_time).transpose()?;
        let statement = raw(
            WAITING,
            [
                approvals.organization().0.into(),
                roles.into(),
                since.into(),
                after.map(|cursor| cursor.id).into(),
                (i64::from(limit.get()) + 1).into(),
            ],
        );
        let found: Vec<PendingRow> = self.db.models(statement).await?;
        let rows = found.into_iter().map(PendingRow::into_pending);
        Ok(page(rows.collect::<Result<_, _>>()?, limit, |last| {
            Cursor {
                sort: Sort::CreatedAt,
                key: time_key(last.waits_since),
                id: last.user.0,
            }
        }))
    }

    async fn approvers(&self, user: UserId) -> Result<Vec<Email>, RepositoryError> {
        let emails = scalars(&self.db, raw(APPROVERS, [user.0.into()])).await?;
        Ok(emails.into_iter().map(Email::from_stored).collect())
    }
}

#[async_trait]
impl SecondFactorWriter for SecondFactors<Tx> {
    #[tracing::instrument(name = "SecondFactorWriter::put", level = "debug", skip_all)]
    async fn put(
        &self,
        user: UserId,
        sealed: &[u8],
        recovery: &[SecretHash],
    ) -> Result<bool, RepositoryError> {
        let row = user_totp::ActiveModel {
            user_id: Set(user.0),
            secret: Set(sealed.to_vec()),
            ..Default::default()
        };
        let stored = user_totp::Entity::insert(row)
            .on_conflict(unless_confirmed())
            .exec_without_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        if stored == 0 {
            return Ok(false);
        }
        recovery_codes::Entity::delete_many()
            .filter(recovery_codes::Column::UserId.eq(user.0))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        let codes = recovery.iter().map(|hash| recovery_codes::ActiveModel {
            user_id: Set(user.0),
            code_hash: Set(hash.as_str().to_owned()),
            ..Default::default()
        });
        recovery_codes::Entity::insert_many(codes)
            .exec_without_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        Ok(true)
    }

    #[tracing::instrument(name = "SecondFactorWriter::confirm", level = "debug", skip_all)]
    async fn confirm(
        &self,
        user: UserId,
        step: i64,
        now: Timestamp,
    ) -> Result<bool, RepositoryError> {
        let update = unconfirmed(user).set(user_totp::ActiveModel {
            confirmed_at: Set(Some(now)),
            waits_since: Set(None),
            last_step: Set(step),
            ..Default::default()
        });
        self.is_changed(update).await
    }

    #[tracing::instrument(name = "SecondFactorWriter::wait", level = "debug", skip_all)]
    async fn wait<'a>(
        &self,
        user: UserId,
        step: i64,
        from: ShownFrom<'a>,
        now: Timestamp,
    ) -> Result<Option<Waiting>, RepositoryError> {
        let long_ago = now - APPROVERS_TOLD_APART;
        let notified_at = Expr::col(user_totp::Column::ApproversToldAt);
        let notified_at = CaseStatement::new()
            .case(notified_at.clone().gt(long_ago), notified_at)
            .finally(now);
        let changed = unconfirmed(user)
            .set(user_totp::ActiveModel {
                waits_since: Set(Some(now)),
                last_step: Set(step),
                shown_from: Set(from.ip.map(IpNetwork::from)),
                shown_by: Set(from.user_agent.map(str::to_owned)),
                ..Default::default()
            })
            .col_expr(user_totp::Column::ApproversToldAt, notified_at.into())
            .exec_with_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        Ok(changed.into_iter().next().map(|row| Waiting {
            enrolment: EnrolmentId(row.enrolment_id),
            notify_approvers: row.approvers_told_at == row.waits_since,
        }))
    }

    #[tracing::instrument(name = "SecondFactorWriter::approve", level = "debug", skip_all)]
    async fn approve(
        &self,
        grant: UserGrant,
        enrolment: EnrolmentId,
        now: Timestamp,
    ) -> Result<bool, RepositoryError> {
        let update = unconfirmed(grant.user())
            .set(user_totp::ActiveModel {
                confirmed_at: Set(Some(now)),
                waits_since: Set(None),
                approved_by: Set(Some(grant.by().0)),
                ..Default::default()
            })
            .filter(user_totp::Column::WaitsSince.is_not_null())
            .filter(user_totp::Column::EnrolmentId.eq(enrolment.0));
        self.is_changed(update).await
    }

    #[tracing::instrument(name = "SecondFactorWriter::refuse", level = "debug", skip_all)]
    async fn refuse(
        &self,
        grant: UserGrant,
        enrolment: EnrolmentId,
    ) -> Result<bool, RepositoryError> {
        let refused = user_totp::Entity::delete_many()
            .filter(user_totp::Column::UserId.eq(grant.user().0))
            .filter(user_totp::Column::ConfirmedAt.is_null())
            .filter(user_totp::Column::WaitsSince.is_not_null())
            .filter(user_totp::Column::EnrolmentId.eq(enrolment.0))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        Ok(refused.rows_affected == 1)
    }

    #[tracing::instrument(name = "SecondFactorWriter::use_step", level = "debug", skip_all)]
    async fn use_step(&self, user: UserId, step: i64) -> Result<bool, RepositoryError> {
        let update = user_totp::Entity::update_many()
            .set(user_totp::ActiveModel {
                last_step: Set(step),
                ..Default::default()
            })
            .filter(user_totp::Column::UserId.eq(user.0))
            .filter(user_totp::Column::ConfirmedAt.is_not_null())
            .filter(user_totp::Column::LastStep.lt(step));
        self.is_changed(update).await
    }

    #[tracing::instrument(name = "SecondFactorWriter::use_recovery", level = "debug", skip_all)]
    async fn use_recovery(
        &self,
        user: UserId,
        code: &SecretHash,
        now: Timestamp,
    ) -> Result<bool, RepositoryError> {
        let used = recovery_codes::Entity::update_many()
            .set(recovery_codes::ActiveModel {
                used_at: Set(Some(now)),
                ..Default::default()
            })
            .filter(recovery_codes::Column::UserId.eq(user.0))
            .filter(recovery_codes::Column::CodeHash.eq(code.as_str()))
            .filter(recovery_codes::Column::UsedAt.is_null())
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        Ok(used.rows_affected == 1)
    }

    #[tracing::instrument(name = "SecondFactorWriter::remove_own", level = "debug", skip_all)]
    async fn remove_own(&self, user: UserId) -> Result<bool, RepositoryError> {
        self.delete(user).await
    }

    #[tracing::instrument(name = "SecondFactorWriter::remove", level = "debug", skip_all)]
    async fn remove(&self, grant: UserGrant) -> Result<bool, RepositoryError> {
        self.delete(grant.user()).await
    }

    #[tracing::instrument(name = "SecondFactorWriter::challenge", level = "debug", skip_all)]
    async fn challenge(
        &self,
        token: &SecretHash,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), RepositoryError> {
        login_challenges::Entity::delete_many()
            .filter(login_challenges::Column::UserId.eq(user.0))
            .filter(login_challenges::Column::ExpiresAt.lte(now))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        let row = login_challenges::ActiveModel {
            token_hash: Set(token.as_str().to_owned()),
            user_id: Set(user.0),
            expires_at: Set(now + CHALLENGE_LIFETIME),
            ..Default::default()
        };
        login_challenges::Entity::insert(row)
            .exec_without_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        Ok(())
    }

    #[tracing::instrument(name = "SecondFactorWriter::try_challenge", level = "debug", skip_all)]
    async fn try_challenge(
        &self,
        token: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<UserId>, RepositoryError> {
        let tried = login_challenges::Entity::update_many()
            .col_expr(
                login_challenges::Column::Attempts,
                Expr::col(login_challenges::Column::Attempts).add(1),
            )
            .filter(login_challenges::Column::TokenHash.eq(token.as_str()))
            .filter(login_challenges::Column::ExpiresAt.gt(now))
            .filter(login_challenges::Column::Attempts.lt(CHALLENGE_ATTEMPTS))
            .exec_with_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        Ok(tried.into_iter().next().map(|row| UserId(row.user_id)))
    }

    #[tracing::instrument(name = "SecondFactorWriter::end_challenge", level = "debug", skip_all)]
    async fn end_challenge(&self, token: &SecretHash) -> Result<bool, RepositoryError> {
        let ended = login_challenges::Entity::delete_many()
            .filter(login_challenges::Column::TokenHash.eq(token.as_str()))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        Ok(ended.rows_affected == 1)
    }
}

impl SecondFactors<Tx> {
    async fn is_changed(
        &self,
        update: UpdateMany<user_totp::Entity>,
    ) -> Result<bool, RepositoryError> {
        let changed = update.exec(&*self.db).await.map_err(from_orm)?;
        Ok(changed.rows_affected == 1)
    }

    async fn delete(&self, user: UserId) -> Result<bool, RepositoryError> {
        let removed = user_totp::Entity::delete_by_id(user.0)
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        Ok(removed.rows_affected == 1)
    }
}

fn unconfirmed(user: UserId) -> UpdateMany<user_totp::Entity> {
    user_totp::Entity::update_many()
        .filter(user_totp::Column::UserId.eq(user.0))
        .filter(user_totp::Column::ConfirmedAt.is_null())
}

/// Another enrolment replaces one that is not confirmed, as if it were the first.
fn unless_confirmed() -> OnConflict {
    use user_totp::Column;
    OnConflict::column(Column::UserId)
        .update_columns([Column::Secret, Column::EnrolmentId, Column::CreatedAt])
        .value(Column::LastStep, 0_i64)
        .value(Column::WaitsSince, Option::<Timestamp>::None)
        .value(Column::ShownFrom, Option::<IpNetwork>::None)
        .value(Column::ShownBy, Option::<String>::None)
        .action_and_where(Expr::col((user_totp::Entity, Column::ConfirmedAt)).is_null())
        .to_owned()
}
