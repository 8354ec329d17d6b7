//! Companies.

use std::time::Duration;

use accunode_domain::{
    access::{Grant, OnCompany, RowsOnCompany, Scope},
    company::{Company, CompanyProfile},
    id::{CompanyId, OrganizationId},
    identifier::{IdentifierKind, Identifiers},
    owner::Owner,
    page::{Cursor, Limit, Page, Sort},
};
use accunode_ports::{
    Conflict, RepositoryError,
    repositories::{CompanyFilter, CompanyRepository, CompanyWriter, FoundCompany},
};
use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryTrait,
    sea_query::{CaseStatement, Expr, ExprTrait, Func, OnConflict, Order, Query},
};
use uuid::Uuid;

use crate::{
    db::{Executor, Tx, build, model, raw},
    entities::{annual_predictions, companies, outcomes, quarterly_predictions},
    errors::from_orm,
    keyset::{changes, no_such_order, page},
    page::Keyset,
    row::{RowRef, owner_of, time_key},
    tenant::{ScopeSql, TenantEntity, VisibleTo, column, is_version, of_actor},
};

/// The constraint that makes a symbol unique within an owner.
pub(crate) const UNIQUE_SYMBOL: &str = "unique_company_symbol_per_org";

/// The owners whose companies are searched for a symbol, in order of precedence.
pub(crate) fn lookup_keys(scope: &Scope, grant: Grant, home: Option<OrganizationId>) -> Vec<Uuid> {
    let mut keys = vec![grant.owner().key()];
    if let (Owner::User(_), Some(home)) = (grant.owner(), home) {
        keys.push(home.0);
    }
    if grant.owner() != Owner::System && scope.contains(Owner::System) {
        keys.push(Owner::System.key());
    }
    keys
}

/// Companies, through an executor.
#[derive(Debug)]
pub(crate) struct Companies<E> {
    db: E,
}

impl<E> Companies<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

