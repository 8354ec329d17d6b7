//! Invitations to organizations.

use accunode_domain::{
    Timestamp,
    access::Assignment,
    id::{InvitationId, OrganizationId, UserId},
    invitation::Invitation,
    page::{Cursor, Limit, Page, Sort},
    secret::SecretHash,
    user::Email,
};
use accunode_ports::{
    RepositoryError,
    repositories::{InvitationRepository, InvitationWriter, NewInvitation},
};
use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use crate::{
    db::{Executor, Tx, build},
    entities::{Named, invitations},
    errors::{defect, from_orm},
    keyset::page,
    row::{key_time, time_key},
};

/// Invitations, by an executor.
#[derive(Debug)]
pub(crate) struct Invitations<E> {
    db: E,
}

impl<E> Invitations<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

impl<E: Executor> Invitations<E> {
    async fn one(
        &self,
        select: Select<invitations::Entity>,
    ) -> Result<Option<Invitation>, RepositoryError> {
        let found: Option<invitations::Model> = self.db.model(build(select.into_query())).await?;
        found.map(invitations::Model::into_invitation).transpose()
    }
}

fn of_token(token: &SecretHash) -> Select<invitations::Entity> {
    invitations::Entity::find().filter(invitations::Column::TokenHash.eq(token.as_str()))
}

/// Selects an organization's invitations that were not accepted.
fn waiting(organization: OrganizationId) -> Select<invitations::Entity> {
    invitations::Entity::find()
        .filter(invitations::Column::OrganizationId.eq(organization.0))
        .filter(invitations::Column::AcceptedAt.is_null())
}

#[async_trait]
impl<E: Executor> InvitationRepository for Invitations<E> {
    async fn by_token(&self, token: &SecretHash) -> Result<Option<Invitation>, RepositoryError> {
        self.one(of_token(token)).await
    }

    async fn list(
        &self,
        organization: OrganizationId,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Invitation>, RepositoryError> {
        let mut select = invitations::Entity::find()
            .filter(invitations::Column::OrganizationId.eq(organization.0));
        if let Some(after) = &after {
            let row = Expr::tuple([
                Expr::col(invitations::Column::CreatedAt),
                Expr::col(invitations::Column::Id),
            ]);
            let last = Expr::tuple([Expr::val(key_time(after)?), Expr::val(after.id)]);
            select = select.filter(row.lt(last));
        }
        let select = select
            .order_by_desc(invitations::Column::CreatedAt)
            .order_by_desc(invitations::Column::Id)
            .limit(u64::from(limit.get()) + 1);
        let found: Vec<invitations::Model> = self.db.models(build(select.into_query())).await?;
        let rows = found.into_iter().map(invitations::Model::into_invitation);
        Ok(page(rows.collect::<Result<_, _>>()?, limit, |last| {
            Cursor {
                sort: Sort::CreatedAt,
                key: time_key(last.created_at),
                id: last.id.0,
            }
        }))
    }
}

#[async_trait]
impl InvitationWriter for Invitations<Tx> {
    #[tracing::instrument(name = "InvitationWriter::add", level = "debug", skip_all)]
    async fn add(&self, invitation: &NewInvitation) -> Result<Invitation, RepositoryError> {
        let assignment = invitation.assignment;
        let organization = assignment
            .organization()
            .ok_or_else(|| defect("an invitation without an organization"))?;
        let row = invitations::ActiveModel {
            id: Set(invitation.id.0),
            organization_id: Set(organization.0),
            email: Set(invitation.email.as_str().to_owned()),
            role: Set(assignment.role().into()),
            token_hash: Set(invitation.token_hash.as_str().to_owned()),
            invited_by: Set(Some(invitation.invited_by.0)),
            created_at: Set(invitation.created_at),
            expires_at: Set(invitation.expires_at),
            ..Default::default()
        };
        let stored = invitations::Entity::insert(row)
            .on_conflict(made_anew())
            .exec_with_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        stored.into_invitation()
    }

    #[tracing::instrument(name = "InvitationWriter::lock_waiting", level = "debug", skip_all)]
    async fn lock_waiting(
        &self,
        organization: OrganizationId,
        email: &Email,
    ) -> Result<Option<Invitation>, RepositoryError> {
        let of_email = invitations::Column::Email.eq(email.as_str());
        self.one(waiting(organization).filter(of_email).lock_exclusive())
            .await
    }

    #[tracing::instrument(name = "InvitationWriter::lock", level = "debug", skip_all)]
    async fn lock(
        &self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, RepositoryError> {
        let of_id = invitations::Column::Id.eq(id.0);
        self.one(waiting(organization).filter(of_id).lock_exclusive())
            .await
    }

    #[tracing::instrument(name = "InvitationWriter::lock_by_token", level = "debug", skip_all)]
    async fn lock_by_token(
        &self,
        token: &SecretHash,
    ) -> Result<Option<Invitation>, RepositoryError> {
        self.one(of_token(token).lock_exclusive()).await
    }

    #[tracing::instrument(name = "InvitationWriter::accept", level = "debug", skip_all)]
    async fn accept(
        &self,
        id: InvitationId,
        by: UserId,
        at: Timestamp,
    ) -> Result<(), RepositoryError> {
        let accepted = invitations::Entity::update_many()
            .set(invitations::ActiveModel {
                accepted_at: Set(Some(at)),
                accepted_by: Set(Some(by.0)),
                ..Default::default()
            })
            .filter(invitations::Column::Id.eq(id.0))
            .filter(invitations::Column::AcceptedAt.is_null())
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        match accepted.rows_affected {
            0 => Err(RepositoryError::Stale { what: "invitation" }),
            _ => Ok(()),
        }
    }

    #[tracing::instrument(name = "InvitationWriter::withdraw", level = "debug", skip_all)]
    async fn withdraw(
        &self,
        may_invite: Assignment,
        id: InvitationId,
    ) -> Result<(), RepositoryError> {
        let organization = may_invite.organization().map(|id| id.0);
        let withdrawn = invitations::Entity::delete_many()
            .filter(invitations::Column::Id.eq(id.0))
            .filter(invitations::Column::OrganizationId.eq(organization))
            .filter(invitations::Column::Role.eq(Named::from(may_invite.role())))
            .filter(invitations::Column::AcceptedAt.is_null())
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        match withdrawn.rows_affected {
            0 => Err(RepositoryError::Stale { what: "invitation" }),
            _ => Ok(()),
        }
    }
}

/// A pending invitation gets another token, role and time; it keeps its id.
fn made_anew() -> OnConflict {
    use invitations::Column;
    OnConflict::columns([Column::OrganizationId, Column::Email])
        .target_and_where(Expr::col(Column::AcceptedAt).is_null())
        .update_columns([
            Column::Role,
            Column::TokenHash,
            Column::InvitedBy,
            Column::ExpiresAt,
            Column::CreatedAt,
        ])
        .to_owned()
}
