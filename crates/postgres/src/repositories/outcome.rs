//! Company outcomes.

use accunode_domain::{
    access::{Grant, Scope},
    company::CompanySnapshot,
    id::{CompanyId, OutcomeId},
    outcome::{Coverage, CoverageDays, Definition, Outcome, OutcomeFacts, TimelineMark},
    page::{Cursor, Limit, Page, Sort},
};
use accunode_ports::{
    RepositoryError,
    repositories::{OutcomeFilter, OutcomeRepository, OutcomeValidity, OutcomeWriter},
};
use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryTrait,
    sea_query::{Expr, Func, OnConflict, Query},
};

use crate::{
    bulk,
    db::{Executor, Tx, build},
    entities::{Named, outcome_coverage, outcomes},
    errors::from_orm,
    keyset::page,
    page::Keyset,
    row::time_key,
    tenant::{ScopeSql, TenantEntity, VisibleTo},
};

/// Outcomes, by an executor.
#[derive(Debug)]
pub(crate) struct Outcomes<E> {
    db: E,
}

impl<E> Outcomes<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

#[async_trait]
impl<E: Executor> OutcomeRepository for Outcomes<E> {
    async fn find(&self, scope: &Scope, id: OutcomeId) -> Result<Option<Outcome>, RepositoryError> {
        let found = outcomes::Entity::find_by_id(id.0)
            .visible_to(&ScopeSql::of(scope))
            .one(&self.db)
            .await?;
        found.map(outcomes::Model::into_outcome).transpose()
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &OutcomeFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Outcome>, RepositoryError> {
        let sort = Sort::CreatedAt;
        let keyset = Keyset {
            sort,
            column: outcomes::Column::CreatedAt,
            over_organizations: true,
        };
        let rows = outcomes::Entity::find()
            .filter(condition(filter))
            .visible_to(&ScopeSql::of(scope))
            .page(&self.db, keyset, limit, after.as_ref())
            .await?;
        let rows = rows.into_iter().map(outcomes::Model::into_outcome);
        Ok(page(rows.collect::<Result<_, _>>()?, limit, |last| {
            Cursor {
                sort,
                key: time_key(last.recorded_at),
                id: last.id.0,
            }
        }))
    }

    async fn coverage(
        &self,
        scope: &Scope,
        definition: Definition,
    ) -> Result<Option<Coverage>, RepositoryError> {
        let found = outcome_coverage::Entity::find()
            .filter(outcome_coverage::Column::Definition.eq(Named::from(definition)))
            .visible_to(&ScopeSql::of(scope))
            .only(&self.db)
            .await?;
        found
            .map(outcome_coverage::Model::into_coverage)
            .transpose()
    }
}

#[async_trait]
impl OutcomeWriter for Outcomes<Tx> {
    async fn lock_timeline(
        &self,
        grant: Grant,
        company: CompanyId,
        definition: Definition,
    ) -> Result<Vec<(OutcomeId, TimelineMark)>, RepositoryError> {
        let owner = grant.owner().key();
        // A row that does not exist yet cannot be locked, so the timeline is locked by its
        // name.
        let name = format!("outcomes {owner} {company} {definition}");
        let hash = Func::cust("hashtextextended").arg(name).arg(0_i64);
        // An upload of outcomes locks all of an owner's outcomes at once, and waits for this
        // lock.
        let all = Func::cust("hashtextextended")
            .arg(bulk::lock_name(owner))
            .arg(0_i64);
        let lock = Query::select()
            .expr_as(
                Func::cust("pg_advisory_xact_lock_shared").arg(all),
                "shared",
            )
            .expr_as(Func::cust("pg_advisory_xact_lock").arg(hash), "locked")
            .to_owned();
        self.db.rows(build(lock)).await?;
        let select = outcomes::Entity::find()
            .filter(outcomes::Column::OwnerKey.eq(owner))
            .filter(outcomes::Column::CompanyId.eq(company.0))
            .filter(outcomes::Column::Definition.eq(Named::from(definition)))
            .filter(outcomes::Column::WithdrawnAt.is_null());
        let rows: Vec<outcomes::Model> = self.db.models(build(select.into_query())).await?;
        let marks = rows.into_iter().map(|row| {
            let outcome = row.into_outcome()?;
            Ok((outcome.id, TimelineMark::from(&outcome.facts)))
        });
        marks.collect()
    }

