//! Master scales of owners.

use accunode_domain::{
    access::{Grant, Scope},
    id::RatingScaleId,
    page::{Cursor, Limit, Page, Sort},
    rating_scale::{RatingScale, ScaleFacts},
};
use accunode_ports::{
    RepositoryError,
    repositories::{ScaleFilter, ScaleRepository, ScaleWriter},
};
use async_trait::async_trait;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

use crate::{
    db::{Executor, Tx},
    entities::{
        Named,
        rating_scales::{ActiveModel, Column, Entity, Model},
    },
    errors::from_orm,
    keyset::page,
    page::Keyset,
    row::time_key,
    tenant::{ScopeSql, TenantEntity, VisibleTo},
};

/// Master scales, by an executor.
#[derive(Debug)]
pub(crate) struct Scales<E> {
    db: E,
}

impl<E> Scales<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

#[async_trait]
impl<E: Executor> ScaleRepository for Scales<E> {
    async fn find(
        &self,
        scope: &Scope,
        id: RatingScaleId,
    ) -> Result<Option<RatingScale>, RepositoryError> {
        let found = Entity::find_by_id(id.0)
            .visible_to(&ScopeSql::of(scope))
            .one(&self.db)
            .await?;
        found.map(Model::into_scale).transpose()
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &ScaleFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<RatingScale>, RepositoryError> {
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
        let rows = rows.into_iter().map(Model::into_scale);
        let mut rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        // After the last row. If that row fills its page, the shipped scale is the next
        // page.
        rows.extend(filter.shipped_scale().filter(|_| is_last));
        Ok(page(rows, limit, |last| Cursor {
            sort,
            key: last.made.map(|(_, at)| time_key(at)).unwrap_or_default(),
            id: last.id.0,
        }))
    }
}

#[async_trait]
impl ScaleWriter for Scales<Tx> {
    #[tracing::instrument(name = "ScaleWriter::add", level = "debug", skip_all)]
    async fn add(
        &self,
        grant: Grant,
        id: RatingScaleId,
        facts: &ScaleFacts,
    ) -> Result<RatingScale, RepositoryError> {
        let row = Entity::owned_by(grant).row(ActiveModel::of(id, facts)?);
        let stored = Entity::insert(row).exec_with_returning(&*self.db).await;
        stored.map_err(from_orm)?.into_scale()
    }
}

/// Only the filters that are set are in the statement.
fn condition(filter: &ScaleFilter) -> Condition {
    Condition::all()
        .add_option(filter.name.as_ref().map(|name| Column::Name.eq(name)))
        .add_option(filter.status.map(|s| Column::Status.eq(Named::from(s))))
}
