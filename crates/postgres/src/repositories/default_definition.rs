//! Definitions of default of owners.

use accunode_domain::{
    access::{Grant, Scope},
    default_definition::{DefaultDefinition, DefinitionFacts, OwnDefinition},
    id::DefaultDefinitionId,
    owner::Owner,
    page::{Cursor, Limit, Page, Sort},
};
use accunode_ports::{
    RepositoryError,
    repositories::{DefinitionFilter, DefinitionRepository, DefinitionWriter},
};
use async_trait::async_trait;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, sea_query::Expr};
use time::OffsetDateTime;

use crate::{
    db::{Executor, Tx},
    entities::default_definitions::{ActiveModel, Column, Entity, Model},
    errors::{defect, from_orm},
    keyset::page,
    page::Keyset,
    row::time_key,
    tenant::{ScopeSql, TenantEntity, VisibleTo},
};

/// Definitions of default, by an executor.
#[derive(Debug)]
pub(crate) struct Definitions<E> {
    db: E,
}

impl<E> Definitions<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

#[async_trait]
impl<E: Executor> DefinitionRepository for Definitions<E> {
    async fn find(
        &self,
        scope: &Scope,
        id: DefaultDefinitionId,
    ) -> Result<Option<DefaultDefinition>, RepositoryError> {
        let found = Entity::find_by_id(id.0)
            .visible_to(&ScopeSql::of(scope))
            .one(&self.db)
            .await?;
        found.map(Model::into_definition).transpose()
    }

    async fn named(
        &self,
        scope: &Scope,
        owner: Owner,
        name: OwnDefinition,
    ) -> Result<Option<DefaultDefinition>, RepositoryError> {
        let version = i32::try_from(name.version());
        let version = version.map_err(|error| defect(error.to_string()))?;
        let found = Entity::find()
            .filter(Column::OwnerKey.eq(owner.key()))
            .filter(Column::Code.eq(name.code()))
            .filter(Column::Version.eq(version))
            .visible_to(&ScopeSql::of(scope))
            .one(&self.db)
            .await?;
        found.map(Model::into_definition).transpose()
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &DefinitionFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<DefaultDefinition>, RepositoryError> {
        let sort = Sort::CreatedAt;
        let keyset = Keyset {
            sort,
            column: Column::CreatedAt,
            over_organizations: true,
        };
        let rows = Entity::find()
            .filter(condition(filter))
            .visible_to(&ScopeSql::of(scope))
            .page(&self.db, keyset, limit, after.as_ref())
            .await?;
        let is_last = rows.len() <= limit.get() as usize;
        let rows = rows.into_iter().map(Model::into_definition);
        let mut rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        // The shipped ones are older than every row, and the latest id is first among them, too.
        let key_of_shipped = time_key(OffsetDateTime::UNIX_EPOCH);
        let is_behind = |found: &DefaultDefinition| {
            let after = after.as_ref().filter(|after| after.key == key_of_shipped);
            after.is_none_or(|after| found.id.0 < after.id)
        };
        if is_last {
            rows.extend(filter.shipped_definitions().filter(is_behind));
        }
        Ok(page(rows, limit, |last| Cursor {
            sort,
            key: last
                .made
                .map_or_else(|| key_of_shipped.clone(), |(_, at)| time_key(at)),
            id: last.id.0,
        }))
    }
}

#[async_trait]
impl DefinitionWriter for Definitions<Tx> {
    #[tracing::instrument(name = "DefinitionWriter::add", level = "debug", skip_all)]
    async fn add(
        &self,
        grant: Grant,
        id: DefaultDefinitionId,
        facts: &DefinitionFacts,
    ) -> Result<DefaultDefinition, RepositoryError> {
        let row = Entity::owned_by(grant).row(ActiveModel::of(id, facts)?);
        let stored = Entity::insert(row).exec_with_returning(&*self.db).await;
        stored.map_err(from_orm)?.into_definition()
    }

    #[tracing::instrument(name = "DefinitionWriter::retire", level = "debug", skip_all)]
    async fn retire(
        &self,
        grant: Grant,
        id: DefaultDefinitionId,
    ) -> Result<DefaultDefinition, RepositoryError> {
        let changed = Entity::update_many()
            .col_expr(Column::RetiredAt, Expr::current_timestamp())
            .filter(Column::OwnerKey.eq(grant.owner().key()))
            .filter(Column::Id.eq(id.0))
            .filter(Column::RetiredAt.is_null())
            .exec_with_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        match changed.into_iter().next() {
            Some(changed) => changed.into_definition(),
            None => Err(RepositoryError::Stale {
                what: "default definition",
            }),
        }
    }
}

/// Only the filters that are set are in the statement.
fn condition(filter: &DefinitionFilter) -> Condition {
    let retired = |yes| {
        if yes {
            Column::RetiredAt.is_not_null()
        } else {
            Column::RetiredAt.is_null()
        }
    };
    Condition::all()
        .add_option(filter.code.as_ref().map(|code| Column::Code.eq(code)))
        .add_option(filter.is_retired.map(retired))
}