#[async_trait]
impl<E: Executor> CompanyRepository for Companies<E> {
    async fn find(&self, scope: &Scope, id: CompanyId) -> Result<Option<Company>, RepositoryError> {
        let found = companies::Entity::find_by_id(id.0)
            .visible_to(&ScopeSql::of(scope))
            .one(&self.db)
            .await?;
        found.map(companies::Model::into_company).transpose()
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &CompanyFilter,
        sort: Sort,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Company>, RepositoryError> {
        if let Some(q) = &filter.q {
            let found = self.of_identifier(scope, q, filter, limit).await?;
            if !found.rows.is_empty() {
                return Ok(found);
            }
            return self.search(scope, q, filter, limit).await;
        }
        let column = match sort {
            Sort::CreatedAt => companies::Column::CreatedAt,
            Sort::Name => companies::Column::Name,
            Sort::Symbol => companies::Column::Symbol,
            Sort::UpdatedAt => companies::Column::UpdatedAt,
            Sort::Pd => return Err(no_such_order("companies", sort)),
        };
        let keyset = Keyset {
            sort,
            column,
            over_organizations: sort == Sort::CreatedAt,
        };
        let rows = companies::Entity::find()
            .filter(condition(filter))
            .visible_to(&ScopeSql::of(scope))
            .page(&self.db, keyset, limit, after.as_ref())
            .await?;
        let rows = rows.into_iter().map(companies::Model::into_company);
        let rows = rows.collect::<Result<_, _>>()?;
        let key = |last: &Company| Cursor {
            sort,
            key: match sort {
                Sort::Name => last.profile.name.clone(),
                Sort::Symbol => last.profile.symbol.as_str().to_owned(),
                Sort::UpdatedAt => time_key(last.updated_at),
                _ => time_key(last.created_at),
            },
            id: last.id.0,
        };
        Ok(match sort {
            Sort::UpdatedAt => changes(rows, limit, key),
            _ => page(rows, limit, key),
        })
    }

    async fn count(
        &self,
        scope: &Scope,
        filter: &CompanyFilter,
        most: u32,
    ) -> Result<u32, RepositoryError> {
        companies::Entity::find()
            .filter(condition(filter))
            .visible_to(&ScopeSql::of(scope))
            .count(&self.db, most)
            .await
    }

    async fn is_in_use(&self, scope: &Scope, id: CompanyId) -> Result<bool, RepositoryError> {
        let scope = ScopeSql::of(scope);
        let annual = annual_predictions::Entity::find()
            .filter(annual_predictions::Column::CompanyId.eq(id.0))
            .filter(scope.condition::<annual_predictions::Entity>());
        let quarterly = quarterly_predictions::Entity::find()
            .filter(quarterly_predictions::Column::CompanyId.eq(id.0))
            .filter(scope.condition::<quarterly_predictions::Entity>());
        let outcomes = outcomes::Entity::find()
            .filter(outcomes::Column::CompanyId.eq(id.0))
            .filter(scope.condition::<outcomes::Entity>());
        let used = ExprTrait::or(
            ExprTrait::or(
                Expr::exists(annual.into_query()),
                Expr::exists(quarterly.into_query()),
            ),
            Expr::exists(outcomes.into_query()),
        );
        let select = Query::select().expr_as(used, "used").limit(1).to_owned();
        let found: Option<InUse> = self.db.model(scope.statement(&self.db, select)).await?;
        Ok(found.is_some_and(|found| found.used))
    }
}

#[derive(Debug, FromQueryResult)]
struct InUse {
    used: bool,
}

/// The rows on a company. The function of the database reads the rows of all owners.
const ROWS_ON: &str = "SELECT r.* FROM companies c CROSS JOIN LATERAL rows_on_company(c.id) r \
                       WHERE c.id = $1 AND c.owner_key = $2";

/// Allows the level of a company to change before that of its predictions, within the transaction.
const LEVEL_DEFERRED: &str = "SET CONSTRAINTS companies_level_fixed DEFERRED";

#[derive(Debug, FromQueryResult)]
struct CountedRows {
    entity: String,
    access_level: String,
    organization_id: Option<Uuid>,
    created_by: Uuid,
    n: i64,
}

impl CountedRows {
    fn of_company(self, id: CompanyId) -> Result<RowsOnCompany, RepositoryError> {
        let row = RowRef {
            table: "companies",
            id: id.0,
        };
        let level = &self.access_level;
        let (owner, created_by) = owner_of(row, level, self.organization_id, self.created_by)?;
        Ok(RowsOnCompany {
            what: match self.entity.as_str() {
                "outcome" => OnCompany::Outcomes,
                _ => OnCompany::Predictions,
            },
            owner,
            created_by,
            count: self.n.unsigned_abs(),
        })
    }
}

#[async_trait]
impl CompanyWriter for Companies<Tx> {
    #[tracing::instrument(name = "CompanyWriter::add", level = "debug", skip_all)]
    async fn add(
        &self,
        grant: Grant,
        id: CompanyId,
        profile: &CompanyProfile,
    ) -> Result<Company, RepositoryError> {
        let stored = companies::Entity::insert(new(grant, id, profile))
            .exec_with_returning(&*self.db)
            .await;
        stored.map_err(from_orm)?.into_company()
    }

    #[tracing::instrument(name = "CompanyWriter::find_or_add", level = "debug", skip_all)]
    async fn find_or_add(
        &self,
        scope: &Scope,
        grant: Grant,
        home: Option<OrganizationId>,
        id: CompanyId,
        profile: &CompanyProfile,
    ) -> Result<FoundCompany, RepositoryError> {
        let keys = lookup_keys(scope, grant, home);
        // The second pass finds a company that another transaction created in the meantime.
        for _ in 0..2 {
            if let Some(company) = self.best_of(&keys, profile).await? {
                return Ok(FoundCompany {
                    company,
                    is_new: false,
                });
            }
            if let Some(company) = self.add_unless_there(grant, id, profile).await? {
                return Ok(FoundCompany {
                    company,
                    is_new: true,
                });
            }
        }
        Err(Conflict::SymbolTaken.into())
    }

    #[tracing::instrument(name = "CompanyWriter::update", level = "debug", skip_all)]
    async fn update(
        &self,
        grant: Grant,
        company: &Company,
        version: i64,
    ) -> Result<Company, RepositoryError> {
        let changed = companies::Entity::owned_by(grant)
            .update(companies::ActiveModel::describing(&company.profile))
            .filter(is_version::<companies::Entity>(company.id.0, version))
            .exec_with_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        match changed.into_iter().next() {
            Some(changed) => changed.into_company(),
            None => Err(RepositoryError::Stale { what: "company" }),
        }
    }

