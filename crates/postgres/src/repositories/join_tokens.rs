//! Join tokens, the addresses that may use them, and joining.

use accunode_domain::{
    access::{Admission, JoinTarget, OrganizationGrant},
    id::{OrganizationId, UserId},
    organization::JoinPolicy,
    page::{Cursor, Limit, Page, Sort},
    secret::SecretHash,
    user::{Email, Role},
};
use accunode_ports::{
    RepositoryError,
    repositories::{AllowedEmail, JoinTokenRepository, JoinTokenWriter},
};
use async_trait::async_trait;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, LockType, OnConflict, Query},
};
use uuid::Uuid;

use crate::{
    db::{Executor, Tx, build},
    entities::{Named, allowed_emails, join_tokens, organizations, users},
    errors::from_orm,
    keyset::page,
    row::RowRef,
};

/// Join tokens and allowed addresses, by an executor.
#[derive(Debug)]
pub(crate) struct JoinTokens<E> {
    db: E,
}

impl<E> JoinTokens<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

#[async_trait]
impl<E: Executor> JoinTokenRepository for JoinTokens<E> {
    async fn allowed_emails(
        &self,
        organization: OrganizationId,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<AllowedEmail>, RepositoryError> {
        let behind = after.map(|cursor| allowed_emails::Column::Email.gt(cursor.key));
        let select = allowed_emails::Entity::find()
            .filter(allowed_emails::Column::OrganizationId.eq(organization.0))
            .apply_if(behind, |select, behind| select.filter(behind))
            .order_by_asc(allowed_emails::Column::Email)
            .limit(u64::from(limit.get()) + 1);
        let found: Vec<allowed_emails::Model> = self.db.models(build(select.into_query())).await?;
        let rows = found.into_iter().map(allowed).collect();
        Ok(page(rows, limit, |last: &AllowedEmail| Cursor {
            sort: Sort::Name,
            key: last.email.as_str().to_owned(),
            id: Uuid::nil(),
        }))
    }
}

fn allowed(row: allowed_emails::Model) -> AllowedEmail {
    AllowedEmail {
        email: Email::from_stored(row.email),
        created_by: row.created_by.map(UserId),
        created_at: row.created_at,
    }
}

/// The organization of a join token, from the point of view of one address.
#[derive(Debug, FromQueryResult)]
struct JoinTargetRow {
    id: Uuid,
    join_policy: Named<JoinPolicy>,
    is_active: bool,
    is_listed: bool,
}

#[async_trait]
impl JoinTokenWriter for JoinTokens<Tx> {
    #[tracing::instrument(name = "JoinTokenWriter::put_token", level = "debug", skip_all)]
    async fn put_token(
        &self,
        grant: OrganizationGrant,
        token: &SecretHash,
    ) -> Result<bool, RepositoryError> {
        use join_tokens::Column;
        let had_one = self.remove_token(grant).await?;
        let row = join_tokens::ActiveModel {
            organization_id: Set(grant.organization().0),
            token_hash: Set(token.as_str().to_owned()),
            created_by: Set(Some(grant.by().0)),
            ..Default::default()
        };
        // Of two concurrent calls the later token is stored.
        let replaced = OnConflict::column(Column::OrganizationId)
            .update_columns([Column::TokenHash, Column::CreatedBy, Column::CreatedAt])
            .to_owned();
        join_tokens::Entity::insert(row)
            .on_conflict(replaced)
            .exec_without_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        Ok(had_one)
    }

    #[tracing::instrument(name = "JoinTokenWriter::remove_token", level = "debug", skip_all)]
    async fn remove_token(&self, grant: OrganizationGrant) -> Result<bool, RepositoryError> {
        let removed = join_tokens::Entity::delete_by_id(grant.organization().0)
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        Ok(removed.rows_affected > 0)
    }

    /// The trigger that counts members takes NO KEY UPDATE as well; foreign keys on the
    /// organization can still be checked at the same time.
    #[tracing::instrument(name = "JoinTokenWriter::join_target", level = "debug", skip_all)]
    async fn join_target(
        &self,
        token: &SecretHash,
        email: &Email,
    ) -> Result<Option<JoinTarget>, RepositoryError> {
        let id = (organizations::Entity, organizations::Column::Id);
        let listed = Query::select()
            .column(allowed_emails::Column::Email)
            .from(allowed_emails::Entity)
            .and_where(
                Expr::col((
                    allowed_emails::Entity,
                    allowed_emails::Column::OrganizationId,
                ))
                .equals(id),
            )
            .and_where(allowed_emails::Column::Email.eq(email.as_str()))
            .to_owned();
        let is_of_token = Expr::col((join_tokens::Entity, join_tokens::Column::OrganizationId));
        let select = Query::select()
            .column(id)
            .column((organizations::Entity, organizations::Column::JoinPolicy))
            .column((organizations::Entity, organizations::Column::IsActive))
            .expr_as(Expr::exists(listed), "is_listed")
            .from(join_tokens::Entity)
            .inner_join(organizations::Entity, is_of_token.equals(id))
            .and_where(join_tokens::Column::TokenHash.eq(token.as_str()))
            .lock_with_tables(LockType::NoKeyUpdate, [organizations::Entity])
            .to_owned();
        let found: Option<JoinTargetRow> = self.db.model(build(select)).await?;
        found
            .map(|found| {
                let row = RowRef {
                    table: "organizations",
                    id: found.id,
                };
                Ok(JoinTarget {
                    organization: OrganizationId(found.id),
                    policy: row.known("join_policy", found.join_policy)?,
                    is_active: found.is_active,
                    is_listed: found.is_listed,
                })
            })
            .transpose()
    }

    #[tracing::instrument(name = "JoinTokenWriter::admit", level = "debug", skip_all)]
    async fn admit(&self, admission: Admission) -> Result<bool, RepositoryError> {
        let admitted = users::Entity::update_many()
            .set(users::ActiveModel {
                role: Set(Role::OrgMember.into()),
                organization_id: Set(Some(admission.organization().0)),
                ..Default::default()
            })
            .filter(users::Column::Id.eq(admission.user().0))
            .filter(users::Column::Role.eq(Named::from(Role::User)))
            .filter(users::Column::IsActive.eq(true))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        Ok(admitted.rows_affected > 0)
    }

    #[tracing::instrument(name = "JoinTokenWriter::allow", level = "debug", skip_all)]
    async fn allow(
        &self,
        grant: OrganizationGrant,
        email: &Email,
    ) -> Result<AllowedEmail, RepositoryError> {
        let row = allowed_emails::ActiveModel {
            organization_id: Set(grant.organization().0),
            email: Set(email.as_str().to_owned()),
            created_by: Set(Some(grant.by().0)),
            ..Default::default()
        };
        row.insert(&*self.db).await.map(allowed).map_err(from_orm)
    }

    #[tracing::instrument(name = "JoinTokenWriter::disallow", level = "debug", skip_all)]
    async fn disallow(
        &self,
        grant: OrganizationGrant,
        email: &Email,
    ) -> Result<bool, RepositoryError> {
        let key = (grant.organization().0, email.as_str().to_owned());
        let removed = allowed_emails::Entity::delete_by_id(key)
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        Ok(removed.rows_affected > 0)
    }
}