    async fn add(
        &self,
        grant: Grant,
        id: OutcomeId,
        company: &CompanySnapshot,
        facts: &OutcomeFacts,
    ) -> Result<Outcome, RepositoryError> {
        let row = outcomes::ActiveModel::of(id, company, facts);
        let stored = outcomes::Entity::insert(outcomes::Entity::owned_by(grant).row(row))
            .exec_with_returning(&*self.db)
            .await;
        stored.map_err(from_orm)?.into_outcome()
    }

    async fn withdraw(
        &self,
        grant: Grant,
        id: OutcomeId,
        reason: &str,
    ) -> Result<Outcome, RepositoryError> {
        // This does not use `owned_by`, which sets the owner's columns: the serving role may
        // write only these columns of an outcome.
        let changed = outcomes::Entity::update_many()
            .set(outcomes::ActiveModel {
                withdrawn_by: Set(Some(grant.by().0)),
                withdrawn_reason: Set(Some(reason.to_owned())),
                ..Default::default()
            })
            .col_expr(outcomes::Column::WithdrawnAt, Expr::current_timestamp())
            .filter(outcomes::Column::OwnerKey.eq(grant.owner().key()))
            .filter(outcomes::Column::Id.eq(id.0))
            .filter(outcomes::Column::WithdrawnAt.is_null())
            .exec_with_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        match changed.into_iter().next() {
            Some(changed) => changed.into_outcome(),
            None => Err(RepositoryError::Stale { what: "outcome" }),
        }
    }

    async fn set_coverage(
        &self,
        grant: Grant,
        definition: Definition,
        days: &CoverageDays,
        version: Option<i64>,
    ) -> Result<Coverage, RepositoryError> {
        let stale = || RepositoryError::Stale { what: "coverage" };
        let row = outcome_coverage::ActiveModel::of(definition, days);
        let owned = outcome_coverage::Entity::owned_by(grant);
        let Some(version) = version else {
            let once = OnConflict::constraint("unique_outcome_coverage")
                .do_nothing()
                .to_owned();
            let insert = outcome_coverage::Entity::insert(owned.row(row)).on_conflict(once);
            let mut insert = insert.into_query();
            insert.returning_all();
            let stored: Option<outcome_coverage::Model> = self.db.model(build(insert)).await?;
            return stored.ok_or_else(stale)?.into_coverage();
        };
        let changed = owned
            .update(row)
            .filter(outcome_coverage::Column::Definition.eq(Named::from(definition)))
            .filter(outcome_coverage::Column::RowVersion.eq(version))
            .exec_with_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        changed
            .into_iter()
            .next()
            .ok_or_else(stale)?
            .into_coverage()
    }
}

/// Only the given filters are in the statement.
fn condition(filter: &OutcomeFilter) -> Condition {
    use outcomes::Column;
    let condition = Condition::all()
        .add_option(filter.company.map(|id| Column::CompanyId.eq(id.0)))
        .add_option(
            filter
                .symbol
                .as_ref()
                .map(|s| Column::CompanySymbol.eq(s.as_str())),
        )
        .add_option(
            filter
                .definition
                .map(|d| Column::Definition.eq(Named::from(d))),
        )
        .add_option(
            filter
                .event
                .map(|event| Column::Event.eq(Named::from(event))),
        )
        .add_option(filter.occurred_from.map(|day| Column::OccurredOn.gte(day)))
        .add_option(filter.occurred_to.map(|day| Column::OccurredOn.lte(day)));
    match filter.validity {
        OutcomeValidity::All => condition,
        OutcomeValidity::Current => condition.add(Column::WithdrawnAt.is_null()),
        OutcomeValidity::AsOf(time) => condition.add(Column::CreatedAt.lte(time)).add(
            Condition::any()
                .add(Column::WithdrawnAt.is_null())
                .add(Column::WithdrawnAt.gt(time)),
        ),
    }
}