    #[tracing::instrument(
        name = "CompanyWriter::update_with_predictions",
        level = "debug",
        skip_all
    )]
    async fn update_with_predictions(
        &self,
        grant: Grant,
        company: &Company,
        version: i64,
    ) -> Result<Company, RepositoryError> {
        let deferred = self.db.execute_unprepared(LEVEL_DEFERRED).await;
        deferred.map_err(from_orm)?;
        self.update(grant, company, version).await
    }

    #[tracing::instrument(name = "CompanyWriter::rows_on", level = "debug", skip_all)]
    async fn rows_on(
        &self,
        grant: Grant,
        id: CompanyId,
    ) -> Result<Vec<RowsOnCompany>, RepositoryError> {
        let owner = grant.owner().key();
        let counted: Vec<CountedRows> = self
            .db
            .models(raw(ROWS_ON, [id.0.into(), owner.into()]))
            .await?;
        let rows = counted.into_iter();
        rows.map(|counted| counted.of_company(id)).collect()
    }

    #[tracing::instrument(name = "CompanyWriter::remove", level = "debug", skip_all)]
    async fn remove(
        &self,
        grant: Grant,
        id: CompanyId,
        version: i64,
    ) -> Result<(), RepositoryError> {
        let removed = companies::Entity::owned_by(grant)
            .delete()
            .filter(is_version::<companies::Entity>(id.0, version))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        if removed.rows_affected == 0 {
            return Err(RepositoryError::Stale { what: "company" });
        }
        Ok(())
    }
}

/// A new company of the grant's owner.
fn new(grant: Grant, id: CompanyId, profile: &CompanyProfile) -> companies::ActiveModel {
    companies::Entity::owned_by(grant).row(companies::ActiveModel {
        id: Set(id.0),
        ..companies::ActiveModel::describing(profile)
    })
}

impl Companies<Tx> {
    /// Returns the company with this symbol of the first owner that has one.
    async fn best_of(
        &self,
        keys: &[Uuid],
        profile: &CompanyProfile,
    ) -> Result<Option<Company>, RepositoryError> {
        let rank = Func::cust("array_position")
            .arg(Expr::val(keys.to_vec()))
            .arg(column(companies::Column::OwnerKey));
        let select = companies::Entity::find()
            .filter(companies::Column::OwnerKey.is_in(keys.iter().copied()))
            .filter(companies::Column::Symbol.eq(profile.symbol.as_str()));
        let mut select = select.into_query();
        select.order_by_expr(rank.into(), Order::Asc).limit(1);
        let found: Option<companies::Model> = self.db.model(build(select)).await?;
        found.map(companies::Model::into_company).transpose()
    }

    /// Stores a company, unless its owner has one with this symbol.
    async fn add_unless_there(
        &self,
        grant: Grant,
        id: CompanyId,
        profile: &CompanyProfile,
    ) -> Result<Option<Company>, RepositoryError> {
        let mut insert = companies::Entity::insert(new(grant, id, profile))
            .on_conflict(
                OnConflict::constraint(UNIQUE_SYMBOL)
                    .do_nothing()
                    .to_owned(),
            )
            .into_query();
        insert.returning_all();
        let stored: Option<companies::Model> = self.db.model(build(insert)).await?;
        stored.map(companies::Model::into_company).transpose()
    }
}

/// The time limit of a search, which reads all companies of the scope that match `q`, whatever the
/// size of the page.
const SEARCH_LIMIT: Duration = Duration::from_secs(2);

impl<E: Executor> Companies<E> {
    /// Returns the companies that have the text as one of their identifiers.
    async fn of_identifier(
        &self,
        scope: &Scope,
        text: &str,
        filter: &CompanyFilter,
        limit: Limit,
    ) -> Result<Page<Company>, RepositoryError> {
        let meant = Identifiers::meant_by(text);
        let is = |kind: IdentifierKind| Some(identifier(kind).eq(meant.of(kind)?));
        let one_of = IdentifierKind::ALL.into_iter().filter_map(is);
        let one_of = one_of.fold(Condition::any(), Condition::add);
        if one_of.is_empty() {
            return Ok(Page {
                rows: Vec::new(),
                next: None,
            });
        }
        let keyset = Keyset {
            sort: Sort::Symbol,
            column: companies::Column::Symbol,
            over_organizations: false,
        };
        let rows = companies::Entity::find()
            .filter(condition(filter))
            .filter(one_of)
            .visible_to(&ScopeSql::of(scope))
            .page(&self.db, keyset, limit, None)
            .await?;
        let rows = rows.into_iter().take(limit.get() as usize);
        let rows = rows.map(companies::Model::into_company);
        Ok(Page {
            rows: rows.collect::<Result<_, _>>()?,
            next: None,
        })
    }

    /// Returns the best matches first, in one statement: scope and filters are part of the search,
    /// which reads no rows of other owners.
    async fn search(
        &self,
        scope: &Scope,
        q: &str,
        filter: &CompanyFilter,
        limit: Limit,
    ) -> Result<Page<Company>, RepositoryError> {
        let scope = ScopeSql::of(scope);
        // The argument refers to `a`, so that the function is called after the actor has been set.
        let asked = ExprTrait::is_not_null(of_actor("actor"));
        let q: Expr = CaseStatement::new().case(asked, q).into();
        let symbol = filter.symbol.as_ref().map(|symbol| symbol.as_str());
        let mut hits = Func::cust("find_companies")
            .arg(q)
            .arg(i32::try_from(limit.get()).unwrap_or(i32::MAX))
            .arg(of_actor("keys"))
            .arg(scope.every_organization())
            .arg(symbol.map(str::to_owned));
        for text in [
            &filter.sector,
            &filter.industry,
            &filter.country,
            &filter.exchange,
        ] {
            hits = hits.arg(text.clone());
        }
        for number in [filter.market_cap_gte, filter.market_cap_lte] {
            hits = hits.arg(number);
        }
        let mut select = companies::Entity::find()
            .filter(scope.condition::<companies::Entity>())
            .filter(Expr::col(("hit", "id")).equals(companies::Column::Id.as_column_ref()))
            .into_query();
        // The offset prevents the planner from flattening the subquery.
        select
            .expr_as(Expr::col(("hit", "rank")), "hit_rank")
            .from_function(hits, "hit")
            .offset(0);
        let statement = scope.ordered(&self.db, select, |outer| {
            outer
                .order_by(("x", "hit_rank"), Order::Desc)
                .order_by(("x", "id"), Order::Desc);
        });
        let rows = self
            .db
            .rows_within(scope.reader(), SEARCH_LIMIT, "the search", statement)
            .await?;
        let rows = rows
            .iter()
            .map(|row| model::<companies::Model>(row)?.into_company());
        Ok(Page {
            rows: rows.collect::<Result<_, _>>()?,
            next: None,
        })
    }
}

/// The column of an identifier.
const fn identifier(kind: IdentifierKind) -> companies::Column {
    match kind {
        IdentifierKind::Isin => companies::Column::Isin,
        IdentifierKind::Lei => companies::Column::Lei,
        IdentifierKind::Figi => companies::Column::Figi,
        IdentifierKind::NationalId => companies::Column::NationalId,
    }
}

/// The statement contains only the filters in use, so that the planner sees a simple one.
fn condition(filter: &CompanyFilter) -> Condition {
    use companies::Column;
    let is = |column: Column, value: &Option<String>| value.as_ref().map(|value| column.eq(value));
    let symbol = filter.symbol.as_ref();
    let identifiers = IdentifierKind::ALL.into_iter().filter_map(|kind| {
        let wanted = filter.identifiers.of(kind)?;
        Some(identifier(kind).eq(wanted))
    });
    identifiers
        .fold(Condition::all(), Condition::add)
        .add_option(symbol.map(|symbol| Column::Symbol.eq(symbol.as_str())))
        .add_option(is(Column::Sector, &filter.sector))
        .add_option(is(Column::Industry, &filter.industry))
        .add_option(is(Column::Country, &filter.country))
        .add_option(is(Column::Exchange, &filter.exchange))
        .add_option(
            filter
                .market_cap_gte
                .map(|least| Column::MarketCap.gte(least)),
        )
        .add_option(
            filter
                .market_cap_lte
                .map(|most| Column::MarketCap.lte(most)),
        )
        .add_option(filter.updated_from.map(|from| Column::UpdatedAt.gte(from)))
        .add_option(filter.updated_to.map(|to| Column::UpdatedAt.lte(to)))
        .add_option(
            filter
                .changed_by_job
                .map(|job| Column::ChangedByJob.eq(job.0)),
        )
}
